// Usage as objects report it, seen where it arrives: in the calls that the control process got.

import { beforeAll, expect, test } from 'vitest'
import type { ControlCall } from '../../src/wire/planes.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { kill9 } from '../support/engine-log.ts'
import { create, json, mintToken } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { CASK_APP, inspect, save } from './casks.ts'
import { askControl } from './control-calls.ts'

const INTERVAL_MS = 300
/** A report is at most one and a half intervals late, or a retry of two seconds later; the rest is a busy machine. */
const ARRIVES = { timeout: 15_000, interval: 50 }

type Report = ControlCall<'reportUsage'>['args'] & { readonly object: string; readonly account: string }

interface Traffic {
  readonly control: readonly { readonly call: ControlCall }[]
}

let server: TestServer

beforeAll(async () => {
  server = await startServer({ app: CASK_APP, timers: { usageIntervalMs: INTERVAL_MS } })
})

/** Of one resource; those that the control process has answered in its present life. */
async function reports(id: string): Promise<Report[]> {
  const { control } = (await (await server.fetch('/planes/traffic')).json()) as Traffic
  return control
    .map(({ call }) => call)
    .filter((call): call is ControlCall<'reportUsage'> => call.method === 'reportUsage')
    .map(({ args, object, caller }) => ({ ...args, object, account: caller.account }))
    .filter((report) => report.id === id)
}

async function make(): Promise<{ id: string; token: string }> {
  const { id } = await create(server, 'casks')
  const { token } = await mintToken(server, 'casks', id)
  return { id, token }
}

test('[CP16] many writes make one report an interval, of the last write; no write, no report', async () => {
  const { id, token } = await make()
  const begun = Date.now()
  let last = begun
  for (let writes = 0; last - begun < 5 * INTERVAL_MS || writes < 20; writes++) {
    last = Date.now()
    await save(server, id, token, 'x'.repeat(2_000))
  }
  const done = Date.now()
  await expect.poll(async () => (await reports(id)).at(-1)?.usage.writeTimeMs, ARRIVES).toBeGreaterThanOrEqual(last)
  const all = await reports(id)
  // The last write set the timer of one more interval at most.
  expect(all.length).toBeLessThanOrEqual(Math.ceil((done - begun) / INTERVAL_MS) + 1)
  const { row, object } = await inspect(server, id)
  expect(all.at(-1)).toMatchObject({ id, incarnation: row.incarnation, object: 'control-plane-cask' })
  expect(all.at(-1)?.account).toBe(object.kind === 'descriptor' ? object.descriptor.account : undefined)
  expect(all.at(-1)?.usage.writeTimeMs).toBeLessThanOrEqual(done)
  const sizes = all.map(({ usage }) => usage.bytes)
  expect(sizes).toEqual(sizes.toSorted((a, b) => a - b))
  expect(sizes.at(-1)).toBeGreaterThan(20 * 2_000)
  const quiet = await create(server, 'casks')
  await expect.poll(() => Date.now() > done + 4 * INTERVAL_MS, ARRIVES).toBe(true)
  expect(await reports(id)).toEqual(all)
  expect(await reports(quiet.id)).toEqual([])
})

test('[CP16] a report that everything was killed before is made at the next start', async () => {
  const { id, token } = await make()
  const before = Date.now()
  await save(server, id, token, 'kept')
  const after = Date.now()
  await server.kill9()
  await server.start()
  await expect.poll(async () => (await reports(id)).length, ARRIVES).toBe(1)
  const [report] = await reports(id)
  expect(report?.usage.writeTimeMs).toBeGreaterThanOrEqual(before)
  expect(report?.usage.writeTimeMs).toBeLessThanOrEqual(after)
})

/** Writes for some intervals, and says how long the slowest took. */
async function writeOn(id: string, token: string): Promise<{ slowest: number; last: number }> {
  const end = Date.now() + 5 * INTERVAL_MS
  let slowest = 0
  let last = 0
  while (Date.now() < end) {
    last = Date.now()
    await save(server, id, token, `at ${last}`)
    slowest = Math.max(slowest, Date.now() - last)
  }
  return { slowest, last }
}

/** Below every deadline that a write could wait for, and far above what a write takes. */
const UNDELAYED_MS = 1_000

