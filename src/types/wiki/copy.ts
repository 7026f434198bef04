// A wiki as a portable stream: one JSON line per chunk, then one per version. The generic copy reads table by table, and a save in
// between would put a version into it whose chunks are missing; versions never change, so a copy by versions needs no lock.

import { base64url } from 'jose'
import { ResourceError } from '../../wire/errors.ts'
import type { WikiContent } from './content.ts'
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

const encoder = new TextEncoder()

/** Streams the versions that exist now. The newest comes first: should the oldest be pruned meanwhile, they are left out. */
export function dumpVersions(sql: SqlStorage): ReadableStream<Uint8Array> {
  const numbers = listVersions(sql).map(({ version }) => version)
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const complete = numbers.map((number) => getVersion(sql, number)).find((version) => version !== undefined)
      if (complete === undefined) return controller.close()
      const { version } = complete
      numbers.splice(0, numbers.indexOf(version) + 1)
      for (const [position, bytes] of readChunks(sql, version).entries()) {
        controller.enqueue(toLine({ chunk: base64url.encode(new Uint8Array(bytes)), version, position }))
      }
      controller.enqueue(toLine({ complete }))
    },
  })
}

/**
 * Replaces the content by what {@link dumpVersions} made. Chunks are set aside as they arrive, a transaction each, so that the copy is
 * never in memory as a whole; the last transaction puts them in place of what was there.
 *
 * @throws ResourceError `invalid_request` for a stream that is broken or incomplete; the content is as it was
 */
export async function loadVersions(stream: ReadableStream<Uint8Array>, wiki: WikiContent): Promise<void> {
  // What an earlier load left that did not live to its end.
  await wiki.change(unstageChunks)
  try {
    const versions: Version[] = []
    let number = 0
    for await (const text of toLines(stream)) {
      number += 1
      const line = parseLine(text, number)
      if ('complete' in line) versions.push(line.complete)
      else await wiki.change((sql) => stageChunk(sql, line.version, line.position, base64url.decode(line.chunk)))
    }
    await wiki.change((sql) => {
      if (!replaceVersions(sql, versions))
        throw new ResourceError('invalid_request', 'The copy of the wiki is incomplete.')
    })
  } catch (error) {
    await wiki.change(unstageChunks)
    throw error
  }
}

async function* toLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

function parseLine(text: string, number: number): Line {
  try {
    const { chunk, version, position, complete } = JSON.parse(text) as Record<string, unknown>
    if (isVersion(complete)) return { complete }
    if (typeof chunk === 'string' && isNumber(version) && version > 0 && isNumber(position))
      return { chunk, version, position }
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
