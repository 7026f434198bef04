// How long what `biplane restore` has made of a cell is held back: until nothing is left to be told, whatever is in the way of that.

import { once } from 'node:events'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { OperationJson } from '../../src/wire/operation.ts'
import { LEDGER_APP } from '../support/apps.ts'
import { startCells } from '../support/cells.ts'
import { runCli } from '../support/cli.ts'
import { create, json, makeResource } from '../support/http.ts'
import { ROOT, startServer, type TestServer } from '../support/server.ts'
import { MOVING_APP, inspect, moved } from '../moving/movers.ts'
import { add, ask, reconcile } from './reconciling.ts'

const KEPT = { deleteRetentionMs: 3_600_000, tombstoneRetentionMs: 3_600_000 }
const PATIENT = { timeout: 30_000, interval: 50 }
/** Ledgers and sheets of a builder's own sign-in, who lets nobody reconcile; and sheets on a shard per account, whom only he knows. */
const OWN_SIGN_IN_APP = join(ROOT, 'test/support/apps/own-sign-in.ts')
const OWN_SHARDS_APP = join(ROOT, 'test/support/apps/own-sign-in-shards.ts')

async function backedUp({ dataDir }: TestServer): Promise<string> {
  const copy = `${dataDir}.backup`
  expect(await runCli(['backup', copy, '--data', dataDir])).toMatchObject({ code: 0 })
  return copy
}

/** As the runbook says; it is not started yet. */
async function restored(server: TestServer, copy: string): Promise<void> {
  await server.stop()
  rmSync(server.dataDir, { recursive: true })
  expect(await runCli(['restore', copy, '--data', server.dataDir])).toMatchObject({ code: 0 })
}

function isHeld({ dataDir }: TestServer): boolean {
  return existsSync(join(dataDir, 'restored'))
}

/** Nobody listens there. */
async function closedPort(): Promise<number> {
  const held = createServer().listen(0, '127.0.0.1')
  await once(held, 'listening')
  const { port } = held.address() as AddressInfo
  await once(held.close(), 'close')
  return port
}

async function reconciles(server: TestServer): Promise<OperationJson[]> {
  const answer = await server.fetch('/v1/operations?account=-&limit=200')
  const { data } = (await answer.json()) as { data: OperationJson[] }
  return data.filter(({ kind }) => kind === 'reconcile')
}

test('[CE23] it is held for as long as something could not be told, and after it was cancelled, too', async () => {
  const { root, lon, pdx } = (await startCells(['root', 'lon', 'pdx'], { app: MOVING_APP, timers: KEPT })).servers
  const [revoked, written, same] = [await makeResource(lon), await makeResource(lon), await makeResource(lon)]
  for (const one of [revoked, written]) await add(one, lon, 'before')
  const closed = (await create(lon, 'sheets', { visibility: 'public-read' })).id
  const copy = await backedUp(lon)
  for (const { id } of [revoked, written]) await moved(root, 'ledgers', id, 'pdx')
  await moved(root, 'sheets', closed, 'pdx')
  expect((await root.fetch(`/v1/ledgers/${revoked.id}/tokens`, { method: 'DELETE' })).status).toBe(200)
  expect((await root.fetch(`/v1/sheets/${closed}`, json('PATCH', { visibility: 'private' }))).status).toBe(200)
  await add(written, pdx, 'in Portland')

  await restored(lon, copy)
  await pdx.stop()
  await lon.start()
  const seen = new Set<number>()
  const look = async (): Promise<void> => {
    const anonymous = await fetch(`${lon.url}/sheets/${closed}/entries`)
    const stale = await ask(written, lon, 'entries', { method: 'POST', body: 'lost' })
    seen.add((await ask(revoked, lon)).status).add((await ask(same, lon)).status)
    seen.add(anonymous.status).add(stale.status)
  }
  const failures = async (): Promise<number> => {
    await look()
    return (await reconciles(root)).filter(({ type, state }) => type === 'ledger' && state === 'failed').length
  }
  // It is asked for again, not given up; types that have been told are not told again.
  await expect.poll(failures, PATIENT).toBeGreaterThan(1)
  const said = await lon.logged(({ event, message }) => event === 'restored_waits' && message.includes(written.id))
  expect(said['message']).toContain(join(lon.dataDir, 'restored'))
  expect((await reconciles(root)).filter(({ type }) => type === 'wiki').length).toBe(1)

  // What was asked for by hand is the one that runs, and cancelling it ends nothing but itself.
  const begun = await root.fetch('/v1/cells/lon/reconcile', json('POST', {}))
  const { data } = (await begun.json()) as { data: OperationJson[] }
  for (const { id } of data) await root.fetch(`/v1/operations/${id}/cancel`, json('POST', {}))
  await look()
  expect(isHeld(lon)).toBe(true)
  expect([...seen]).toEqual([503])

  await pdx.start()
  await expect.poll(async () => (await ask(same, lon)).status, PATIENT).toBe(200)
  expect(isHeld(lon)).toBe(false)
  expect((await ask(revoked, lon)).status).toBe(401)
  expect((await fetch(`${lon.url}/sheets/${closed}/entries`)).status).toBe(401)
  expect(await (await ask(written, lon)).json()).toEqual(['before', 'in Portland'])
})

