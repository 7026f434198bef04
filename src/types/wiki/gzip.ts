// Wikis are compressed once, when they are saved, and served in that form to everybody who accepts it.

import { gunzipSync, gzipSync } from 'node:zlib'

/** Fastest level: a third of the time of level 6, for a quarter more bytes; the writer is waiting and the thread is everybody's. */
const LEVEL = 1

export function gzip(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return gzipSync(bytes, { level: LEVEL })
}

export function gunzip(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return gunzipSync(bytes)
}

/** What is compressed in one go: some milliseconds, after which other resources have their turn. */
const SLICE_BYTES = 256 * 1024

/** The same for content of any size, without keeping the thread from everybody else. */
export async function gzipParts(parts: Iterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const { readable, writable } = new CompressionStream('gzip')
  const writer = writable.getWriter()
  const compressed = new Response(readable).arrayBuffer()
  for (const slice of toSlices(parts)) {
    await writer.write(slice)
    await scheduler.wait(0)
  }
  await writer.close()
  return new Uint8Array(await compressed)
}

/** Joins what is small and cuts what is large: a wiki has thousands of tiny tiddlers, and a few huge ones. */
export function* toSlices(parts: Iterable<Uint8Array>, size: number = SLICE_BYTES): Generator<Uint8Array<ArrayBuffer>> {
  let slice = new Uint8Array(size)
  let filled = 0
  for (const part of parts) {
    for (let offset = 0; offset < part.length;) {
      const piece = part.subarray(offset, offset + size - filled)
      slice.set(piece, filled)
      filled += piece.length
      offset += piece.length
      if (filled < size) continue
      yield slice
      slice = new Uint8Array(size)
      filled = 0
    }
  }
  if (filled > 0) yield slice.subarray(0, filled)
}
