// Where accounts are: policies, moving from one to another, and the operator's list over all of them.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { byAccount, hashed, shardOf, single, type ShardPolicy } from '../../src/identity/shard.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { LEDGER_APP, LEDGER_NEXT_APP, SHARDS_APP } from '../support/apps.ts'
import { content, json, problem } from '../support/http.ts'
import { makeTestDirectory, startServer, type TestServer } from '../support/server.ts'
import {
  accountsOn,
  change,
  createCrate,
  listAll,
  placesOf,
  reshard,
  typeOf,
  waitForMoves,
  type Account,
} from '../support/shards.ts'

describe('policies', () => {
  test('[SH3] the persisted one rules; the log says so once, and how to change it', async () => {
    const directory = makeTestDirectory()
    const dataDir = join(directory, 'data')
    try {
      const first = await startServer({ app: LEDGER_APP, dataDir })
      expect(await typeOf(first, 'sheet')).toMatchObject({
        plural: 'sheets',
        policy: single(),
        epoch: 1,
        moving: false,
      })
      await first.dispose()
      const second = await startServer({ app: LEDGER_NEXT_APP, dataDir })
      await second.fetch('/v1/sheets')
      await second.fetch('/v1/sheets')
      expect(await typeOf(second, 'sheet')).toMatchObject({ policy: single(), proposed_policy: byAccount(), epoch: 1 })
      const lines = second.log.filter(({ message }) => message.includes('policy_differs'))
      expect(lines).toHaveLength(1)
      expect(lines[0]?.message).toContain('PUT /v1/types/sheet/policy')
      await second.dispose()
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})

describe('accounts that move', () => {
  let server: TestServer
  const accounts: readonly Account[] = Array.from({ length: 8 }, (_, index) => `team-${index}`)
  /** Account -> its crates, in the order of creation. */
  const crates = new Map<Account, ResourceJson[]>()

  beforeAll(async () => {
    server = await startServer({ app: SHARDS_APP })
    for (const account of accounts) {
      const made: ResourceJson[] = []
      for (const name of ['one', 'two', 'three']) made.push(await createCrate(server, account, name))
      crates.set(account, made)
    }
    await change(server, 'team-0', crates.get('team-0')?.[2]?.id ?? '', { method: 'DELETE' })
  })

  test('[SH1] begin where the policy puts them, all of one in one shard', async () => {
    for (const shard of ['h0', 'h1']) {
      const here = accounts.filter((account) => shardOf(hashed(2), account) === shard)
      expect(here.length).toBeGreaterThan(0)
      expect(await accountsOn(server, shard)).toEqual(here.toSorted())
    }
  })

  test.each<[ShardPolicy]>([[hashed(5)], [single()], [hashed(3)], [byAccount()]])(
    '[SH4] [SH5] move to where %j puts them, with all that they have',
    async (policy) => {
      const before = await typeOf(server, 'crate')
      const operation = await reshard(server, policy)
      expect(operation).toMatchObject({ kind: 'reshard', type: 'crate', subject: { from: before.policy, to: policy } })
      await waitForMoves(server)
      expect(await typeOf(server, 'crate')).toMatchObject({ policy, epoch: before.epoch + 1, moving: false })
      for (const account of accounts) {
        const home = shardOf(policy, account)
        // Nothing is left of it in any other shard.
        expect([account, await placesOf(server, account, before.policy, policy)]).toEqual([account, [home]])
        const made = crates.get(account) ?? []
        const there = made.filter(({ name }) => account !== 'team-0' || name !== 'three')
        expect(await listAll(server, account)).toEqual(there.map(({ id }) => id))
        // Names, keys and deleted ones are where the resources are.
        const taken = await change(server, account, '', json('POST', { name: 'ONE' }))
        expect(taken.status).toBe(409)
        const again = await createCrate(server, account, 'two', 'two')
        expect(again.id).toBe(made[1]?.id)
        const gone = await change(server, account, made[2]?.id ?? '', {})
        expect(((await gone.json()) as ResourceJson).state).toBe(account === 'team-0' ? 'deleted' : 'active')
      }
    },
    20_000,
  )

  test('[SH4] the policy that is there already is an operation that is done at once', async () => {
    const { policy, epoch } = await typeOf(server, 'crate')
    expect(await reshard(server, policy)).toMatchObject({ state: 'succeeded', progress: { total: 0, done: 0 } })
    expect(await typeOf(server, 'crate')).toMatchObject({ policy, epoch, moving: false })
  })

  test('[SH4] shards of accounts that nobody lists cannot be left', async () => {
    const answer = await server.fetch('/v1/types/crate/policy', json('PUT', single()))
    expect([answer.status, (await problem(answer)).code]).toEqual([400, 'invalid_request'])
    const list = await server.fetch('/v1/crates?account=-')
    expect(list.status).toBe(400)
  })

  test.each<[string, unknown, number]>([
    ['crate', { kind: 'hashed' }, 400],
    ['crate', { kind: 'hashed', shards: 0 }, 400],
    ['crate', { kind: 'hashed', shards: 1_025 }, 400],
    ['crate', { kind: 'single', shards: 2 }, 400],
    ['crate', { kind: 'by_mood' }, 400],
    ['barrel', { kind: 'single' }, 404],
  ])('[SH4] the policy of %s cannot be %j', async (type, policy, status) => {
    expect((await server.fetch(`/v1/types/${type}/policy`, json('PUT', policy))).status).toBe(status)
  })

  test("[SH4] [SH9] policies and the list over all accounts are the operator's", async () => {
    const as = { headers: { 'x-role': 'member', 'x-account': 'team-0' } }
    const asked = [
      server.fetch('/v1/types', as),
      server.fetch('/v1/types/crate/policy', { ...json('PUT', single(), as.headers) }),
      server.fetch('/v1/crates?account=-', as),
    ]
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([403, 403, 403])
  })
})

describe('a move that is held in the middle', () => {
  const ACCOUNT = 'held'
  let server: TestServer
  let id: string

  beforeAll(async () => {
    server = await startServer({ app: SHARDS_APP, faults: true, timers: { usageIntervalMs: 100 } })
    id = (await createCrate(server, ACCOUNT, 'only')).id
  })

  const rename = (): Promise<Response> => change(server, ACCOUNT, id, json('PATCH', { name: 'renamed' }))
  const read = async (): Promise<number> => (await change(server, ACCOUNT, id, {})).status
  const list = async (): Promise<string[]> => {
    const { data } = (await (await server.fetch('/v1/crates?account=-')).json()) as { data: ResourceJson[] }
    return data.map((crate) => crate.id)
  }

  test.each(['move.begun', 'move.frozen', 'move.copied', 'move.gone', 'move.adopted'])(
    '[SH6] [SH8] at %s: reads are answered, changes are made once or refused as not applied',
    async (point) => {
      const release = server.faults?.hold(point)
      const hits = server.faults?.hits(point) ?? 0
      const { policy } = await typeOf(server, 'crate')
      await reshard(server, policy.kind === 'single' ? hashed(2) : single())
      await server.faultHit(point, hits + 1)
      try {
        expect(await read()).toBe(200)
        expect(await list()).toEqual([id])
        const second = await server.fetch('/v1/types/crate/policy', json('PUT', hashed(7)))
        expect([second.status, (await problem(second)).code]).toEqual([409, 'not_ready'])
        const answer = await rename()
        if (point === 'move.begun' || point === 'move.adopted') {
          expect(answer.status).toBe(200)
        } else {
          expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
          expect(await problem(answer)).toMatchObject({ code: 'unavailable', retryable: true, applied: 'no' })
        }
      } finally {
        release?.()
      }
      await expect.poll(async () => (await rename()).status, { timeout: 5_000 }).toBe(200)
      await waitForMoves(server)
      expect(await read()).toBe(200)
      expect(await list()).toEqual([id])
    },
  )

  test('[SH8] an object that knows the shard of before still tells what it holds', async () => {
    const before = await shown(server, id)
    const { url } = before
    // Several times, with no descriptor in between that would tell it.
    for (const policy of [hashed(5), single(), hashed(3)]) {
      await reshard(server, policy)
      await waitForMoves(server)
    }
    const path = new URL(url).pathname
    const { token } = (await (
      await change(server, ACCOUNT, `${id}/tokens`, json('POST', { permission: 'write' }))
    ).json()) as { token: string }
    const written = await content(server, path, token, { method: 'PUT', body: 'x'.repeat(100_000) })
    expect(written.status).toBe(200)
    await expect
      .poll(async () => (await shown(server, id)).usage?.bytes ?? 0, { timeout: 10_000 })
      .toBeGreaterThan(100_000)
  })
})

async function shown(server: TestServer, id: string): Promise<ResourceJson> {
  return (await (await change(server, 'held', id, {})).json()) as ResourceJson
}
