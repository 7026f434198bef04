// Usage as objects report it, seen where it arrives: in the calls that the control process got.

import { beforeAll, expect, test } from 'vitest'
import type { ControlCall } from '../../src/wire/planes.ts'
import { kill9 } from '../support/engine-log.ts'
import { create, json, mintToken } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { CASK_APP, inspect, save } from './casks.ts'

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
