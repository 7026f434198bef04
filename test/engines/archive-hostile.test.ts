// What the server does with rows and content that somebody made up: it looks at each by itself, whatever the command line has looked at.

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKeyring } from '../../src/identity/keyring.ts'
import { mintResourceId } from '../../src/identity/resource-id.ts'
import { makeAccount, type TestAccount } from '../support/accounts.ts'
import { ARCHIVE_APP } from '../support/apps.ts'
import { ARCHIVE_TIME as TIME, cliOf } from '../support/archives.ts'
import { content, create, json, mintToken, problem } from '../support/http.ts'
import { ARCHIVE, EMPTY_CASK, Imports, archiveOf, wrapped } from '../support/imports.ts'
import { makeTestDirectory, startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let imports: Imports
let owner: TestAccount
/** Issued here, and never made. */
let fresh: string

beforeAll(async () => {
  server = await startServer({ app: ARCHIVE_APP, timers: { deleteRetentionMs: 3_600_000 } })
  imports = new Imports(server)
  owner = await makeAccount(server)
  fresh = await imports.issued('cask')
})

describe('rows', () => {
  test.each<[what: string, rows: () => Promise<object[]> | object[], parameter: RegExp]>([
    ['a path for an identifier', () => [cask({ id: '../../v1/accounts' })], /no key of this deployment/],
    ['an identifier of nobody', () => [cask({ id: `${fresh.slice(0, -7)}0000000` })], /no key of this deployment/],
    ['one of another deployment', async () => [cask({ id: await foreign() })], /verify-only keys/],
    ['one of another type', async () => [cask({ id: await imports.issued('vat') })], /for the type cask/],
    [
      'one in a cell that is not here',
      async () => [cask({ id: await imports.issued('cask', 'weur') })],
      /no cell "weur"/,
    ],
    ["another account's", () => [cask({ account: owner.id })], /belongs to/],
    ['one twice', () => [cask(), cask()], /there twice/],
    ['an unknown member', () => [cask({ sql: 'DROP TABLE resource' })], /sql: is not known here/],
    ['a missing member', () => [cask({ labels: undefined })], /labels/],
    ['a number for a name', () => [cask({ name: 7 })], /name/],
    ['a name with control characters', () => [cask({ name: 'a\u001b[2J' })], /name/],
    ['a state that there is not', () => [cask({ state: 'creating' })], /state/],
    ['a live one with a time of deletion', () => [cask({ delete_time: TIME })], /go together/],
    ['a deleted one without', () => [cask({ state: 'deleted' })], /go together/],
    ['a visibility that the type does not offer', () => [cask({ visibility: 'everybody' })], /visibility/],
    ['settings of another type', () => [cask({ settings: { proof: 'high' } })], /settings/],
    ['a time that is yet to come', () => [cask({ create_time: '2200-01-01T00:00:00Z' })], /create_time/],
    ['a counter near the end of numbers', () => [cask({ incarnation: Number.MAX_SAFE_INTEGER })], /incarnation/],
    ['a version that is none', () => [cask({ version: 0 })], /version/],
    ['hosts that are none', () => [cask({ hosts: ['*.example.org'] })], /hosts/],
    ['an origin with a path', () => [cask({ allowed_origins: ['https://a.example/x'] })], /allowed_origins/],
    ['a bomb of labels', () => [cask({ labels: many(51) })], /labels/],
    ['bytes below nothing', () => [cask({ usage: { bytes: -1, last_write_time: TIME, report_time: TIME } })], /bytes/],
    ['a prototype', () => [JSON.parse('{"__proto__": {}}') as object], /__proto__/],
    ['too many', () => Array.from({ length: 51 }, () => cask()), /rows/],
  ])('[AR6] are refused with %s, and nothing is recorded', async (_, make, why) => {
    const files = server.sqliteFiles()
    for (const dryRun of [true, false]) {
      const response = await imports.importRows('casks', await make(), { dry_run: dryRun })
      const { code, detail } = await problem(response)
      expect([response.status, code, detail]).toEqual([400, 'invalid_request', expect.stringMatching(why)])
    }
    expect(server.sqliteFiles()).toEqual(files)
    expect((await server.fetch(`/v1/casks/${fresh}`)).status).toBe(404)
  })

  test('[AR6] of an account that is not here are nobody’s', async () => {
    const { id: account } = await mintResourceId(createKeyring(server.secrets.identifierKeys), 'account', 'local')
    const response = await imports.importRows('casks', [cask({ account })], {}, account)
    expect([response.status, (await problem(response)).detail]).toEqual([400, expect.stringContaining('is not here')])
  })

  test('[AR3] a live resource is overwritten by nothing: not by a row, a tombstone, or a row of another account', async () => {
    const { id } = await create(server, 'casks', { name: 'Here' })
    const { token } = await mintToken(server, 'casks', id)
    await content(server, `/casks/${id}/`, token, { method: 'PUT', body: 'mine' })
    const tombstone = { ...imports.rowOf(id), state: 'purged', delete_time: TIME }
    for (const [rows, account] of [
      [[imports.rowOf(id)], undefined],
      [[tombstone], undefined],
      [[{ ...imports.rowOf(id), account: owner.id, version: 1_000 }], owner.id],
      [[{ ...tombstone, account: owner.id, version: 1_000 }], owner.id],
    ] as const) {
      const response = await imports.importRows('casks', [...rows], {}, account)
      expect(await response.json()).toEqual({ data: [expect.objectContaining({ id, outcome: 'conflict' })] })
      expect((await imports.load('casks', id, Buffer.from('theirs'), account)).status).toBe(
        account === undefined ? 409 : 404,
      )
      expect(await (await content(server, `/casks/${id}/`, token)).json()).toMatchObject({ text: 'mine' })
    }
    expect((await server.fetch(`/v1/casks/${id}?purge=true`, { method: 'DELETE' })).status).toBe(200)
    expect(await (await imports.importRows('casks', [imports.rowOf(id)])).json()).toEqual({
      data: [{ id, outcome: 'conflict', reason: 'It was purged in this deployment.' }],
    })
  })

  test('[AR3] what another shard has, or had, is known by its object', async () => {
    const made = await owner.ask('/v1/vats', json('POST', { name: 'Theirs' }))
    const { id } = (await made.json()) as { id: string }
    const rows = [{ ...imports.rowOf(id), version: 1_000 }]
    for (const dryRun of [true, false]) {
      const held = await imports.importRows('vats', rows, { dry_run: dryRun })
      expect(await held.json()).toEqual({
        data: [{ id, outcome: 'conflict', reason: 'Another account of this deployment has it.' }],
      })
    }
    expect((await imports.load('vats', id, Buffer.from('mine now'))).status).toBe(404)
    expect((await owner.ask(`/v1/vats/${id}?purge=true`, { method: 'DELETE' })).status).toBe(200)
    const purged = await imports.importRows('vats', [
      ...rows,
      { ...imports.rowOf(await imports.issued('vat')), state: 'purged', delete_time: TIME },
    ])
    expect(await purged.json()).toEqual({
      data: [
        { id, outcome: 'conflict', reason: 'It was purged in this deployment.' },
        { id: expect.any(String), outcome: 'complete' },
      ],
    })
  })

  test('[AR3] a name that is taken is said, and the others of the page come in', async () => {
    await create(server, 'casks', { name: 'Taken' })
    const [one, two] = [await imports.issued('cask'), await imports.issued('cask')]
    const response = await imports.importRows('casks', [{ ...imports.rowOf(one), name: 'TAKEN' }, imports.rowOf(two)])
    expect(await response.json()).toMatchObject({
      data: [
        { id: one, outcome: 'conflict' },
        { id: two, outcome: 'awaiting' },
      ],
    })
    expect((await server.fetch(`/v1/casks/${one}`)).status).toBe(404)
  })
})

describe('content', () => {
  test('[AR4] until it has come whole, the resource is not served, cannot be changed, and nobody gets a token', async () => {
    const id = await imports.awaited()
    const one = `/v1/casks/${id}`
    expect(await (await server.fetch(one)).json()).toMatchObject({ state: 'creating' })
    expect((await server.fetch(one, json('PATCH', { name: 'New' }))).status).toBe(409)
    expect((await server.fetch(`${one}/tokens`, json('POST', {}))).status).toBe(409)
    expect((await content(server, `/casks/${id}/`)).status).toBe(404)
    // A part of it is put into the object, which nobody sees either.
    for (const [body, more] of [
      [EMPTY_CASK.subarray(0, 40), {}],
      [EMPTY_CASK, { sha256: '0'.repeat(64) }],
      [Buffer.from('rubbish'), {}],
      [Buffer.from('{"schema_version":1}\n{"end":true}\n'), {}],
      [wrapped('{"schema_version":99}', '{"end":true}'), {}],
      [wrapped('{"schema_version":1}', '{"table":"sqlite_schema","columns":["sql"]}', '{"end":true}'), {}],
      [wrapped('{"schema_version":1}', '{"table":"_biplane","columns":["x"]}', '{"row":[1]}', '{"end":true}'), {}],
    ] as const) {
      const response = await imports.load('casks', id, body, undefined, more)
      expect([body.toString(), response.status]).toEqual([body.toString(), 400])
      expect([403, 404, 503]).toContain((await content(server, `/casks/${id}/`)).status)
      expect(await (await server.fetch(one)).json()).toMatchObject({ state: 'creating' })
    }
    const filled = await imports.load('casks', id, EMPTY_CASK)
    expect(await filled.json()).toMatchObject({ state: 'active', labels: { from: 'elsewhere' } })
    expect((await content(server, `/casks/${id}/`)).status).toBe(401)
    // Once complete it is not filled again.
    expect((await imports.load('casks', id, Buffer.from('rubbish'))).status).toBe(200)
    expect((await mintToken(server, 'casks', id)).token).not.toBe('')
  })

  test('[AR4] of a length that no resource of the type can have is refused before anything is read', async () => {
    const id = await imports.awaited()
    const query = new URLSearchParams({ archive: ARCHIVE, sha256: ARCHIVE, bytes: String(10 ** 12) })
    const claimed = await server.fetch(`/v1/casks/${id}/archive?${query.toString()}`, { method: 'PUT', body: 'small' })
    expect(claimed.status).toBe(400)
  })
})

describe('a file', () => {
  const folder = makeTestDirectory()
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test.each<[what: string, change: (archive: Buffer) => Buffer, why: string]>([
    ['that is cut off', (archive) => archive.subarray(0, -40), 'is not valid'],
    ['of which a byte was changed', (archive) => flipped(archive), 'is not valid'],
    ['whose rows the server refuses', (archive) => archive, 'unknown'],
  ])('[AR1] [AR6] %s changes nothing at all', async (_, change, why) => {
    const id = await imports.issued('cask')
    const path = join(folder, 'hostile')
    writeFileSync(
      path,
      change(archiveOf([imports.rowOf(await imports.issued('cask')), { ...imports.rowOf(id), unknown: true }])),
    )
    const files = server.sqliteFiles()
    const { code, stderr, stdout } = await cliOf(server, 'import', path, '--on-conflict', 'skip')
    expect([code === 0, stdout, stderr]).toEqual([false, '', expect.stringContaining(why)])
    expect(server.sqliteFiles()).toEqual(files)
  })
})

function many(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, 'x']))
}

async function foreign(): Promise<string> {
  return (await mintResourceId(createKeyring([{ id: '1', key: 'Z'.repeat(43) }]), 'cask', 'local')).id
}

function cask(more: object = {}): Record<string, unknown> {
  return { ...imports.rowOf(fresh), ...more }
}

function flipped(archive: Buffer): Buffer {
  const copy = Buffer.from(archive)
  const middle = Math.floor(copy.byteLength / 2)
  copy[middle] = (copy[middle] ?? 0) ^ 1
  return copy
}
