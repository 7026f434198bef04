// Who asks too much is told so a moment later. Clients that loop wait for their answer: a refusal that comes at once would only bring the
// next request at once, and refusing thousands per second costs everybody else more than serving the few that are let through.

import { ResourceError } from '../wire/errors.ts'

/** Far less than any `Retry-After`, and enough that fifty looping connections ask two hundred times a second and not two thousand. */
const DELAY_MS = 250
/** Each holds a connection and some kilobytes. Beyond it refusals are quick again. */
const MAX_WAITING = 1_000

let waiting = 0

/** @throws what `serve` throws; `rate_limited` a moment later */
export async function slowlyRefused<T>(serve: () => Promise<T>): Promise<T> {
  try {
    return await serve()
  } catch (error) {
    if (error instanceof ResourceError && error.code === 'rate_limited' && waiting < MAX_WAITING) {
      waiting++
      await scheduler.wait(DELAY_MS).finally(() => waiting--)
    }
    throw error
  }
}