test('[CE23] an operation that was cancelled has told nothing: it is begun again; and only one runs at a time', async () => {
  const { servers, cells, cellsFile } = await startCells(['root', 'lon'], { app: LEDGER_APP, timers: KEPT })
  const { root, lon } = servers
  const suspended = await makeResource(lon)
  await restored(lon, await backedUp(lon))
  expect((await root.fetch(`/v1/ledgers/${suspended.id}`, json('PATCH', { mode: 'suspended' }))).status).toBe(202)
  // The root cell looks for it where it is not; it finds the root cell.
  writeFileSync(cellsFile, JSON.stringify({ ...cells, lon: { address: `http://127.0.0.1:${await closedPort()}` } }))
  await root.restart()
  await lon.start()
  const running = async (): Promise<string[]> =>
    (await reconciles(root)).filter(({ type, state }) => type === 'ledger' && state === 'running').map(({ id }) => id)
  await expect.poll(running, PATIENT).toHaveLength(1)
  const [first = ''] = await running()
  const byHand = await root.fetch('/v1/cells/lon/reconcile', json('POST', {}))
  expect(((await byHand.json()) as { data: OperationJson[] }).data.map(({ id }) => id)).toContain(first)
  const cancelled = await root.fetch(`/v1/operations/${first}/cancel`, json('POST', {}))
  expect(await cancelled.json()).toMatchObject({ state: 'cancelled' })
  await expect.poll(running, PATIENT).toHaveLength(1)
  expect(await running()).not.toContain(first)
  expect([(await ask(suspended, lon)).status, isHeld(lon)]).toEqual([503, true])

  writeFileSync(cellsFile, JSON.stringify(cells))
  await root.restart()
  const seen = new Set<number>()
  const look = async (): Promise<number> => {
    const { status } = await ask(suspended, lon).catch(() => ({ status: 503 }))
    seen.add(status)
    return status
  }
  await expect.poll(look, PATIENT).toBe(403)
  expect([...seen]).toEqual([503, 403])
  expect(isHeld(lon)).toBe(false)
})

test('[CE23] what was deleted for good waits for another cell, but is not open meanwhile; that is the way out where one is lost', async () => {
  const { root, lon, pdx } = (await startCells(['root', 'lon', 'pdx'], { app: LEDGER_APP, timers: KEPT })).servers
  const [same, deleted, lost] = [await makeResource(lon), await makeResource(lon), await makeResource(lon)]
  await add(deleted, lon, 'before')
  const copy = await backedUp(lon)
  for (const { id } of [deleted, lost]) await moved(root, 'ledgers', id, 'pdx')
  await pdx.stop()
  const purge = async ({ id }: { readonly id: string }): Promise<number> =>
    (await root.fetch(`/v1/ledgers/${id}?purge=true`, { method: 'DELETE' })).status
  expect(await purge(deleted)).toBe(202)
  await restored(lon, copy)
  await lon.start()
  await lon.logged(({ event, message }) => event === 'restored_waits' && message.includes(lost.id))
  expect((await ask(same, lon)).status).toBe(503)
  expect(await purge(lost)).toBe(202)
  await expect.poll(async () => (await ask(same, lon)).status, PATIENT).toBe(200)
  expect([(await ask(deleted, lon)).status, (await ask(lost, lon)).status]).toEqual([410, 410])
  await pdx.start()
  const phase = async (): Promise<unknown> => (await inspect(root, 'ledgers', deleted.id)).row['phase']
  await expect.poll(phase, PATIENT).toBe('purged')
  expect([(await ask(deleted, lon)).status, (await ask(deleted, pdx)).status]).toEqual([410, 410])
})