test('[CP16] a dead control plane delays nothing, and is told when it is back', async () => {
  const { id, token } = await make()
  const controlPid = server.control.pid ?? 0
  // Without the supervisor nobody starts it again.
  await server.kill9Supervisor()
  kill9(controlPid)
  const { slowest, last } = await writeOn(id, token)
  expect(slowest).toBeLessThan(UNDELAYED_MS)
  await server.start()
  await expect.poll(async () => (await reports(id)).length, ARRIVES).toBe(1)
  const [report] = await reports(id)
  expect(report?.usage.writeTimeMs).toBeLessThanOrEqual(last + slowest)
  expect(report?.usage.writeTimeMs).toBeGreaterThan(last - 10 * INTERVAL_MS)
})

test('[CP16] one that hangs delays nothing either', async () => {
  const { id, token } = await make()
  const controlPid = server.control.pid ?? 0
  process.kill(controlPid, 'SIGSTOP')
  try {
    expect((await writeOn(id, token)).slowest).toBeLessThan(UNDELAYED_MS)
  } finally {
    process.kill(controlPid, 'SIGCONT')
  }
  await expect.poll(async () => (await reports(id)).length, ARRIVES).toBeGreaterThan(0)
})

test('[CP16] a suspended resource does not report, and does when it is resumed', async () => {
  const { id, token } = await make()
  await save(server, id, token, 'before')
  const change = (mode: string): Promise<Response> => server.fetch(`/v1/casks/${id}`, json('PATCH', { mode }))
  expect((await change('suspended')).status).toBe(200)
  const before = await reports(id)
  const until = Date.now() + 3 * INTERVAL_MS
  await expect.poll(() => Date.now() > until, ARRIVES).toBe(true)
  expect(await reports(id)).toEqual(before)
  expect((await change('active')).status).toBe(200)
  await expect.poll(async () => (await reports(id)).length, ARRIVES).toBe(1)
})

async function shown(id: string): Promise<{ resource: ResourceJson; etag: string | null }> {
  const answer = await server.fetch(`/v1/casks/${id}`)
  return { resource: (await answer.json()) as ResourceJson, etag: answer.headers.get('etag') }
}

test('[CP16] what was reported is shown, and changes neither revision nor update time', async () => {
  const { id, token } = await make()
  const before = await shown(id)
  expect(Object.keys(before.resource)).not.toContain('usage')
  const written = Date.now()
  await save(server, id, token, 'x'.repeat(50_000))
  await expect.poll(async () => (await shown(id)).resource.usage?.bytes, ARRIVES).toBeGreaterThan(50_000)
  const { resource, etag } = await shown(id)
  const { usage, ...rest } = resource
  expect({ resource: rest, etag }).toEqual(before)
  expect(Date.parse(usage?.last_write_time ?? '')).toBeGreaterThanOrEqual(written)
  expect(Date.parse(usage?.report_time ?? '')).toBeGreaterThanOrEqual(Date.parse(usage?.last_write_time ?? ''))
})

test('[CP16] an older report never replaces a newer one; one of another life, or under any policy, does no harm', async () => {
  const { id } = await create(server, 'casks')
  const { incarnation } = (await inspect(server, id)).row
  const report = async (bytes: number, writeTimeMs: number, more: { incarnation?: number; epoch?: number } = {}) => {
    const args = { id, incarnation: more.incarnation ?? incarnation, usage: { bytes, writeTimeMs } }
    const outcome = await askControl(server, 'reportUsage', args, {}, more.epoch)
    return [outcome.ok && outcome.value, (await shown(id)).resource.usage?.bytes]
  }
  const now = Date.now()
  expect(await report(2, now - 2_000, { incarnation: incarnation + 1 })).toEqual([false, undefined])
  expect(await report(3, now - 2_000)).toEqual([true, 3])
  expect(await report(4, now - 3_000)).toEqual([true, 3])
  expect(await report(5, now - 2_000)).toEqual([true, 5])
  // The object knows no policy; a shard that is not the account's any more forwards nothing, and refuses nothing either.
  expect(await report(6, now - 1_000, { epoch: 7 })).toEqual([true, 6])
  // A clock that ran ahead does not have the last word.
  expect(await report(7, now + 3_600_000)).toEqual([true, 7])
  expect(await report(8, now)).toEqual([true, 8])
  // Somebody else's change to the row leaves it alone.
  await server.fetch(`/v1/casks/${id}`, json('PATCH', { name: 'Renamed', visibility: 'public' }))
  expect((await shown(id)).resource.usage?.bytes).toBe(8)
  await server.fetch(`/v1/casks/${id}`, { method: 'DELETE' })
  expect(await report(9, Date.now())).toEqual([false, undefined])
})
