// A wiki as a portable stream of JSON lines: its tiddlers, if it has any (tiddlers/copy.ts), then the chunks of each version, and the
// version itself. The generic copy reads table by table, and a save in between would put a version into it whose chunks are missing;
// versions never change, so a copy by versions needs no lock.

import { base64url } from 'jose'
import { ResourceError } from '../../wire/errors.ts'
import type { WikiContent } from './content.ts'
import { takeCopied, unstage } from './tiddlers/changes.ts'
import {
  dumpTiddlers,
  parseTiddlerLine,
  stageTiddlerLine,
  type StorageLine,
  type TiddlerLine,
} from './tiddlers/copy.ts'
import {
  getVersion,
  listVersions,
  readChunks,
  replaceVersions,
  stageChunk,
  unstageChunks,
  type Version,
} from './versions.ts'

type Line =
  | { readonly chunk: string; readonly version: number; readonly position: number }
  | { readonly complete: Version }
  | StorageLine
  | TiddlerLine

/** Of what {@link dumpWiki} writes: raised by one when equal content comes out as other bytes. Older ones are read for ever. */
export const WIKI_FORM = 1

const encoder = new TextEncoder()

/** Streams what exists now. */
export function dumpWiki(sql: SqlStorage): ReadableStream<Uint8Array> {
  const lines = toDump(sql)
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const { value, done } = lines.next()
      if (done === true) controller.close()
      else controller.enqueue(toLine(value))
    },
  })
}

function* toDump(sql: SqlStorage): Generator<Line> {
  // The newest comes first: should the oldest be pruned meanwhile, they are left out.
  const numbers = listVersions(sql).map(({ version }) => version)
  yield* dumpTiddlers(sql)
  for (const number of numbers) {
    const complete = getVersion(sql, number)
    if (complete === undefined) continue
    const { version } = complete
    for (const [position, bytes] of readChunks(sql, version).entries()) {
      yield { chunk: base64url.encode(new Uint8Array(bytes)), version, position }
    }
    yield { complete }
  }
}

/**
 * Replaces the content by what {@link dumpWiki} made. Chunks are set aside as they arrive, a transaction each, so that the copy is
 * never in memory as a whole; the last transaction puts them in place of what was there.
 *
 * @throws ResourceError `invalid_request` for a stream that is broken or incomplete; the content is as it was
 */
export async function loadWiki(stream: ReadableStream<Uint8Array>, wiki: WikiContent): Promise<void> {
  // What an earlier load left that did not live to its end.
  await wiki.change(unstageAll)
  try {
    const versions: Version[] = []
    let storage: StorageLine = { storage: 'file', revision: 0, tiddlers: 0 }
    let number = 0
    for await (const text of toLines(stream)) {
      number += 1
      const line = parseLine(text, number)
      if ('complete' in line) versions.push(line.complete)
      else if ('storage' in line) storage = line
      else if ('saveTimeMs' in line) await wiki.change((sql) => stageTiddlerLine(sql, line))
      else await wiki.change((sql) => stageChunk(sql, line.version, line.position, base64url.decode(line.chunk)))
    }
    await wiki.change((sql) => {
      const { storage: mode, revision, tiddlers } = storage
      if (!replaceVersions(sql, versions) || !takeCopied(sql, mode, revision, tiddlers, wiki.history))
        throw new ResourceError('invalid_request', 'The copy of the wiki is incomplete.')
    })
  } catch (error) {
    await wiki.change(unstageAll)
    throw error
  }
}

function unstageAll(sql: SqlStorage): void {
  unstageChunks(sql)
  unstage(sql)
}

async function* toLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of stream) {
    const [first = '', ...others] = decoder.decode(bytes, { stream: true }).split('\n')
    const lines = [rest + first, ...others]
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

function parseLine(text: string, number: number): Line {
  try {
    const parsed = JSON.parse(text) as Record<string, unknown>
    const { chunk, version, position, complete } = parsed
    if (isVersion(complete)) return { complete }
    if (typeof chunk === 'string' && isNumber(version) && version > 0 && isNumber(position))
      return { chunk, version, position }
    const line = parseTiddlerLine(parsed)
    if (line !== undefined) return line
  } catch {
    // Falls through to the one refusal.
  }
  throw new ResourceError('invalid_request', `Line ${number} of the copy is not valid.`)
}

function isVersion(value: unknown): value is Version {
  const { version, etag, sizeBytes, storedBytes, saveTimeMs } = (value ?? {}) as Partial<Record<keyof Version, unknown>>
  return [version, sizeBytes, storedBytes, saveTimeMs].every(isNumber) && version !== 0 && typeof etag === 'string'
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function toLine(line: Line): Uint8Array {
  return encoder.encode(`${JSON.stringify(line)}\n`)
}
