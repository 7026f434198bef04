// What one request asks for in many places: few at a time, and never more than an engine allows.

import { describe, expect, test } from 'vitest'
import { askAll } from '../../src/edge/ask-all.ts'
import { CALLS_AT_ONCE, MAX_CALLS, fewAtOnce } from '../../src/object/few-at-once.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { makeAccount } from '../support/accounts.ts'
import { MANY_SHARDS_APP } from '../support/apps.ts'
import { content, json } from '../support/http.ts'
import { startServer } from '../support/server.ts'
import { sourcesBelow } from '../structure/sources.ts'

const wait = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A name that begins with a dash does not answer. */
async function ask(name: string): Promise<string> {
  if (name.startsWith('-')) throw new Error(name)
  return name
}

describe('a few at once', () => {
  test('[CD5] keeps the order, and has six under way at most', async () => {
    let [underWay, most] = [0, 0]
    const items = Array.from({ length: 50 }, (_, index) => index)
    const answers = await fewAtOnce(items, async (item) => {
      most = Math.max(most, ++underWay)
      // Later ones end earlier.
      for (let turns = item % 7; turns >= 0; turns--) await wait()
      underWay--
      return item * 2
    })
    expect([answers, most]).toEqual([items.map((item) => item * 2), CALLS_AT_ONCE])
    expect(await fewAtOnce([], wait)).toEqual([])
  })

  test('[CD5] fails with the first failure, and begins nothing after it', async () => {
    const begun: number[] = []
    const items = Array.from({ length: 50 }, (_, index) => index)
    const failing = fewAtOnce(items, async (item) => {
      begun.push(item)
      await wait()
      if (item === 3) throw new Error('three')
    })
    await expect(failing).rejects.toThrow('three')
    await wait()
    expect(begun.length).toBeLessThanOrEqual(2 * CALLS_AT_ONCE)
  })

  test('[CD5] one that does not answer does not keep the others from it, unless none does', async () => {
    expect(await askAll(['a', '-b', 'c'], ask)).toEqual({ answers: ['a', 'c'], unreachable: ['-b'] })
    expect(await askAll([], ask)).toEqual({ answers: [], unreachable: [] })
    await expect(askAll(['-a', '-b'], ask)).rejects.toThrow('-a')
  })
})

test('[CD5] whatever else the planes do at once, they say how many', () => {
  const files = ['edge', 'control-plane', 'object'].flatMap((folder) => sourcesBelow(`src/${folder}`))
  const unbounded = files.filter(({ text }) => /Promise\.(all|allSettled|any)\((?!workers\))/.test(text))
  expect(unbounded.map(({ path }) => path)).toEqual([
    // Digests of the operator's keys: no calls.
    'src/edge/authorize.ts',
    // Asks a builder's hook, and computes identifiers: no calls of ours.
    'src/control-plane/create.ts',
    'src/control-plane/mint.ts',
  ])
})

test('[CD5] [SH9] a list over more shards than one request may ask goes through the accounts instead', async () => {
  const server = await startServer({ app: MANY_SHARDS_APP })
  const made: string[] = []
  for (const name of ['a', 'b', 'c']) {
    const { key } = await makeAccount(server, { name })
    const created = await content(server, '/v1/ledgers', key.key, json('POST', { name }))
    made.push(((await created.json()) as ResourceJson).id)
  }
  const before = server.sqliteFiles().control
  const listed: string[] = []
  for (let cursor = ''; ;) {
    const page = await server.fetch(`/v1/ledgers?account=-&limit=2${cursor}`)
    expect(page.status).toBe(200)
    const { data, next_cursor: next } = (await page.json()) as { data: ResourceJson[]; next_cursor?: string }
    listed.push(...data.map(({ id }) => id))
    if (next === undefined) break
    cursor = `&cursor=${encodeURIComponent(next)}`
  }
  expect(listed).toEqual(made)
  // Its own account's shard, which had nothing before, and no other.
  expect(server.sqliteFiles().control - before).toBeLessThanOrEqual(1)
  expect(MAX_CALLS).toBeLessThan(1_000)
})
