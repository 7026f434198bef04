// Who is let in when many ask at once. One control object is one thread: an account that floods it must not make the others of its shard
// wait, and what cannot be served in time is refused at once, while refusing is still cheap. All of it is in memory: a restart forgives.

import { ResourceError } from '../../wire/errors.ts'
import type { Caller, ControlMethod } from '../../wire/planes.ts'

/** Calls per second of one account; twice as many at once. A shard serves some thousand reads, or a hundred or two creations. */
const CALLS_PER_SECOND = 200
const BURST = 2 * CALLS_PER_SECOND
/** A creation keeps both planes busy, with some ten appends to disk, where another call is done in a millisecond. */
const COSTS: Partial<Record<ControlMethod, number>> = { create: 4 }
/** Calls of one account under way: a creation waits for its object, and the object's process for those before. */
const MAX_OF_ACCOUNT = 64
/** Calls of all accounts under way: as many creations as a busy machine begins within the time that a client is made to wait. */
const MAX_IN_ALL = 256
/** Buckets that are full again say nothing: they are dropped when there are so many. */
const MAX_BUCKETS = 10_000

/** Whoever asked once in this time is there, and should not have to wait for others. */
const PRESENCE_MS = 10_000

/** Between objects, not for a client. */
const EXEMPT: ReadonlySet<ControlMethod> = new Set([
  'policy',
  'reportUsage',
  'holdAccount',
  'metrics',
  'moveOut',
  'receiveAccount',
  'receiveResource',
  'retell',
])

/** Answered at once from the shard's own tables: they wait for nobody, and are served while others wait for objects that are away. */
const AT_ONCE: ReadonlySet<ControlMethod> = new Set([
  'get',
  'list',
  'count',
  'grant',
  'usage',
  'account',
  'audit',
  'events',
  'getOperation',
  'listOperations',
  'exportRows',
])

interface Bucket {
  tokens: number
  timeMs: number
  underWay: number
}

export class Admission {
  readonly #buckets = new Map<string, Bucket>()
  readonly #count: (name: string) => void
  #underWay = 0
  /** The last two accounts that asked, the later one first. */
  #seen: readonly { readonly account: string; readonly timeMs: number }[] = []

  constructor(count: (name: string) => void) {
    this.#count = count
  }

  /**
   * Lets a call in, or refuses it before anything has happened.
   *
   * @returns to be called when it has ended
   * @throws ResourceError `rate_limited` for an account that asks too much, `overloaded` when all together do
   */
  enter(method: ControlMethod, { account, role }: Caller, nowMs: number): () => void {
    if (EXEMPT.has(method)) return () => {}
    this.#seen = [{ account, timeMs: nowMs }, ...this.#seen.filter((one) => one.account !== account).slice(0, 1)]
    const waits = !AT_ONCE.has(method)
    if (waits && this.#underWay >= MAX_IN_ALL) {
      this.#count('overloaded')
      throw new ResourceError('overloaded', 'This part of the control plane has too much to do: try again.', {
        applied: 'no',
        retryAfterSeconds: 1,
      })
    }
    const bucket = this.#bucketOf(account, nowMs)
    const cost = COSTS[method] ?? 1
    if (role !== 'operator' && (bucket.tokens < cost || (waits && bucket.underWay >= MAX_OF_ACCOUNT))) {
      this.#count('rate_limited')
      throw new ResourceError('rate_limited', 'This account asks for too much at once: wait, then repeat.', {
        retryAfterSeconds: 1,
      })
    }
    // What an operator does for an account, without its limits, must not lock it out afterwards.
    bucket.tokens = Math.max(bucket.tokens - cost, 0)
    if (!waits) return () => {}
    bucket.underWay++
    this.#underWay++
    return () => {
      bucket.underWay--
      this.#underWay--
    }
  }

  /** Whether others than this account ask, too. */
  isShared(account: string, nowMs: number): boolean {
    return this.#seen.some((one) => one.account !== account && one.timeMs > nowMs - PRESENCE_MS)
  }

  #bucketOf(account: string, nowMs: number): Bucket {
    const known = this.#buckets.get(account)
    if (known !== undefined) {
      const elapsedMs = Math.max(nowMs - known.timeMs, 0)
      known.tokens = Math.min(BURST, known.tokens + (elapsedMs / 1000) * CALLS_PER_SECOND)
      known.timeMs = nowMs
      return known
    }
    if (this.#buckets.size >= MAX_BUCKETS) this.#dropFull(nowMs)
    const bucket: Bucket = { tokens: BURST, timeMs: nowMs, underWay: 0 }
    this.#buckets.set(account, bucket)
    return bucket
  }

  #dropFull(nowMs: number): void {
    for (const [account, { tokens, timeMs, underWay }] of this.#buckets) {
      const isFull = tokens + ((nowMs - timeMs) / 1000) * CALLS_PER_SECOND >= BURST
      if (isFull && underWay === 0) this.#buckets.delete(account)
    }
  }
}
