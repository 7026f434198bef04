// A cell that comes back from a backup that is older than the catalog: what has left it, or ended, since.

import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startCells } from '../support/cells.ts'
import { runCli } from '../support/cli.ts'
import { content, create, json, makeResource, problem, type OwnedResource } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { MOVING_APP, ended, getOperation, inspect, moved } from '../moving/movers.ts'
import { add, ask, bringBack, copyOf, reconcile } from './reconciling.ts'

const KEPT = { deleteRetentionMs: 3_600_000, tombstoneRetentionMs: 3_600_000 }
const SETTLED = { timeout: 10_000, interval: 20 }

async function changed(server: TestServer, path: string, init: RequestInit): Promise<void> {
  expect((await server.fetch(`/v1/ledgers/${path}`, init)).status).toBe(200)
}

test('[CE19] [CE22] a cell from an older backup: what has moved, ended, closed or been revoked since', async () => {
  const world = await startCells(['pdx', 'lon'], { app: MOVING_APP, timers: KEPT })
  const { pdx, lon } = world.servers
  const names = ['moved', 'cameBack', 'suspended', 'purged', 'revoked', 'deleted', 'same'] as const
  const made = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await makeResource(lon)] as const)),
  ) as Record<(typeof names)[number], OwnedResource>
  for (const one of Object.values(made)) await add(one, lon, 'before')
  const left = await makeResource(lon)
  await moved(pdx, 'ledgers', left.id, 'pdx')
  const closed = (await create(lon, 'sheets', { visibility: 'public-read' })).id

  const copy = await copyOf(lon)
  await moved(pdx, 'ledgers', made.moved.id, 'pdx')
  await add(made.moved, pdx, 'in Portland')
  await moved(pdx, 'ledgers', made.cameBack.id, 'pdx')
  await moved(pdx, 'ledgers', made.cameBack.id, 'lon')
  await moved(pdx, 'ledgers', left.id, 'lon')
  await changed(pdx, made.suspended.id, json('PATCH', { mode: 'suspended' }))
  await changed(pdx, `${made.purged.id}?purge=true`, { method: 'DELETE' })
  await changed(pdx, `${made.revoked.id}/tokens`, { method: 'DELETE' })
  expect((await pdx.fetch(`/v1/sheets/${closed}`, json('PATCH', { visibility: 'private' }))).status).toBe(200)
  await changed(pdx, made.deleted.id, { method: 'DELETE' })
  const late = await makeResource(lon)
  await expect.poll(async () => (await inspect(pdx, 'ledgers', made.purged.id)).row['phase'], SETTLED).toBe('purged')
  await bringBack(lon, copy)

  // Nobody repairs it by himself: it is what it was.
  expect((await ask(made.suspended, lon)).status).toBe(200)
  expect((await fetch(`${lon.url}/sheets/${closed}/entries`)).status).toBe(200)
  const { ledger, account } = await reconcile(pdx, 'lon')
  expect(ledger).toMatchObject({
    kind: 'reconcile',
    state: 'failed',
    progress: { failed: 2 },
    error: { code: 'not_found' },
    subject: { cell: 'lon', untold: [] },
  })
  const missing = (ledger?.subject['missing'] ?? []) as string[]
  expect(missing.toSorted()).toEqual([late.id, left.id].toSorted())
  expect(account).toMatchObject({ state: 'succeeded', progress: { failed: 0 } })

  const status = async (one: OwnedResource): Promise<number[]> => [
    (await ask(one, lon)).status,
    (await ask(one, pdx)).status,
  ]
  expect(await (await ask(made.moved, lon)).json()).toEqual(['before', 'in Portland'])
  await add(made.moved, lon, 'again')
  expect(await (await ask(made.moved, pdx)).json()).toEqual(['before', 'in Portland', 'again'])
  expect(await (await ask(made.cameBack, pdx)).json()).toEqual(['before'])
  await add(made.cameBack, pdx, 'goes on')
  expect(await status(made.suspended)).toEqual([403, 403])
  expect(await status(made.purged)).toEqual([410, 410])
  expect(await status(made.deleted)).toEqual([410, 410])
  expect(await status(made.revoked)).toEqual([401, 401])
  expect((await fetch(`${lon.url}/sheets/${closed}/entries`)).status).toBe(401)
  expect(await status(made.same)).toEqual([200, 200])

  // What is missing is not made anew, by nobody: not when it is told something later either.
  expect(await status(late)).toEqual([404, 404])
  expect(await status(left)).toEqual([404, 404])
  expect((await pdx.fetch(`/v1/ledgers/${late.id}`, json('PATCH', { mode: 'read_only' }))).status).toBe(200)
  expect(await status(late)).toEqual([404, 404])
  const byHand = await runCli(['cells', 'reconcile', 'lon', '--data', pdx.dataDir])
  expect(byHand).toMatchObject({ code: 1, stdout: expect.stringContaining(late.id) as string })
  expect(byHand.stderr).toContain('ledger: 2 have no content')
  for (const { id } of [late, left]) {
    expect((await pdx.fetch(`/v1/ledgers/${id}?purge=true`, { method: 'DELETE' })).status).toBe(200)
    await expect.poll(async () => (await inspect(pdx, 'ledgers', id)).row['phase'], SETTLED).toBe('purged')
  }

  // Once more there is nothing to say.
  expect(await runCli(['cells', 'reconcile', 'lon', '--data', lon.dataDir])).toMatchObject({ code: 0 })
  const again = (await reconcile(lon, 'lon'))['ledger']
  expect(again).toMatchObject({ state: 'succeeded', subject: { told: 0, missing: [], untold: [] } })
})

