// Reads a body to its end, within limits of size, of time, and of what one isolate may hold of unfinished bodies together.

import { ResourceError } from '../wire/errors.ts'

/** Slow enough for 50 MB over a bad connection; a body that has stalled ends here. */
const DEADLINE_MS = 300_000
/** All bodies that are being read at the edge together, where the engine has the machine's memory. */
const DEFAULT_HELD_BYTES: number = 256 * 1024 ** 2

let heldBytes = 0

/**
 * @throws ResourceError `too_large` beyond `limitBytes`, `overloaded` when too much is being read at once, `deadline_exceeded`,
 * `invalid_request` when the body breaks off
 * @param maxHeldBytes of this and all others that are being read
 */
export async function readBody(
  body: ReadableStream<Uint8Array>,
  limitBytes: number,
  maxHeldBytes: number = DEFAULT_HELD_BYTES,
): Promise<Blob> {
  const reader = body.getReader()
  const parts: Uint8Array[] = []
  let size = 0
  const timer = setTimeout(() => {
    void reader.cancel('deadline').catch(() => {})
  }, DEADLINE_MS)
  const beganMs = Date.now()
  try {
    for (;;) {
      const { done, value } = await readNext(reader)
      if (done) break
      size += value.byteLength
      heldBytes += value.byteLength
      if (size > limitBytes) throw tooLarge(limitBytes)
      if (heldBytes > maxHeldBytes) {
        throw new ResourceError('overloaded', 'Too many large bodies are being received: try again.', {
          retryAfterSeconds: 5,
        })
      }
      parts.push(value)
    }
    if (Date.now() - beganMs >= DEADLINE_MS)
      throw new ResourceError('deadline_exceeded', 'The body took too long to arrive.')
    return new Blob(parts)
  } finally {
    clearTimeout(timer)
    heldBytes -= size
    void reader.cancel().catch(() => {})
  }
}

export function tooLarge(limitBytes: number): ResourceError {
  return new ResourceError('too_large', `The body may have ${limitBytes} bytes at most.`, {
    details: { limit: limitBytes },
  })
}

async function readNext(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await reader.read()
  } catch {
    throw new ResourceError('invalid_request', 'The body broke off.')
  }
}
