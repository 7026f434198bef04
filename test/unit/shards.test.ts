// Which shard an account has, and what is made of several shards' answers: pure functions.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mergeShards, type ShardPage } from '../../src/edge/merge-shards.ts'
import { askAll } from '../../src/edge/ask-all.ts'
import { randomCrockford } from '../../src/identity/crockford.ts'
import {
  BUCKETS,
  WHOLE_DEPLOYMENT,
  bucketOf,
  byAccount,
  byRegion,
  hashed,
  isSamePolicy,
  shardOf,
  shardsOf,
  single,
  type ShardPolicy,
} from '../../src/identity/shard.ts'

const POLICIES: readonly ShardPolicy[] = [single(), byAccount(), hashed(1), hashed(7), hashed(BUCKETS), byRegion()]
const account = (cell = 'local'): string => `account-${randomCrockford(16)}-${cell}-1${randomCrockford(7)}`

describe('policies', () => {
  test('[SH1] put an account where its name alone says', () => {
    expect(shardOf(single(), 'any')).toBeUndefined()
    expect(shardOf(byAccount(), 'any')).toBe('any')
    expect(shardOf(byRegion(), account('weur'))).toBe('r-weur')
    expect(shardOf(byRegion(), 'a company')).toBeUndefined()
    // For ever: a bucket that changes would lose an account.
    expect(['a', 'team-0', 'account-4k7t0qj9m2xdpw3r-local-1vhz01ab', '\u{1F600}'].map(bucketOf)).toEqual([
      102, 884, 728, 122,
    ])
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(...POLICIES), (name, policy) => {
        expect(shardOf(policy, name)).toBe(shardOf(policy, name))
      }),
    )
  })

  test("[SH1] what belongs to no account is the root object's", () => {
    for (const policy of POLICIES) expect(shardOf(policy, WHOLE_DEPLOYMENT)).toBeUndefined()
  })

  test('[SH1] name every shard that an account can have, or say that they cannot', () => {
    for (const policy of POLICIES) {
      const all = shardsOf(policy, ['local', 'weur'])
      expect(all === undefined).toBe(policy.kind === 'by_account')
      for (let count = 0; count < 300; count++) {
        const name = count % 3 === 0 ? randomCrockford(9) : account(count % 3 === 1 ? 'local' : 'weur')
        if (all !== undefined) expect(all).toContain(shardOf(policy, name))
      }
    }
  })

  test.each([2, 3, 7, 16])('[SH1] hashed(%i) spreads accounts evenly', (shards) => {
    const count = 20_000
    const sizes = new Map<string | undefined, number>()
    for (let index = 0; index < count; index++) {
      const shard = shardOf(hashed(shards), account())
      sizes.set(shard, (sizes.get(shard) ?? 0) + 1)
    }
    expect(sizes.size).toBe(shards)
    // Buckets are whole: one shard may have one more of them than another. Beyond that, five deviations of chance.
    const share = count / shards
    const slack = count / BUCKETS + 5 * Math.sqrt(share)
    for (const size of sizes.values()) expect(Math.abs(size - share)).toBeLessThan(slack)
  })

  test('[SH1] buckets are all used, also by names that only count', () => {
    const used = new Set(Array.from({ length: 20_000 }, (_, index) => bucketOf(`customer-${index}`)))
    expect(used.size).toBeGreaterThan(BUCKETS * 0.98)
  })

  test('[SH1] hashed(n) to hashed(2n) moves half of the accounts; none moves between two old shards', () => {
    for (let index = 0; index < 1_000; index++) {
      const name = account()
      const [before, after] = [hashed(4), hashed(8)].map((policy) => Number(shardOf(policy, name)?.slice(1)))
      expect(Math.floor((after ?? 0) / 2)).toBe(before)
    }
  })

  test('[SH1] hashed() refuses what is no number of shards', () => {
    for (const shards of [0, -1, 1.5, BUCKETS + 1, Number.NaN]) expect(() => hashed(shards)).toThrow(TypeError)
  })

  test('[SH4] are the same when they put every account into the same shard', () => {
    for (const a of POLICIES) for (const b of POLICIES) expect(isSamePolicy(a, b)).toBe(a === b)
    expect(isSamePolicy(hashed(3), hashed(3))).toBe(true)
  })
})

interface Row {
  readonly id: string
  readonly account: string
  readonly createTimeMs: number
}

describe('merging', () => {
  const arbitraryRows = fc.uniqueArray(
    fc.record({
      account: fc.constantFrom('a', 'b', 'ab', '\u{1F600}', '\u{1F601}', '\uFF5E', ''),
      createTimeMs: fc.integer({ min: 1, max: 30 }),
    }),
    { selector: ({ account: name, createTimeMs }) => `${name} ${createTimeMs}`, maxLength: 60 },
  )

  test('[SH9] pages of several shards give every row once, in the order of bytes, whatever the pages are', () => {
    fc.assert(
      fc.property(
        arbitraryRows,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        (found, shards, limit, isMoving) => {
          const rows: Row[] = found.map((row) => ({ ...row, id: `${row.account} ${row.createTimeMs}` }))
          const inOrder = rows.toSorted((a, b) => byBytes(a.account, b.account) || a.createTimeMs - b.createTimeMs)
          // While an account moves, a second shard has it, too.
          const has = (shard: number, row: Row): boolean =>
            bucketOf(row.account) % shards === shard || (isMoving && bucketOf(row.account) % shards === shard - 1)
          const listed: Row[] = []
          let from: { account: string; after: number } | undefined = { account: '', after: 0 }
          while (from !== undefined) {
            const { account: name, after }: { account: string; after: number } = from
            const rest = inOrder.filter(
              (row) => byBytes(row.account, name) > 0 || (row.account === name && row.createTimeMs > after),
            )
            const pages = Array.from({ length: shards }, (_, shard): ShardPage<Row> => {
              const mine = rest.filter((row) => has(shard, row))
              const page = mine.slice(0, limit)
              const last = page.at(-1)
              return mine.length > limit && last !== undefined
                ? { rows: page, next: { account: last.account, after: last.createTimeMs } }
                : { rows: page }
            })
            const merged: { rows: readonly Row[]; next: { account: string; after: number } | undefined } = mergeShards(
              pages,
              limit,
            )
            expect(merged.rows.length).toBeLessThanOrEqual(limit)
            listed.push(...merged.rows)
            from = merged.next
          }
          expect(listed).toEqual(inOrder)
        },
      ),
    )
  })

  test('[SH9] asks six at a time, answers in order, and fails only when all fail', async () => {
    let running = 0
    let most = 0
    const names = Array.from({ length: 20 }, (_, index) => `${index}`)
    const ask = async (name: string): Promise<string> => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setTimeout(resolve, 1))
      running--
      if (Number(name) % 5 === 0) throw new Error(name)
      return name
    }
    const { answers, unreachable } = await askAll(names, ask)
    expect(most).toBe(6)
    expect(unreachable).toEqual(['0', '5', '10', '15'])
    expect(answers).toEqual(names.filter((name) => !unreachable.includes(name)))
    await expect(askAll(['0', '5'], ask)).rejects.toThrow('0')
    expect(await askAll([], ask)).toEqual({ answers: [], unreachable: [] })
  })
})

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
