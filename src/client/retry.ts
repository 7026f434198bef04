// When a request is sent again: the only layer that does so. Pure decisions; transport.ts carries them out.

import type { BiplaneError } from './errors.ts'

export interface RetryPolicy {
  /** Requests in all; 1 = never again. */
  readonly attempts: number
  /** The first delay is up to this long; it doubles. Milliseconds. */
  readonly baseMs: number
  readonly maxMs: number
  /** No attempt begins later than this after the first. */
  readonly totalMs: number
}

/** Rides out a restart of an engine (below a second) and most overloads; a person still waits for it. */
export const DEFAULT_RETRY: RetryPolicy = { attempts: 5, baseMs: 200, maxMs: 5_000, totalMs: 60_000 }

/**
 * What may be sent again: `always` because twice is once (reading, deleting, creating with an idempotency key), `refused` only when it is
 * certain that nothing happened.
 */
export type Repeatable = 'always' | 'refused'

/**
 * How long to wait before the next attempt; undefined = give up.
 *
 * Full jitter: clients that failed together do not come back together. The server's `Retry-After` comes first, and what it asks for
 * beyond the time that is left is not waited for.
 */
export function nextDelayMs(
  failure: Pick<BiplaneError, 'retryable' | 'applied' | 'retryAfterSeconds'>,
  repeatable: Repeatable,
  { attempt, elapsedMs }: { readonly attempt: number; readonly elapsedMs: number },
  { attempts, baseMs, maxMs, totalMs }: RetryPolicy,
  random: () => number = Math.random,
): number | undefined {
  if (!failure.retryable || attempt >= attempts) return undefined
  if (failure.applied === 'unknown' && repeatable === 'refused') return undefined
  const jitter = random() * Math.min(maxMs, baseMs * 2 ** (attempt - 1))
  const delayMs = (failure.retryAfterSeconds ?? 0) * 1000 + jitter
  return elapsedMs + delayMs > totalMs ? undefined : delayMs
}
