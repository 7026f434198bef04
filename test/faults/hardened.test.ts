// What attacks on the lifecycle have found, so that it stays found.

import { cpSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LEDGER_APP, LEDGER_NEXT_APP } from '../support/apps.ts'
import { content, create, json, mintToken } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { CASK_APP, SETTLED, inspect, list } from './casks.ts'

const DAY_MS = 24 * 3_600_000

test('[RC3] [DP11] a purge that was cut short after its tombstone leaves nothing of the content', async () => {
  const server = await startServer({ app: CASK_APP, faults: true })
  const secret = `SECRET-${'x'.repeat(200)}`
  const { id } = await create(server, 'casks', { params: { text: secret } })
  expect(hasOnDisk(server, secret)).toBe(true)
  server.armFault('object.purge.tombstone', 'data')
  await server.fetch(`/v1/casks/${id}`, { method: 'DELETE' }).catch(() => undefined)
  await server.faultHit('object.purge.tombstone')
  await expect.poll(async () => (await inspect(server, id)).row.phase, SETTLED).toBe('purged')
  await server.stop()
  expect(hasOnDisk(server, secret)).toBe(false)
})

test('[RC1] [RC2] work that is due is not put off by a tombstone that is kept for a month', async () => {
  const server = await startServer({ app: CASK_APP, faults: true, timers: { tombstoneRetentionMs: 30 * DAY_MS } })
  const { id } = await create(server, 'casks')
  server.armFault('advance.purge.marked', 'control')
  const poisoned = server.fetch('/v1/casks', json('POST', { params: { poison: true } })).catch(() => undefined)
  await server.fetch(`/v1/casks/${id}`, { method: 'DELETE' }).catch(() => undefined)
  await server.faultHit('advance.purge.marked')
  await poisoned
  await server.control.ready()
  // The alarm alone: no request wakes the shard before its work has gone on.
  const begun = Date.now()
  await server.logged((line) => Date.parse(String(line['time'])) > begun && line.message.includes('reconcile_failed'))
})

test('[DP4] [CP8] a resource that this release cannot read can be deleted all the same', async () => {
  const next = await startServer({ app: LEDGER_NEXT_APP })
  const { id } = await create(next, 'ledgers')
  const { token } = await mintToken(next, 'ledgers', id)
  await next.stop()
  const older = await startServer({ app: LEDGER_APP, dataDir: next.dataDir })
  const answer = await content(older, `/ledgers/${id}/entries`, token)
  expect(answer.status).toBe(503)
  expect(await answer.text()).toContain('newer release')
  expect((await older.fetch(`/v1/ledgers/${id}`, { method: 'DELETE' })).status).toBe(200)
  expect((await content(older, `/ledgers/${id}/entries`, token)).status).toBe(410)
  await older.stop()
})

test('[DP7] a timer is not lost with the transaction of another one', async () => {
  const server = await startServer({ app: LEDGER_APP })
  const { id } = await create(server, 'ledgers')
  const { token } = await mintToken(server, 'ledgers', id)
  const post = (path: string): Promise<Response> => content(server, `/ledgers/${id}/${path}`, token, { method: 'POST' })
  expect((await post('timer?name=undone&ms=100&rollback')).status).toBe(400)
  expect((await post('timer?name=kept&ms=300')).status).toBe(204)
  await expect.poll(() => entries(server, id, token), { timeout: 10_000 }).toEqual(['timer kept'])
})

test('[DP7] timers rest while a resource is suspended, and go on when it is active again', async () => {
  const server = await startServer({ app: LEDGER_APP })
  const { id } = await create(server, 'ledgers')
  const { token } = await mintToken(server, 'ledgers', id)
  const due = Date.now() + 500
  await content(server, `/ledgers/${id}/timer?name=rested&ms=500`, token, { method: 'POST' })
  const change = (mode: string): Promise<Response> => server.fetch(`/v1/ledgers/${id}`, json('PATCH', { mode }))
  expect((await change('suspended')).status).toBe(200)
  // Well past its time: an alarm that ran would have run.
  await expect.poll(() => Date.now() > due + 1_000, { timeout: 5_000 }).toBe(true)
  expect((await change('active')).status).toBe(200)
  await expect.poll(() => entries(server, id, token), { timeout: 10_000 }).toEqual(['timer rested'])
  expect(server.log.filter(({ message }) => message.includes('timer_failed'))).toEqual([])
})

test('[RC4] work that was put under a clock that ran ahead is done when the clock is right again', async () => {
  const timers = { tombstoneRetentionMs: 1_000 }
  const ahead = await startServer({ app: CASK_APP, timers: { ...timers, clockOffsetMs: 365 * DAY_MS }, faults: true })
  const { id } = await create(ahead, 'casks')
  ahead.armFault('advance.purge.begin', 'control')
  await ahead.fetch(`/v1/casks/${id}`, { method: 'DELETE' }).catch(() => undefined)
  await ahead.faultHit('advance.purge.begin')
  await ahead.kill9()
  const right = await startServer({ app: CASK_APP, timers, dataDir: ahead.dataDir })
  await expect.poll(async () => (await right.fetch(`/v1/casks/${id}`)).status, { timeout: 15_000 }).toBe(404)
  await right.stop()
})

test('[RC3] content that came back from an older copy of the data is purged again', async () => {
  const timers = { tombstoneRetentionMs: 2_000 }
  const server = await startServer({ app: CASK_APP, timers })
  const { id } = await create(server, 'casks')
  const { token } = await mintToken(server, 'casks', id)
  await server.stop()
  const objects = join(server.dataDir, 'data')
  cpSync(objects, `${objects}.older`, { recursive: true })
  await server.start()
  expect((await server.fetch(`/v1/casks/${id}`, { method: 'DELETE' })).status).toBe(200)
  await server.stop()
  rmSync(objects, { recursive: true })
  cpSync(`${objects}.older`, objects, { recursive: true })
  await server.start()
  await expect.poll(async () => (await server.fetch(`/v1/casks/${id}`)).status, { timeout: 15_000 }).toBe(404)
  expect((await content(server, `/casks/${id}/`, token)).status).toBe(404)
  expect(await list(server)).toEqual([])
})

async function entries(server: TestServer, id: string, token: string): Promise<unknown> {
  return (await content(server, `/ledgers/${id}/entries`, token)).json()
}

function hasOnDisk(server: TestServer, text: string): boolean {
  const folder = join(server.dataDir, 'data')
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .some((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(text))
}