test('[CE22] of several cells that came back the newest content counts; what is asked of a cell that is down waits for it', async () => {
  const { root, lon, pdx } = (await startCells(['root', 'lon', 'pdx'], { app: MOVING_APP, timers: KEPT })).servers
  const [back, ghost] = [await makeResource(lon), await makeResource(lon)]
  for (const one of [back, ghost]) await add(one, lon, 'before')
  // What is named by its owner is where he is.
  const owner = (await create(lon, 'accounts')).id
  const chests = (path: string, init: RequestInit): Promise<Response> =>
    root.fetch(`/v1/chests${path}${path.includes('?') ? '&' : '?'}account=${owner}`, init)
  const treasure = json('POST', { name: 'treasure' })
  const { id: chest } = (await (await chests('', treasure)).json()) as { id: string }
  const { token } = (await (await chests(`/${chest}/tokens`, json('POST', {}))).json()) as { token: string }
  const things = (): Promise<Response> => content(lon, `/chests/${chest}/things`, token)
  expect((await things()).status).toBe(200)
  const copies = [await copyOf(lon), await copyOf(pdx)] as const
  for (const one of [back, ghost]) {
    await moved(root, 'ledgers', one.id, 'pdx')
    await add(one, pdx, 'in Portland')
  }
  await changed(root, back.id, json('PATCH', { mode: 'read_only' }))
  expect((await chests(`/${chest}?purge=true`, { method: 'DELETE' })).status).toBe(200)
  const again = async (): Promise<object> => (await chests('', treasure)).json() as Promise<object>
  await expect.poll(again, SETTLED).toMatchObject({ id: chest, state: 'active' })

  await bringBack(lon, copies[0])
  // The copy in Portland cannot be seen: what London has of it is not touched.
  await pdx.stop()
  const blind = (await reconcile(root, 'lon'))['ledger']
  expect(blind).toMatchObject({ state: 'failed', error: { code: 'unavailable' }, progress: { failed: 2 } })
  const untold = (blind?.subject['untold'] ?? []) as { id: string }[]
  expect(untold.map(({ id }) => id).toSorted()).toEqual([back.id, ghost.id].toSorted())
  expect(await (await ask(back, lon)).json()).toEqual(['before'])

  // One of the two is in Portland again, the other one was there before it was lost.
  await pdx.start()
  expect((await ask(ghost, pdx)).status).toBe(200)
  const told = await reconcile(root, 'lon')
  expect(told['ledger']).toMatchObject({ state: 'succeeded', subject: { told: 2 } })
  expect(await (await ask(ghost, lon)).json()).toEqual(['before', 'in Portland'])
  // Of the creation before, and nobody's any more; the new one was made after the backup.
  expect(told['chest']).toMatchObject({ state: 'failed', subject: { missing: [chest] } })
  expect((await things()).status).toBe(410)

  await bringBack(lon, copies[0])
  await bringBack(pdx, copies[1])
  expect((await reconcile(root, 'lon'))['ledger']).toMatchObject({ state: 'succeeded', subject: { told: 2 } })
  for (const { id } of [back, ghost])
    await expect.poll(async () => (await inspect(root, 'ledgers', id)).resource.cell, SETTLED).toBe('lon')
  expect((await reconcile(root, 'pdx'))['ledger']).toMatchObject({ state: 'succeeded' })
  expect(await (await ask(ghost, pdx)).json()).toEqual(['before'])
  await add(ghost, pdx, 'goes on')
  expect(await (await ask(back, pdx)).json()).toEqual(['before'])
  expect((await ask(back, lon, 'entries', { method: 'POST', body: 'read only' })).status).toBe(403)
})

