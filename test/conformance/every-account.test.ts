// The operator's list over all accounts, however they are spread.

import { beforeAll, describe, expect, test } from 'vitest'
import { byAccount, byRegion, hashed, shardOf } from '../../src/identity/shard.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { OWNED_SHARDS_APP, SHARDS_APP } from '../support/apps.ts'
import { json } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { createCrate, listAll, placesOf, reshard, waitForMoves } from '../support/shards.ts'

describe('the list over all accounts', () => {
  let server: TestServer
  const ACCOUNTS = ['a', 'b', 'c', 'd', 'e', '\u{1F600}', '\uFF5E']
  let expected: string[]

  beforeAll(async () => {
    server = await startServer({ app: SHARDS_APP })
    const made: ResourceJson[] = []
    for (const account of ACCOUNTS)
      for (const name of ['one', 'two', 'three'])
        made.push(await createCrate(server, encodeURIComponent(account), name))
    expected = made.map(({ id }) => id)
  })

  const page = async (query: string): Promise<{ data: ResourceJson[]; next_cursor?: string; unreachable?: string[] }> =>
    (await (await server.fetch(`/v1/crates?account=-${query}`)).json()) as { data: ResourceJson[] }

  async function walk(limit: number, between?: () => Promise<void>): Promise<string[]> {
    const ids: string[] = []
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const { data, next_cursor: next } = await page(`&limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`)
      expect(data.length).toBeLessThanOrEqual(limit)
      ids.push(...data.map(({ id }) => id))
      cursor = next
      await between?.()
    }
    return ids
  }

  test.each([1, 2, 5, 200])('[SH9] is in the order (account, create_time), in pages of %i', async (limit) => {
    const accounts = (await page('&limit=200')).data.map(({ account }) => account)
    expect(accounts).toEqual(accounts.toSorted())
    expect((await walk(limit)).toSorted()).toEqual(expected.toSorted())
    expect(await walk(limit)).toEqual((await page('&limit=200')).data.map(({ id }) => id))
  })

  test('[SH9] lists everything once while accounts move', async () => {
    const whole = await walk(200)
    let rounds = 0
    const ids = await walk(2, async () => {
      if (rounds++ === 1) await reshard(server, hashed(5))
    })
    expect(ids).toEqual(whole)
    await waitForMoves(server)
    expect(await walk(3)).toEqual(whole)
  })

  test('[SH9] names the shards that do not answer, and lists the others', async () => {
    const { data, unreachable } = await page('&limit=13')
    expect(unreachable).toEqual(['control-plane-crate-h1'])
    const others = (await page('&limit=200')).data.filter(({ account }) => shardOf(hashed(5), account) !== 'h1')
    expect(data.map(({ id }) => id)).toEqual(
      others
        .slice(0, 13)
        .map(({ id }) => id)
        .slice(0, data.length),
    )
    expect(data.length).toBeGreaterThan(0)
  })

  test.each(['&order=descending', '&state=active', '&deleted=true', '&cursor=bm8', '&cursor=eyIiOjF9'])(
    '[SH9] has no %s',
    async (query) => {
      expect((await server.fetch(`/v1/crates?account=-${query}`)).status).toBe(400)
    },
  )
})

describe('a shard per account, and accounts that are resources', () => {
  test('[SH4] [SH9] are listed and left by way of the list of accounts', async () => {
    const server = await startServer({ app: OWNED_SHARDS_APP, timers: { deleteRetentionMs: 3_600_000 } })
    const owner = server.secrets.defaultAccount
    const accounts = [owner]
    for (let count = 0; count < 7; count++) {
      const answer = await server.fetch('/v1/accounts', json('POST', {}))
      accounts.push(((await answer.json()) as ResourceJson).id)
    }
    const made: string[] = []
    for (const account of accounts)
      for (const name of ['one', 'two']) made.push((await createCrate(server, account, name)).id)
    const walked: string[] = []
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const answer = await server.fetch(`/v1/crates?account=-&limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)
      const { data, next_cursor: next } = (await answer.json()) as { data: ResourceJson[]; next_cursor?: string }
      walked.push(...data.map(({ id }) => id))
      cursor = next
    }
    expect(walked).toEqual(made)

    // One that was listed is deleted, one that was not is, and both are restored when the walk is beyond them.
    const seen: string[] = []
    const step = async (cursor?: string): Promise<string | undefined> => {
      const at = cursor === undefined ? '' : `&cursor=${cursor}`
      const page = (await (await server.fetch(`/v1/crates?account=-&limit=3${at}`)).json()) as {
        data: ResourceJson[]
        next_cursor?: string
      }
      seen.push(...page.data.map(({ id }) => id))
      return page.next_cursor
    }
    const both = [accounts[1], accounts[6]]
    let cursor = await step(await step())
    for (const id of both) await server.fetch(`/v1/accounts/${id}`, { method: 'DELETE' })
    for (let count = 0; count < 3 && cursor !== undefined; count++) cursor = await step(cursor)
    for (const id of both) await server.fetch(`/v1/accounts/${id}/restore`, { method: 'POST' })
    while (cursor !== undefined) cursor = await step(cursor)
    expect(seen).toEqual(made)
    // Where an account has no home, it is the root object's; these are all in one cell.
    await reshard(server, byRegion())
    await waitForMoves(server)
    for (const account of accounts) {
      expect(await placesOf(server, account, byAccount(), byRegion())).toEqual(['r-local'])
      expect(await listAll(server, account)).toHaveLength(2)
    }
  })
})
