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

/** A key of the right form and mac, by its hash. */
interface PresentedKey {
  readonly account: string
  readonly hash: string
}

/** Seconds' worth of requests that may come at once. */
const BURST_SECONDS = 2
/** What is forgotten begins with a full bucket: an account that nobody heard of for longer than the burst loses nothing by it. */
const MAX_ACCOUNTS = 10_000

export class RateLimiter {
  /** Of accounts, and of keys that were refused; in the order of last use. */
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

  /** Takes one request of a key from its account's bucket, or from the key's own since it was refused. @throws ResourceError `rate_limited` */
  takeFor({ account, hash }: PresentedKey): void {
    this.take(this.#buckets.has(hash) ? hash : account)
  }

  /** The account's object does not know the key, or not any more: whoever lost his key must not use up the rate of those who have one. */
  refuse({ hash }: PresentedKey): void {
    if (!this.#buckets.has(hash)) this.#buckets.set(hash, full(DEFAULT_REQUESTS_PER_SECOND, Date.now()))
  }

  /** It does, perhaps again: of an account that was restored. */
  accept({ account, hash }: PresentedKey, requestsPerSecond: number | undefined): void {
    this.#buckets.delete(hash)
    this.learn(account, requestsPerSecond)
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
