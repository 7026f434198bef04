import * as fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { runSql } from '../faults/control-calls.ts'
import { CATALOG_APP } from '../support/apps.ts'
import { create, json, problem } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

interface Page {
  readonly data: readonly ResourceJson[]
  readonly next_cursor?: string
}

const ORDERS = ['ascending', 'descending'] as const
/** Of the rows that a page looks at. */
const MAX_SCANNED_ROWS = 2_000

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: CATALOG_APP, timers: { deleteRetentionMs: 3_600_000 } })
})

describe('in both directions', () => {
  test('[CP6] [CP15] what exists during the whole walk appears exactly once, in order, while others come, go and come back', async () => {
    const kept = await Promise.all(Array.from({ length: 30 }, () => create(server, 'casks')))
    const walks = fc.record({ limit: fc.integer({ min: 1, max: 12 }), order: fc.constantFrom(...ORDERS) })
    await fc.assert(
      fc.asyncProperty(walks, async ({ limit, order }) => {
        const walk = { isOver: false }
        const churn = comeAndGo(walk)
        const seen = (await pages(`limit=${limit}&order=${order}`)).flatMap(({ data }) => data)
        walk.isOver = true
        await churn
        const times = seen.map(({ create_time }) => create_time)
        const sorted = times.toSorted()
        expect(times).toEqual(order === 'ascending' ? sorted : sorted.toReversed())
        const ids = seen.map(({ id }) => id)
        expect(new Set(ids).size).toBe(ids.length)
        expect(ids).toEqual(expect.arrayContaining(kept.map(({ id }) => id)))
      }),
      { numRuns: 4, examples: ORDERS.map((order) => [{ limit: 4, order }]) },
    )
    for (const { id } of kept) await server.fetch(`/v1/casks/${id}?purge=true`, { method: 'DELETE' })
  })

  test('[CP15] [HT2] a cursor belongs to one direction; one of a release before still leads on', async () => {
    const made = [await create(server, 'casks'), await create(server, 'casks'), await create(server, 'casks')]
    const ids = made.map(({ id }) => id)
    const [last] = ids.toReversed()
    const up = await page('limit=1')
    const down = await page('limit=1&order=descending')
    expect(down.data[0]?.id).toBe(last)
    for (const query of [`order=descending&cursor=${up.next_cursor}`, `cursor=${down.next_cursor}`]) {
      const refused = await server.fetch(`/v1/casks?${query}`)
      expect([refused.status, (await problem(refused)).code]).toEqual([400, 'invalid_request'])
    }
    const old = Buffer.from(JSON.stringify({ '': Date.parse(made[0]?.create_time ?? '') })).toString('base64url')
    expect((await page(`cursor=${old}`)).data.map(({ id }) => id)).toEqual(ids.slice(1))
  })

  test.each(['order=sideways', 'deleted=maybe', 'q=', `q=${'x'.repeat(101)}`, 'cursor=e30'])(
    '[HT2] refuses ?%s',
    async (query) => {
      const refused = await server.fetch(`/v1/casks?${query}`)
      expect([refused.status, (await problem(refused)).code]).toEqual([400, 'invalid_request'])
    },
  )
})

