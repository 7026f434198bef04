// Accounts move between shards while they are written to and read, and while processes die.

import { beforeAll, describe, expect, test } from 'vitest'
import { byAccount, hashed, shardOf, single, type ShardPolicy } from '../../src/identity/shard.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { SHARDS_APP } from '../support/apps.ts'
import { seedOf, toRandom } from '../support/random.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { createCrate, listAll, placesOf, reshard, sqlOn, waitForMoves } from '../support/shards.ts'
import { POINTS, withQuickRestarts } from './points.ts'
import { Traffic } from './moves-traffic.ts'

describe('killed at each point of a move', () => {
  const ACCOUNTS = ['anna', 'bert', 'cleo']
  const AUDITED = 700
  const POLICIES: readonly ShardPolicy[] = [hashed(2), single()]
  const made = new Map<string, string[]>()
  let server: TestServer
  let round = 0

  beforeAll(async () => {
    server = await startServer({ app: SHARDS_APP, faults: true })
    for (const account of ACCOUNTS) {
      const crates = await Promise.all(['a', 'b', 'c'].map((name) => createCrate(server, account, name)))
      made.set(account, crates.map(({ id }) => id).toSorted())
    }
    // More than one page holds.
    await sqlOn(
      server,
      shardOf(hashed(2), 'anna'),
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${AUDITED})
       INSERT INTO audit SELECT 'anna', 1000000 + i, ${Date.now()}, 'someone', 'update', 'crate ' || i, 'ok', 'request ' || i FROM n`,
    )
  })

  test.each(POINTS.move)('[SH7] the control process dies at %s', async (point) => {
    await withQuickRestarts(server)
    const [before, after] = [POLICIES[round % 2], POLICIES[(round + 1) % 2]] as [ShardPolicy, ShardPolicy]
    round++
    const hits = server.faults?.hits(point) ?? 0
    server.armFault(point, 'control')
    // The answer to the request may be what dies; whatever it was, the operation is recorded.
    await reshard(server, after).catch(() => undefined)
    await server.faultHit(point, hits + 1)
    await server.control.ready()
    await waitForMoves(server)
    for (const account of ACCOUNTS) {
      expect([account, await placesOf(server, account, before, after)]).toEqual([account, [shardOf(after, account)]])
      expect((await listAll(server, account)).toSorted()).toEqual(made.get(account))
      // Keys went with it.
      expect(made.get(account)).toContain((await createCrate(server, account, 'a')).id)
    }
    const copied = await sqlOn(
      server,
      shardOf(after, 'anna'),
      "SELECT count(*) AS count, sum(seq - 1000000) AS sum FROM audit WHERE account = 'anna' AND seq > 1000000",
    )
    expect(copied).toEqual([{ count: AUDITED, sum: (AUDITED * (AUDITED + 1)) / 2 }])
  })
})

/** Twenty-five moves of accounts and more; the last of the policies is one that this application cannot leave. */
const STORM: readonly ShardPolicy[] = [hashed(5), single(), hashed(4), hashed(3), byAccount()]
const STORM_ACCOUNTS = Array.from({ length: 8 }, (_, index) => `account-${index}`)
const WRITES_PER_SECOND = 200

test('[SH6] [SH7] [SH8] 20 moves under 200 writes/s, either process killed at random: nothing is missing or twice, no read fails', async () => {
  const seed = seedOf()
  const random = toRandom(seed)
  const server = await startServer({ app: SHARDS_APP })
  const traffic = new Traffic(server, STORM_ACCOUNTS, random, WRITES_PER_SECOND)
  const running = traffic.run()
  running.catch(() => {})
  let moves = 0
  let before: ShardPolicy = hashed(2)
  try {
    await traffic.warmUp(60)
    for (const policy of STORM) {
      await expect
        .poll(
          () =>
            reshard(server, policy).then(
              () => true,
              () => false,
            ),
          { timeout: 10_000 },
        )
        .toBe(true)
      moves += STORM_ACCOUNTS.filter((account) => shardOf(before, account) !== shardOf(policy, account)).length
      before = policy
      // One in three is left in peace, so that there is something to measure.
      const dies = random()
      if (dies < 0.67) await traffic.kill(dies < 0.4 ? 'control' : 'data', Math.floor(random() * 150))
      await waitForMoves(server)
    }
    await traffic.kill('control', Math.floor(random() * 150))
  } finally {
    traffic.stop()
    console.log(`moves: seed ${seed}; ${moves} moves; ${traffic.summary()}`)
    await running
  }
  expect(moves).toBeGreaterThanOrEqual(20)
  expect(traffic.failedReads).toEqual([])
  expect(traffic.strangeAnswers).toEqual([])
  for (const account of STORM_ACCOUNTS) {
    const crates = traffic.cratesOf(account)
    expect((await listAll(server, account)).toSorted(), account).toEqual(crates.map(({ id }) => id).toSorted())
    expect(await placesOf(server, account, hashed(2), ...STORM)).toEqual([account])
    const rows = await sqlOn(
      server,
      account,
      'SELECT id, metadata, phase, desired_version - applied_version AS behind FROM resource',
    )
    const written = rows.map(({ id, metadata }) => [
      id,
      (JSON.parse(String(metadata)) as ResourceJson['metadata'])['n'],
    ])
    expect(new Map(written as [string, string][])).toEqual(new Map(crates.map(({ id, last }) => [id, String(last)])))
    expect(rows.filter(({ phase, behind }) => phase !== 'live' || behind !== 0)).toEqual([])
    const [counters] = await sqlOn(
      server,
      account,
      `SELECT count(DISTINCT create_time) AS times, max(incarnation) <= (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'incarnation') AS isAbove,
       max(create_time) <= (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'last_create_time') AS isLater FROM resource`,
    )
    expect(counters).toEqual({ times: crates.length, isAbove: 1, isLater: 1 })
    const [quota] = await sqlOn(server, account, 'SELECT resources FROM quota')
    expect(quota).toEqual({ resources: crates.length })
  }
  expect(server.sqliteFiles().data).toBe(traffic.total)
})
