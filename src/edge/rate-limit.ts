// Control plane requests of one account that this isolate lets through: a token bucket each, asked before the account's own object is, so
// that a client that loops costs nobody else anything. Shards count by themselves; this is the outer wall.

import { DEFAULT_REQUESTS_PER_SECOND } from '../wire/account.ts'
import { ResourceError } from '../wire/errors.ts'

interface Bucket {
  requestsPerSecond: number
  /** Requests that may still be let through at once ... */
  tokens: number
  /** ... as of this time. */
  timeMs: number
}

/** Seconds' worth of requests that may come at once. */
const BURST_SECONDS = 2
/** What is forgotten begins with a full bucket: an account that nobody heard of for longer than the burst loses nothing by it. */
const MAX_ACCOUNTS = 10_000

export class RateLimiter {
  /** In the order of last use. */
  readonly #buckets = new Map<string, Bucket>()

  /**
   * Lets one request through.
   *
   * @throws ResourceError `rate_limited` with the time after which the next one is
   */
  take(account: string, nowMs: number = Date.now()): void {
    const bucket = this.#buckets.get(account) ?? full(DEFAULT_REQUESTS_PER_SECOND, nowMs)
    this.#buckets.delete(account)
    this.#buckets.set(account, bucket)
    if (this.#buckets.size > MAX_ACCOUNTS) this.#buckets.delete(this.#buckets.keys().next().value ?? '')
    const { requestsPerSecond } = bucket
    const gained = (Math.max(nowMs - bucket.timeMs, 0) / 1000) * requestsPerSecond
    bucket.tokens = Math.min(bucket.tokens + gained, requestsPerSecond * BURST_SECONDS)
    bucket.timeMs = nowMs
    if (bucket.tokens < 1) {
      throw new ResourceError(
        'rate_limited',
        `This account may make ${requestsPerSecond} requests per second here: slow down.`,
        {
          retryAfterSeconds: Math.max(1, Math.ceil((1 - bucket.tokens) / requestsPerSecond)),
          details: { limit: requestsPerSecond },
        },
      )
    }
    bucket.tokens--
  }

  /** What the account's object said its rate is; asked by the requests that it let through. */
  learn(account: string, requestsPerSecond: number = DEFAULT_REQUESTS_PER_SECOND): void {
    const bucket = this.#buckets.get(account)
    if (bucket === undefined || bucket.requestsPerSecond === requestsPerSecond) return
    // In proportion: neither a raise nor a cut hands out a burst.
    bucket.tokens *= requestsPerSecond / bucket.requestsPerSecond
    bucket.requestsPerSecond = requestsPerSecond
  }
}

function full(requestsPerSecond: number, nowMs: number): Bucket {
  return { requestsPerSecond, tokens: requestsPerSecond * BURST_SECONDS, timeMs: nowMs }
}
