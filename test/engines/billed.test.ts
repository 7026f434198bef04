// What Cloudflare bills for objects (calls, alarms, rows), as the table in docs/cloudflare.md has it: its figures are the bounds here.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { makeAccount, type TestAccount } from '../support/accounts.ts'
import { BILLED_APP } from '../support/apps.ts'
import { content, json, type Token } from '../support/http.ts'
import { ROOT, startServer, type TestServer } from '../support/server.ts'

/** As test/support/apps/billed.ts tells it. */
interface Billed {
  readonly requests: number
  readonly alarms: number
  readonly rowsRead: number
  readonly rowsWritten: number
}

/** `| creating | 3 | 1 | 70 | 36 |` -> at most so many calls, alarms, rows read and written. */
const documented = new Map(
  Array.from(
    readFileSync(join(ROOT, 'docs/cloudflare.md'), 'utf8').matchAll(
      /^\| ([a-z ,]+?) +\| (\d+) +\| (\d+) +\| (\d+) +\| (\d+) +\|$/gm,
    ),
    ([, name = '', ...figures]): [string, Billed] => {
      const [requests = 0, alarms = 0, rowsRead = 0, rowsWritten = 0] = figures.map(Number)
      return [name, { requests, alarms, rowsRead, rowsWritten }]
    },
  ),
)

const REPORT_MS = 300
const NOTHING: Billed = { requests: 0, alarms: 0, rowsRead: 0, rowsWritten: 0 }
let server: TestServer
let account: TestAccount
beforeAll(async () => {
  server = await startServer({
    app: BILLED_APP,
    timers: { deleteRetentionMs: 3_600_000, usageIntervalMs: REPORT_MS, tombstoneRetentionMs: 300 },
  })
  account = await makeAccount(server)
  // What only the first of an account costs is not what one costs.
  await account.ask('/v1/wikis', json('POST', { name: 'the first' }))
})

/** Since the last time. */
async function meter(): Promise<Billed> {
  const all = (await (await server.fetch('/billed/')).json()) as Readonly<Record<'control' | 'data', Billed>>
  return sum(all.control, all.data)
}

function sum(a: Billed, b: Billed): Billed {
  return {
    requests: a.requests + b.requests,
    alarms: a.alarms + b.alarms,
    rowsRead: a.rowsRead + b.rowsRead,
    rowsWritten: a.rowsWritten + b.rowsWritten,
  }
}

async function expectBilled(name: string, run: () => Promise<Response>): Promise<Response> {
  const most = documented.get(name)
  if (most === undefined) throw new Error(`docs/cloudflare.md does not tell what "${name}" costs`)
  // What the one before has left behind.
  await vi.waitFor(async () => expect(await meter()).toEqual(NOTHING), { timeout: 10_000, interval: 2 * REPORT_MS })
  const response = await run()
  expect(response.status, await response.clone().text()).toBeLessThan(300)
  let spent = await meter()
  await vi.waitFor(async () => {
    const more = await meter()
    spent = sum(spent, more)
    // An alarm is counted when it begins, and its rows as it goes on.
    expect([spent.alarms >= most.alarms, more.rowsRead]).toEqual([true, 0])
  }, 5_000)
  for (const figure of ['requests', 'alarms', 'rowsRead', 'rowsWritten'] as const)
    expect.soft(spent[figure], `${figure} of ${name}`).toBeLessThanOrEqual(most[figure])
  return response
}

const PAGE = '<!doctype html><html><body>saved</body></html>'

describe('what is billed', () => {
  test('[CD7] is at most what the documentation says', async () => {
    const named = (name: string) => () => account.ask('/v1/wikis', json('POST', { name }))
    const made = await expectBilled('creating', named('a'))
    const { id } = (await made.json()) as ResourceJson
    const minted = await account.ask(`/v1/wikis/${id}/tokens`, json('POST', { permission: 'write' }))
    const { token } = (await minted.json()) as Token
    const put = (text: string) => () =>
      content(server, `/wikis/${id}/`, token, {
        method: 'PUT',
        body: PAGE + text,
        headers: { 'content-type': 'text/html' },
      })
    await expectBilled('writing and reporting it', put('1'))
    await expectBilled('reading', () => content(server, `/wikis/${id}/`, token))
    const one = `/v1/wikis/${id}`
    await expectBilled('asking for its record', () => account.ask(one))
    await expectBilled('a token', () => account.ask(`${one}/tokens`, json('POST', {})))
    await expectBilled('renaming', () => account.ask(one, json('PATCH', { name: 'b' })))
    await expectBilled('another change', () => account.ask(one, json('PATCH', { mode: 'read_only' })))
    await expectBilled('deleting', () => account.ask(one, { method: 'DELETE' }))
    await expectBilled('purging and forgetting', () => account.ask(`${one}?purge=true`, { method: 'DELETE' }))
    expect(await meter()).toEqual(NOTHING)
    expect(documented.size).toBe(9)
  })
})
