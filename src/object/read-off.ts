// What a refused client is still sending is read before it is answered. Whoever passes a request on, a front or another cell, may lose an
// answer that comes while it cannot send the rest any more, and would tell the client that the cell is away.

/** Far more than the engine itself reads after an answer (64 KiB), and little for one request. */
const MOST_BYTES = 4 * 1024 ** 2
/** A client that is slower is not waited for. */
const MOST_MS = 1_000

/** Reads and forgets the rest of a request's body, if nobody else reads it. Never throws. */
export async function readOff({ body }: Request): Promise<void> {
  if (body === null || body.locked) return
  const reader = body.getReader()
  const timer = setTimeout(() => void reader.cancel().catch(() => {}), MOST_MS)
  try {
    for (let size = 0; size < MOST_BYTES;) {
      const { done, value } = await reader.read()
      if (done) return
      size += (value as Uint8Array).byteLength
    }
  } catch {
    // It broke off: there is nobody to be answered.
  } finally {
    clearTimeout(timer)
  }
}
