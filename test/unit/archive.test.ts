// The archive's format, read by the command line's own reader: whatever is done to a file, it is refused before anything is sent.

import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  FORMAT,
  formatJson,
  formatRecord,
  MAX_BODY_BYTES,
  type RecordKind,
  type RowBody,
} from '../../src/cli/archive/format.ts'
import { contentParts, rowPages } from '../../src/cli/archive/pages.ts'
import { ArchiveReader } from '../../src/cli/archive/reader.ts'
import { verifyArchive, type Verified } from '../../src/cli/archive/verify.ts'
import { ArchiveWriter } from '../../src/cli/archive/writer.ts'
import { publish } from '../../src/engine/publish.ts'

const ACCOUNT = 'account-9d2mzk5rw8f3c6hq-local-1p7v4xt2'
const HEADER = { deployment: 'd', create_time: '2026-05-04T09:30:00.000Z', types: ['wiki'] }
const ids = Array.from({ length: 60 }, (_, index) => `wiki-${String(index).padStart(16, '0')}-local-1vhz01ab`)
const [FIRST = '', SECOND = '', THIRD = ''] = ids

let folder: string
let count = 0
let good: Buffer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), `biplane-test-${process.pid}-`))
  good = await written(async (writer) => {
    await writer.policy({ type: 'wiki' })
    await writer.rowWithContent(rowOf(FIRST), pieces('one', ' and more'))
    await writer.rowWithContent(rowOf(SECOND, 'deleted'), pieces())
    await writer.row(rowOf(THIRD, 'purged'))
  })
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('an archive', () => {
  test('[AR1] that was written is read: counts, cells, and every byte of the content', async () => {
    const { header, end, counts, cells } = await verify(good)
    expect(header).toEqual(HEADER)
    expect(end).toMatchObject({ rows: 3, contents: 2, content_bytes: 12 })
    expect([...counts]).toEqual([['wiki', { live: 1, deleted: 1, purged: 1 }]])
    expect([...cells]).toEqual(['local'])
  })

  test('[AR1] content of any length, in pieces of any length, comes out as it went in, in records that are bounded', async () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 700_000 }), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(lengths, async (pieceLengths) => {
        const content = pieceLengths.map((length, index) => Buffer.alloc(length, index + 1))
        const file = await written((writer) => writer.rowWithContent(rowOf(FIRST), pieces(...content)))
        await verify(file)
        const reader = await ArchiveReader.open(fileOf(file))
        const [page] = await all(rowPages(reader))
        const [stored] = page?.contents ?? []
        if (stored === undefined) throw new Error('the content is gone')
        const parts = await all(contentParts(reader, stored))
        await reader.close()
        expect(parts.every(({ byteLength }) => byteLength <= MAX_BODY_BYTES)).toBe(true)
        expect(Buffer.concat(parts).equals(Buffer.concat(content))).toBe(true)
        expect(stored.sha256).toBe(createHash('sha256').update(Buffer.concat(content)).digest('hex'))
      }),
      { numRuns: 15 },
    )
  })

  test('[AR1] is sent in pages of one account and one type, fifty rows at most', async () => {
    const file = await written(async (writer) => {
      for (const id of ids) await writer.row(rowOf(id, 'purged'))
      await writer.rowWithContent(rowOf('wiki-00000000000000zz-local-1vhz01ab', 'live', 'other'), pieces('x'))
    })
    const reader = await ArchiveReader.open(fileOf(file))
    const pages = await all(rowPages(reader))
    await reader.close()
    expect(pages.map(({ account, rows, contents }) => [account, rows.length, contents.length])).toEqual([
      [ACCOUNT, 50, 0],
      [ACCOUNT, 10, 0],
      ['other', 1, 1],
    ])
  })

  test('[AR8] what broke off while it was written is not in it', async () => {
    const file = await written(async (writer) => {
      await expect(writer.rowWithContent(rowOf(FIRST), torn())).rejects.toThrow('went away')
      await writer.rowWithContent(rowOf(FIRST), pieces('whole'))
    })
    expect((await verify(file)).end).toMatchObject({ rows: 1, contents: 1, content_bytes: 5 })
  })
})

