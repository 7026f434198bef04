// The digest of a stream of content: what two places compare to know that they have the same. It is made while the stream is read.

import type { ContentDigest } from '../wire/planes.ts'

export interface Hashed {
  /** What goes in comes out; it may be ended from outside. */
  readonly stream: ReadableStream<Uint8Array>
  /** Of the whole stream: reads what nobody has read of it. */
  digest(): Promise<ContentDigest>
  /** The same, once somebody has read all of it; stays open when nobody does. */
  readonly ended: Promise<ContentDigest>
  /** Whoever reads it fails with that error. */
  abort(reason: Error): void
}

export function hashed(content: ReadableStream<Uint8Array>): Hashed {
  const reader = content.getReader()
  const hash = new crypto.DigestStream('SHA-256')
  const writer = hash.getWriter()
  let bytes = 0
  let isAtEnd = false
  const { promise: ended, resolve: end } = Promise.withResolvers<ContentDigest>()
  let aborted: Error | undefined

  function requireGoing(): void {
    if (aborted !== undefined) throw aborted
  }

  async function read(): Promise<Uint8Array | undefined> {
    requireGoing()
    if (isAtEnd) return undefined
    const { value, done } = await reader.read()
    requireGoing()
    if (done) {
      isAtEnd = true
      await writer.close()
      const digest = new Uint8Array(await hash.digest)
      end({ sha256: Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(''), bytes })
      return undefined
    }
    bytes += value.byteLength
    await writer.write(value)
    return value
  }

  return {
    stream: new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const chunk = await read()
          if (chunk === undefined) controller.close()
          else controller.enqueue(chunk)
        },
      },
      // Nothing is read ahead of whoever reads.
      { highWaterMark: 0 },
    ),
    async digest() {
      while ((await read()) !== undefined);
      return ended
    },
    ended,
    abort(reason) {
      if (aborted !== undefined) return
      aborted = reason
      void reader.cancel(reason).catch(() => undefined)
      void writer.abort(reason).catch(() => undefined)
      hash.digest.catch(() => undefined)
    },
  }
}

/** Reads the stream to its end. */
export function digestOf(content: ReadableStream<Uint8Array>): Promise<ContentDigest> {
  return hashed(content).digest()
}