test('[CE22] by a catalog that is older than its objects nothing is lost either: where they say that they went is looked at', async () => {
  const { root, lon, pdx, fra } = (await startCells(['root', 'lon', 'pdx', 'fra'], { app: MOVING_APP, timers: KEPT }))
    .servers
  const resource = await makeResource(lon)
  const copy = await copyOf(root)
  for (const cell of ['pdx', 'fra']) await moved(root, 'ledgers', resource.id, cell)
  await add(resource, fra, 'in Frankfurt')
  await bringBack(root, copy)
  expect((await reconcile(root, 'lon'))['ledger']).toMatchObject({
    state: 'succeeded',
    subject: { told: 1, missing: [] },
  })
  expect((await inspect(root, 'ledgers', resource.id)).resource.cell).toBe('fra')
  await add(resource, pdx, 'goes on')
  expect(await (await ask(resource, lon)).json()).toEqual(['in Frankfurt', 'goes on'])
})

/** More than one page tells. */
const MANY = 60
/** More often than an object is asked that does not answer by itself. */
const WAITED = 7

test('[CE19] many of several shards, page by page; it waits for a cell that is down, and can be cancelled', async () => {
  const { root, lon } = (await startCells(['root', 'lon'], { app: MOVING_APP, timers: KEPT })).servers
  const policy = await root.fetch('/v1/types/ledger/policy', json('PUT', { kind: 'hashed', shards: 3 }))
  expect((await ended(root, ((await policy.json()) as { id: string }).id)).state).toBe('succeeded')
  const accounts = await Promise.all([1, 2, 3].map(async () => (await create(root, 'accounts')).id))
  for (const account of accounts) {
    const resources = Array.from({ length: MANY }, () => ({ cell: 'lon' }))
    const made = await root.fetch(`/v1/ledgers/bulk?account=${account}`, json('POST', { resources }))
    const { id } = (await made.json()) as { id: string }
    expect((await ended(root, `${id}?account=${account}`)).state).toBe('succeeded')
  }
  const copy = await copyOf(lon)
  for (const account of accounts) {
    const changedAccount = await root.fetch(`/v1/accounts/${account}`, json('PATCH', { mode: 'suspended' }))
    const { operation } = (await changedAccount.json()) as { operation?: string }
    if (operation !== undefined) expect((await ended(root, operation)).state).toBe('succeeded')
  }
  await bringBack(lon, copy)
  const { ledger } = await reconcile(lon, 'lon')
  expect(ledger).toMatchObject({
    state: 'succeeded',
    progress: { total: 3 * MANY, done: 3 * MANY, failed: 0 },
    subject: { told: 3 * MANY },
  })

  await lon.stop()
  const begun = await root.fetch('/v1/cells/lon/reconcile', json('POST', {}))
  const { data } = (await begun.json()) as { data: { id: string; type: string }[] }
  const { id = '' } = data.find(({ type }) => type === 'ledger') ?? {}
  const attempts = new Set<string>()
  const look = async (): Promise<number> => attempts.add((await getOperation(root, id)).update_time).size
  await expect.poll(look, { timeout: 20_000, interval: 20 }).toBe(WAITED)
  expect(await getOperation(root, id)).toMatchObject({ state: 'running', progress: { done: 0 }, cancellable: true })
  const cancelled = await root.fetch(`/v1/operations/${id}/cancel`, json('POST', {}))
  expect([cancelled.status, await cancelled.json()]).toMatchObject([200, { state: 'cancelled' }])
  expect((await root.fetch('/v1/cells/nowhere/reconcile', json('POST', {}))).status).toBe(404)
})