describe('a draft', () => {
  test('[AR8] of another export to the same name is not touched, and only the first of both has the name', async () => {
    const path = join(folder, 'contested')
    const [one, two, three] = [await begun(path), await begun(path), await begun(path)]
    await one.abandon()
    await two.finish()
    await expect(three.finish()).rejects.toThrow(/something else has come[^]*It is whole: rename/)
    expect((await verify(readFileSync(path))).end).toMatchObject({ rows: 1 })
    const [kept = ''] = draftsOf('contested')
    expect((await verify(readFileSync(join(folder, kept)))).end).toMatchObject({ rows: 1 })
    rmSync(join(folder, kept))
  })

  test('[AR8] of a killed export goes when another one to that name begins, a day after it was last written to', async () => {
    const path = join(folder, 'killed')
    const killed = await begun(path)
    const [old = ''] = draftsOf('killed')
    const dayMs = 24 * 3_600_000
    utimesSync(join(folder, old), new Date(), new Date(Date.now() - dayMs - 60_000))
    writeFileSync(`${path}.part`, "somebody's own")
    const next = await begun(path)
    expect(draftsOf('killed')).toEqual(['killed.part', expect.not.stringContaining(old)])
    await next.abandon()
    await killed.abandon()
  })

  test('[AR8] has its name without hard links, too, and never in place of something else', () => {
    const [draft, path] = [join(folder, 'linkless.part'), join(folder, 'linkless')]
    writeFileSync(draft, 'whole')
    publish(draft, path, linkless)
    expect([readFileSync(path, 'utf8'), existsSync(draft)]).toEqual(['whole', false])
    writeFileSync(draft, 'later')
    expect(() => publish(draft, path, linkless)).toThrow('EEXIST')
    expect([readFileSync(path, 'utf8'), readFileSync(draft, 'utf8')]).toEqual(['whole', 'later'])
    rmSync(draft)
    expect(() => publish(draft, join(folder, 'nothing'), linkless)).toThrow('ENOENT')
    expect(existsSync(join(folder, 'nothing'))).toBe(false)
  })
})

describe('refused is', () => {
  test('[AR1] a file that ends anywhere before its end', async () => {
    for (let length = 0; length < good.byteLength; length += 7) await refused(good.subarray(0, length), /not valid/)
  })

  test('[AR1] a file of which any byte was changed', async () => {
    const changed = fc.tuple(fc.nat(good.byteLength - 1), fc.integer({ min: 1, max: 255 }))
    await fc.assert(
      fc.asyncProperty(changed, async ([at, by]) => {
        const copy = Buffer.from(good)
        copy[at] = (copy[at] ?? 0) ^ by
        await refused(copy, /not valid|another version|compressed/)
      }),
      { numRuns: 200 },
    )
  })

  const sha256 = createHash('sha256').digest('hex')
  const begin = formatJson(FORMAT, HEADER)

  test.each<[string, () => Buffer, RegExp]>([
    ['what follows the end', () => Buffer.concat([good, Buffer.from('x')]), /follows the end/],
    ['what is compressed', () => gzipSync(good), /compressed/],
    ['a newer version', () => Buffer.from(good.toString().replace('"version":1', '"version":2')), /another version/],
    ['another file', () => Buffer.from('PK\u0003\u0004 something else\n'), /no record/],
    ['an empty file', () => Buffer.alloc(0), /ends before/],
    ['a line of ten megabytes', () => Buffer.alloc(10 * 1024 ** 2, '{'), /too long a line/],
    ['a huge length', () => lineOf({ record: FORMAT, version: 1, bytes: 2 ** 50, sha256 }), /at most/],
    ['a length that is none', () => lineOf({ record: FORMAT, version: 1, bytes: -1, sha256 }), /at most/],
    ['a record that is unknown', () => closed(begin, raw('script', '{}')), /no record of this format/],
    ['a member that is unknown', () => closed(begin, lineOf({ record: 'row', run: 'x', bytes: 0, sha256 })), /format/],
    ['a second beginning', () => closed(begin, begin), /where it cannot/],
    ['no beginning', () => closed(row(rowOf(THIRD, 'purged'))), /does not begin/],
    ['a header that says nothing', () => closed(formatJson(FORMAT, {})), /where it comes from/],
    ['JSON that is none', () => closed(begin, formatRecord('row', Buffer.from('{'))), /no JSON/],
    ['text that is not UTF-8', () => closed(begin, formatRecord('row', Buffer.from([0x22, 0xff, 0x22]))), /no JSON/],
    ['a row twice', () => closed(begin, row(rowOf(THIRD, 'purged')), row(rowOf(THIRD, 'purged'))), /there twice/],
    ['a path for an identifier', () => closed(begin, row(rowOf('../../etc/passwd', 'purged'))), /no identifier/],
    ['a row of another type', () => closed(begin, row({ ...rowOf(THIRD, 'purged'), type: 'cask' })), /no identifier/],
    [
      'a type that the header does not name',
      () => closed(begin, row({ ...rowOf('cask-4k7t0qj9m2xdpw3r-local-1vhz01ab', 'purged'), type: 'cask' })),
      /none of those/,
    ],
    ['a row of nobody', () => closed(begin, row(rowOf(THIRD, 'purged', 'a b'))), /no account/],
    ['a row in no state', () => closed(begin, row(rowOf(THIRD, 'risen' as 'live'))), /no known state/],
    ['a live row without content', () => closed(begin, row(rowOf(FIRST)), row(rowOf(SECOND))), /missing/],
    ['content of what was purged', () => closed(begin, row(rowOf(THIRD, 'purged')), raw('content', 'x')), /cannot/],
    [
      'content that is not what its end says',
      () => closed(begin, row(rowOf(FIRST)), formatJson('content_end', { id: FIRST, bytes: 1, sha256 })),
      /is not what its end says/,
    ],
    ['fewer rows than its end says', () => Buffer.concat([begin, endOf(begin, 1)]), /as much as its end says/],
  ])('[AR1] %s', async (_, make, why) => {
    await refused(make(), why)
  })
})

