// Our own deadline on every call to another process: an engine may hang a call for 40 seconds.

import { ResourceError } from '../wire/errors.ts'

/** @throws ResourceError `deadline_exceeded` after `timeoutMs`; the call itself may still take effect */
export async function withDeadline<T>(call: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | null = null
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new ResourceError('deadline_exceeded', `${what} did not answer in time.`, {
            applied: 'unknown',
            retryAfterSeconds: 1,
          }),
        ),
      timeoutMs,
    )
  })
  try {
    return await Promise.race([call, timeout])
  } finally {
    clearTimeout(timer)
  }
}
