// How large a resource is and when it was last written to, as the API shows it: what the object itself reported.

import { beforeAll, expect, test } from 'vitest'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { LEDGER_APP } from '../support/apps.ts'
import { json, makeResource } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

const INTERVAL_MS = 200
/** Far more than an interval and a half: for a busy machine. */
const ARRIVES = { timeout: 10_000, interval: 50 }

let server: TestServer
beforeAll(async () => {
  server = await startServer({
    app: LEDGER_APP,
    timers: { usageIntervalMs: INTERVAL_MS, deleteRetentionMs: 3_600_000 },
  })
})

async function record(id: string): Promise<ResourceJson> {
  return (await (await server.fetch(`/v1/ledgers/${id}`)).json()) as ResourceJson
}

/** Of the last write that was reported. */
async function writeTimeOf(id: string): Promise<number> {
  return Date.parse((await record(id)).usage?.last_write_time ?? '')
}

test('[CP16] a record shows bytes and last write, and is otherwise the same as before', async () => {
  const { id, ask } = await makeResource(server)
  const { headers } = await server.fetch(`/v1/ledgers/${id}`)
  const before = await record(id)
  expect(before.usage).toBeUndefined()
  const begun = Date.now()
  expect((await ask('blob?bytes=300000', { method: 'PUT' })).status).toBe(204)
  const written = Date.now()
  await expect.poll(() => writeTimeOf(id), ARRIVES).toBeGreaterThanOrEqual(begun)
  const { usage, ...rest } = await record(id)
  expect(rest).toEqual(before)
  expect((await server.fetch(`/v1/ledgers/${id}`)).headers.get('etag')).toBe(headers.get('etag'))
  expect(Date.parse(usage?.last_write_time ?? '')).toBeLessThanOrEqual(written)
  expect(Date.parse(usage?.report_time ?? '')).toBeGreaterThanOrEqual(begun)
  // Whole pages, and what SQLite keeps about them.
  expect(usage?.bytes).toBeGreaterThan(300_000)
  expect(usage?.bytes).toBeLessThan(450_000)
  const { data } = (await (await server.fetch('/v1/ledgers')).json()) as { data: ResourceJson[] }
  expect(data.find((one) => one.id === id)?.usage).toEqual(usage)

  expect((await ask('blob', { method: 'DELETE' })).status).toBe(204)
  await expect.poll(() => writeTimeOf(id), ARRIVES).toBeGreaterThanOrEqual(written)
})

test('[CP16] content that was loaded as a whole is reported', async () => {
  const { ask } = await makeResource(server)
  await ask('blob?bytes=400000', { method: 'PUT' })
  const dump = await (await ask('dump')).text()
  const copy = await makeResource(server)
  expect((await copy.ask('load', { method: 'PUT', body: dump })).status).toBe(204)
  await expect.poll(async () => (await record(copy.id)).usage?.bytes, ARRIVES).toBeGreaterThan(400_000)
})

test('[CP16] a write before the deletion is reported after the restoration', async () => {
  const { id, ask } = await makeResource(server)
  const begun = Date.now()
  expect((await ask('entries', { method: 'POST', body: 'kept' })).status).toBe(204)
  const written = Date.now()
  expect((await server.fetch(`/v1/ledgers/${id}`, { method: 'DELETE' })).status).toBe(200)
  expect((await server.fetch(`/v1/ledgers/${id}/restore`, json('POST', {}))).status).toBe(200)
  await expect.poll(() => writeTimeOf(id), ARRIVES).toBeGreaterThanOrEqual(begun)
  expect(await writeTimeOf(id)).toBeLessThanOrEqual(written)
})
