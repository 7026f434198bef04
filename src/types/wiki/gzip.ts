// Wikis are compressed once, when they are saved, and served in that form to everybody who accepts it.

import { createGunzip, createGzip, gunzipSync, gzipSync, type ZlibStream } from 'node:zlib'
import { joinChunks } from './chunks.ts'
import { nextTurn, SLICE_BYTES } from './slices.ts'

/** Fastest level: a third of the time of level 6, for a quarter more bytes; the writer is waiting and the thread is everybody's. */
const LEVEL = 1

export function gzip(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return gzipSync(bytes, { level: LEVEL })
}

export function gunzip(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return gunzipSync(bytes)
}

/** The same as {@link gunzip}, in slices. */
export async function gunzipSliced(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const gunzipper = new SlicedZlib(createGunzip())
  // What is compressed becomes several times as much.
  const step = SLICE_BYTES / 4
  for (let at = 0; at < bytes.length; at += step) {
    await gunzipper.write(bytes.subarray(at, at + step))
    await nextTurn()
  }
  return gunzipper.end()
}

/** {@link gzip} for a content that comes piece by piece. */
export function openGzip(): SlicedZlib {
  return new SlicedZlib(createGzip({ level: LEVEL }))
}

/** Keeps what comes out, as one piece at the end. */
export class SlicedZlib {
  readonly #stream: ZlibStream
  readonly #parts: ArrayBuffer[] = []
  readonly #end: Promise<void>

  constructor(stream: ZlibStream) {
    this.#stream = stream
    this.#end = new Promise((resolve, reject) => {
      // A copy: what the stream hands out is a part of something larger. (A Buffer's own `slice` would not copy.)
      stream.on('data', (part) => this.#parts.push(new Uint8Array(part).buffer))
      stream.on('error', reject)
      stream.on('end', resolve)
    })
  }

  write(bytes: Uint8Array): Promise<void> {
    return Promise.race([new Promise<void>((done) => this.#stream.write(bytes, done)), this.#end])
  }

  async end(): Promise<Uint8Array<ArrayBuffer>> {
    this.#stream.end()
    await this.#end
    return joinChunks(this.#parts)
  }
}

/** The same for content of any size, without keeping the thread from everybody else. */
export async function gzipParts(parts: Iterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const gzipper = openGzip()
  for (const slice of toSlices(parts)) {
    await gzipper.write(slice)
    await nextTurn()
  }
  return gzipper.end()
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
