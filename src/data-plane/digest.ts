// The digest of a stream of content: what two places compare to know that they have the same.

import type { ContentDigest } from '../wire/planes.ts'

/** Reads the stream to its end. */
export async function digestOf(content: ReadableStream<Uint8Array>): Promise<ContentDigest> {
  const hash = new crypto.DigestStream('SHA-256')
  let bytes = 0
  const counted = content.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.byteLength
        controller.enqueue(chunk)
      },
    }),
  )
  await counted.pipeTo(hash)
  const digest = new Uint8Array(await hash.digest)
  return { sha256: Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(''), bytes }
}
