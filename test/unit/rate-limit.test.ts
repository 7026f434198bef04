import { describe, expect, test } from 'vitest'
import { RateLimiter } from '../../src/edge/rate-limit.ts'
import type { ResourceError } from '../../src/wire/errors.ts'

/** How many of `count` requests at one moment pass, and what the first refusal says. */
function burst(limiter: RateLimiter, account: string, count: number, nowMs: number): [number, number | undefined] {
  let passed = 0
  let retryAfter: number | undefined
  for (let index = 0; index < count; index++) {
    try {
      limiter.take(account, nowMs)
      passed++
    } catch (error) {
      retryAfter ??= (error as ResourceError).data.retryAfterSeconds
    }
  }
  return [passed, retryAfter]
}

describe('the bucket of an account', () => {
  test('[AC7] lets two seconds of its rate through at once, and then its rate', () => {
    const limiter = new RateLimiter()
    expect(burst(limiter, 'a', 150, 0)).toEqual([100, 1])
    expect(burst(limiter, 'a', 150, 500)).toEqual([25, 1])
    expect(burst(limiter, 'a', 150, 60_000)).toEqual([100, 1])
    expect(burst(limiter, 'b', 150, 0)).toEqual([100, 1])
  })

  test('[AC7] follows the rate that it learns, without a burst for a change', () => {
    const limiter = new RateLimiter()
    burst(limiter, 'a', 50, 0)
    limiter.learn('a', 2)
    // Half of the burst was left.
    expect(burst(limiter, 'a', 10, 0)).toEqual([2, 1])
    expect(burst(limiter, 'a', 10, 1_000)).toEqual([2, 1])
    limiter.learn('a', 200)
    expect(burst(limiter, 'a', 10, 1_000)).toEqual([0, 1])
    limiter.learn('a')
    expect(burst(limiter, 'a', 100, 2_000)).toEqual([50, 1])
  })

  test('[AC7] says how long to wait, and bears a clock that goes back', () => {
    const limiter = new RateLimiter()
    limiter.take('a', 10_000)
    limiter.learn('a', 1)
    burst(limiter, 'a', 10, 10_000)
    expect(burst(limiter, 'a', 1, 5_000)).toEqual([0, 1])
    expect(burst(limiter, 'a', 2, 6_000)).toEqual([1, 1])
  })

  test('[AC7] is forgotten when ten thousand others were heard of since', () => {
    const limiter = new RateLimiter()
    expect(burst(limiter, 'a', 101, 0)[0]).toBe(100)
    for (let index = 0; index < 9_999; index++) limiter.take(`other ${index}`, 0)
    expect(burst(limiter, 'a', 1, 0)[0]).toBe(0)
    for (let index = 0; index < 10_000; index++) limiter.take(`another ${index}`, 0)
    expect(burst(limiter, 'a', 101, 0)[0]).toBe(100)
  })
})