/** As a file system that has no hard links. */
function linkless(): never {
  throw Object.assign(new Error('operation not permitted'), { code: 'EPERM' })
}

async function begun(path: string): Promise<ArchiveWriter> {
  const writer = await ArchiveWriter.create(path, HEADER)
  await writer.row(rowOf(THIRD, 'purged'))
  return writer
}

function draftsOf(name: string): string[] {
  return readdirSync(folder)
    .filter((each) => each.startsWith(`${name}.`) && each.endsWith('.part'))
    .toSorted((a, b) => a.length - b.length)
}

function rowOf(id: string, state: RowBody['row']['state'] = 'live', account = ACCOUNT): RowBody {
  return { type: 'wiki', row: { id, account, state } }
}

async function* pieces(...content: readonly (string | Buffer)[]): AsyncGenerator<Uint8Array> {
  for (const piece of content) yield Buffer.from(piece)
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

async function written(fill: (writer: ArchiveWriter) => Promise<void>): Promise<Buffer> {
  const path = join(folder, `written-${++count}`)
  const writer = await ArchiveWriter.create(path, HEADER)
  await fill(writer)
  await writer.finish()
  return readFileSync(path)
}

function fileOf(content: Buffer): string {
  const path = join(folder, 'read')
  writeFileSync(path, content)
  return path
}

async function verify(content: Buffer): Promise<Verified> {
  const reader = await ArchiveReader.open(fileOf(content))
  return verifyArchive(reader, () => {}).finally(() => reader.close())
}

async function refused(content: Buffer, why: RegExp): Promise<void> {
  await expect(verify(content)).rejects.toThrow(why)
}

async function* torn(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(MAX_BODY_BYTES + 1)
  throw new Error('the server went away')
}

function row(body: object): Buffer {
  return formatJson('row', body)
}

function lineOf(line: object): Buffer {
  return Buffer.from(`${JSON.stringify(line)}\n`)
}

/** With a right end. */
function closed(...records: Buffer[]): Buffer {
  const before = Buffer.concat(records)
  return Buffer.concat([before, endOf(before, records.length - 1)])
}

function endOf(before: Buffer, rows: number): Buffer {
  const digest = createHash('sha256').update(before).digest('hex')
  return formatJson('end', { rows, contents: 0, content_bytes: 0, sha256: digest })
}

function raw(record: string, body: string): Buffer {
  return formatRecord(record as RecordKind, Buffer.from(body))
}