describe('searching', () => {
  const made = new Map<string, string>()

  beforeAll(async () => {
    for (const name of ['Hauptstraße 5', 'hauptweg', '100 %_\\', 'Cafe\u0301 Anna'])
      made.set(name, (await create(server, 'casks', { name })).id)
  })

  test.each([
    ['HAUPT', ['Hauptstraße 5', 'hauptweg']],
    ['strasse', ['Hauptstraße 5']],
    ['CAF\u00c9', ['Cafe\u0301 Anna']],
    ['%_\\', ['100 %_\\']],
    ['%', ['100 %_\\']],
    ['h%g', []],
    ['nowhere', []],
  ])('[CP15] finds by %j: %j', async (text, names) => {
    expect((await page(`q=${encodeURIComponent(text)}`)).data.map(({ id }) => id)).toEqual(
      names.map((name) => made.get(name)),
    )
  })

  test('[CP15] finds a whole identifier, and no part of one', async () => {
    const id = made.get('hauptweg') ?? ''
    expect((await page(`q=${id}`)).data.map((found) => found.name)).toEqual(['hauptweg'])
    expect((await page(`q=${id.slice(0, -1)}`)).data).toEqual([])
  })

  test('[CP15] [CP13] shows what can be restored, by name too, and not what was purged', async () => {
    const [kept, purged, alive] = [
      await create(server, 'casks', { name: 'Oak one' }),
      await create(server, 'casks', { name: 'Oak two' }),
      await create(server, 'casks', { name: 'Oak three' }),
    ]
    await server.fetch(`/v1/casks/${kept.id}`, { method: 'DELETE' })
    await server.fetch(`/v1/casks/${purged.id}?purge=true`, { method: 'DELETE' })
    const found = (await page('deleted=true&q=oak')).data
    expect(found.map(({ id, state }) => [id, state])).toEqual([[kept.id, 'deleted']])
    expect(found[0]?.purge_time).toMatch(/Z$/)
    expect((await page('deleted=false&q=oak')).data.map(({ id }) => id)).toEqual([alive.id])
    await server.fetch(`/v1/casks/${kept.id}/restore`, json('POST', {}))
    expect((await page('deleted=true&q=oak')).data).toEqual([])
    expect((await page('q=oak&order=descending')).data.map(({ id }) => id)).toEqual([alive.id, kept.id])
  })

  test('[CP15] a page looks at a bounded number of rows: short pages, and the cursor leads on until the end', async () => {
    const own = await startServer({ app: CATALOG_APP })
    const needle = await create(own, 'casks', { name: 'needle' })
    const count = 2 * MAX_SCANNED_ROWS + 10
    await fill(own, needle.id, count)
    for (const order of ORDERS) {
      const all = await pages(`limit=200&q=needle&order=${order}`, own)
      expect([order, all.flatMap(({ data }) => data.map(({ id }) => id))]).toEqual([order, [needle.id]])
      expect([order, all.map(({ data }) => data.length)]).toEqual([
        order,
        order === 'ascending' ? [1, 0, 0] : [0, 0, 1],
      ])
      expect((await pages(`limit=200&q=hay&order=${order}`, own)).flatMap(({ data }) => data)).toHaveLength(count)
    }
    // Each is one range of one index, filtered on the way.
    for (const [index, condition] of [
      ['resource_by_time', 'listed = 1'],
      ['resource_restorable', 'purge_time IS NOT NULL'],
    ] as const) {
      const plan = await runSql(
        own,
        `EXPLAIN QUERY PLAN SELECT * FROM resource WHERE ${condition} AND account = '' AND create_time < 5
         AND create_time >= 1 AND (instr(name_key, 'x') > 0 OR id = 'x') ORDER BY create_time DESC LIMIT 5`,
      )
      expect(plan.map(({ detail }) => String(detail))).toEqual([
        expect.stringMatching(
          new RegExp(`^SEARCH resource USING INDEX ${index} \\(account=\\? AND create_time>\\? AND`),
        ),
      ])
    }
  })
})

/** Two at a time are created, deleted, restored and purged until the walk is over. */
async function comeAndGo(walk: { readonly isOver: boolean }): Promise<void> {
  const one = async (): Promise<void> => {
    do {
      const { id } = await create(server, 'casks')
      await server.fetch(`/v1/casks/${id}`, { method: 'DELETE' })
      await server.fetch(`/v1/casks/${id}/restore`, json('POST', {}))
      await server.fetch(`/v1/casks/${id}?purge=true`, { method: 'DELETE' })
    } while (!walk.isOver)
  }
  await Promise.all([one(), one()])
}

/** Copies a row many times, later and under other names, as no test can create them in time. */
async function fill(own: TestServer, id: string, count: number): Promise<void> {
  const [row = {}] = await runSql(own, `SELECT * FROM resource WHERE id = '${id}'`)
  const others: Readonly<Record<string, string>> = {
    id: "id || '-' || n",
    name: "'hay ' || n",
    name_key: "'hay ' || n",
    create_time: 'create_time + n',
  }
  const columns = Object.keys(row)
  await runSql(
    own,
    `WITH RECURSIVE counter (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < ${count})
     INSERT INTO resource (${columns.join()}) SELECT ${columns.map((column) => others[column] ?? column).join()}
     FROM resource, counter WHERE id = '${id}'`,
  )
}

async function page(query: string, from = server): Promise<Page> {
  const response = await from.fetch(`/v1/casks?${query}`)
  expect(response.status).toBe(200)
  return (await response.json()) as Page
}

async function pages(query: string, from = server): Promise<Page[]> {
  const all: Page[] = []
  for (let cursor = ''; ;) {
    const next = await page(query + cursor, from)
    all.push(next)
    if (next.next_cursor === undefined) return all
    cursor = `&cursor=${next.next_cursor}`
  }
}