test('[CE23] what `biplane restore` has made is not served before it has been told, which happens by itself', async () => {
  const { pdx, lon } = (await startCells(['pdx', 'lon'], { app: MOVING_APP, timers: KEPT })).servers
  const [same, suspended] = [await makeResource(lon), await makeResource(lon)]
  const away = await makeResource(pdx)
  for (const one of [same, suspended]) await add(one, lon, 'before')
  const copy = `${lon.dataDir}.copy`
  expect(await runCli(['backup', copy, '--data', lon.dataDir])).toMatchObject({ code: 0 })
  await changed(pdx, suspended.id, json('PATCH', { mode: 'suspended' }))
  await lon.stop()
  rmSync(lon.dataDir, { recursive: true })
  expect(await runCli(['restore', copy, '--data', lon.dataDir])).toMatchObject({ code: 0 })

  // Nobody is there who could tell it.
  await pdx.stop()
  await lon.start()
  const refused = await ask(same, lon)
  expect(refused.headers.get('retry-after')).toBe('5')
  expect([refused.status, await problem(refused)]).toMatchObject([
    503,
    { code: 'unavailable', cell: 'lon', applied: 'no' },
  ])
  await pdx.start()
  expect((await ask(away, pdx)).status).toBe(200)
  const seen = new Set<number>()
  const look = async (): Promise<number> => {
    seen.add((await ask(suspended, lon)).status).add((await ask(suspended, pdx)).status)
    return (await ask(same, lon)).status
  }
  await expect.poll(look, { timeout: 20_000, interval: 50 }).toBe(200)
  expect((await ask(suspended, pdx)).status).toBe(403)
  expect([...seen]).not.toContain(200)
  expect(existsSync(join(lon.dataDir, 'restored'))).toBe(false)
  await lon.restart()
  expect((await ask(same, pdx)).status).toBe(200)
})

test('[CE23] on one machine both planes are as of one moment: it is served at once', async () => {
  const server = await startServer({ app: MOVING_APP })
  const kept = await makeResource(server)
  const copy = `${server.dataDir}.copy`
  expect(await runCli(['backup', copy, '--data', server.dataDir])).toMatchObject({ code: 0 })
  await server.stop()
  rmSync(server.dataDir, { recursive: true })
  expect(await runCli(['restore', copy, '--data', server.dataDir])).toMatchObject({ code: 0 })
  rmSync(copy, { recursive: true })
  await server.start()
  expect((await ask(kept, server)).status).toBe(200)
  expect(existsSync(join(server.dataDir, 'restored'))).toBe(false)
  // To ask for it all the same does no harm.
  expect((await reconcile(server, 'local'))['ledger']).toMatchObject({ state: 'succeeded', subject: { told: 0 } })
})

test('[CE23] one of several cells of a machine, behind its front', async () => {
  const server = await startServer({ app: MOVING_APP, args: ['--cells', 'c1,c2'], timers: KEPT })
  const suspended = await makeResource(server, 'ledgers', { cell: 'c2' })
  const data = join(server.dataDir, 'cells', 'c2')
  const copy = `${server.dataDir}.copy`
  expect(await runCli(['backup', copy, '--data', data])).toMatchObject({ code: 0 })
  await changed(server, suspended.id, json('PATCH', { mode: 'suspended' }))
  await server.stop()
  rmSync(data, { recursive: true })
  const restored = await runCli(['restore', copy, '--data', data, '--secrets', server.secretsFile])
  expect(restored).toMatchObject({ code: 0 })
  rmSync(copy, { recursive: true })
  await server.start()
  const seen = new Set<number>()
  const look = async (): Promise<number> => {
    const { status } = await ask(suspended, server)
    seen.add(status)
    return status
  }
  await expect.poll(look, { timeout: 20_000, interval: 50 }).toBe(403)
  expect([...seen]).not.toContain(200)
})