test("[CE23] a builder's own sign-in, and whom it lets do what, is in nobody's way", async () => {
  const { root, lon } = (await startCells(['root', 'lon'], { app: OWN_SIGN_IN_APP, timers: KEPT })).servers
  const [same, revoked] = [await makeResource(lon), await makeResource(lon)]
  const copy = await backedUp(lon)
  expect((await root.fetch(`/v1/ledgers/${revoked.id}/tokens`, { method: 'DELETE' })).status).toBe(200)
  expect((await root.fetch('/v1/cells/lon/reconcile', json('POST', {}))).status).toBe(403)
  await restored(lon, copy)
  await lon.start()
  await expect.poll(async () => (await ask(same, lon)).status, PATIENT).toBe(200)
  expect((await ask(revoked, lon)).status).toBe(401)
})

test('[CE23] what can never be told is said, with the way out', async () => {
  const { lon } = (await startCells(['root', 'lon'], { app: OWN_SHARDS_APP, timers: KEPT })).servers
  const one = await makeResource(lon)
  await restored(lon, await backedUp(lon))
  await lon.start()
  const { message } = await lon.logged(({ event }) => event === 'restored_waits')
  expect(message).toContain('there is no list of them')
  expect(message).toContain(`remove ${join(lon.dataDir, 'restored')} and restart`)
  expect((await ask(one, lon)).status).toBe(503)
  rmSync(join(lon.dataDir, 'restored'))
  await lon.restart()
  expect((await ask(one, lon)).status).toBe(200)
})

test('[CE23] a type that the root cell is yet to get holds up nothing, and nothing is begun twice', async () => {
  const { servers, cellsFile } = await startCells(['root', 'lon'], { app: LEDGER_APP, timers: KEPT })
  const { root, lon } = servers
  const one = await makeResource(lon)
  const { dataDir, port } = lon
  await restored(lon, await backedUp(lon))
  await root.stop()
  const args = ['--cell', 'lon', '--cells-file', cellsFile]
  const next = await startServer({ app: MOVING_APP, dataDir, port, args, timers: KEPT })
  await next.logged(({ event }) => event === 'restored_waits')
  await root.start()
  await expect.poll(async () => (await ask(one, next)).status, PATIENT).toBe(200)
  const types = (await reconciles(root)).map(({ type }) => type)
  expect(types.toSorted()).toEqual(['account', 'ledger', 'sheet'])
  // Said once for each kind of reason, not with each attempt.
  expect(next.log.filter(({ event }) => event === 'restored_waits').length).toBeLessThan(4)
})

test('[CE23] what was served alone counts, whatever cells come later', async () => {
  const server = await startServer({ app: MOVING_APP })
  const kept = await makeResource(server)
  await restored(server, await backedUp(server))
  await server.start()
  expect((await ask(kept, server)).status).toBe(200)
  expect(isHeld(server)).toBe(false)
  await server.stop()
  const { dataDir } = server
  const several = await startServer({ app: MOVING_APP, dataDir, args: ['--cells', 'local,c2'] })
  expect((await ask(kept, several)).status).toBe(200)
})

test('[CE23] a cell that is not the root cell is not alone, though nobody says where the others are', async () => {
  const { lon } = (await startCells(['root', 'lon'], { app: LEDGER_APP })).servers
  const one = await makeResource(lon)
  const { dataDir } = lon
  await restored(lon, await backedUp(lon))
  const alone = await startServer({ app: LEDGER_APP, dataDir, args: ['--cell', 'lon'] })
  const { message } = await alone.logged(({ event }) => event === 'restored_waits')
  expect(message).toContain('it is not the root cell of its deployment')
  expect([(await ask(one, alone)).status, isHeld(alone)]).toEqual([503, true])
})

test('[CE23] of those that have ended the newest twenty of each type stay', async () => {
  const server = await startServer({ app: LEDGER_APP })
  const ledgers: string[] = []
  for (let round = 0; round < 22; round++) ledgers.push((await reconcile(server, 'local'))['ledger']?.id ?? '')
  const kept = (await reconciles(server)).filter(({ type }) => type === 'ledger').map(({ id }) => id)
  expect(kept).toEqual(ledgers.slice(-20).toReversed())
})
