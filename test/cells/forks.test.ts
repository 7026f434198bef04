// A catalog that came back from a backup, while a resource has gone on in another cell: two copies, of which nobody but the operator can say
// which one counts. And what the catalog wishes of a resource that is nowhere.

import { cpSync } from 'node:fs'
import { expect, test } from 'vitest'
import { beginMove, ended, inspect, moved, MOVING_APP, askToMove } from '../moving/movers.ts'
import { startCells } from '../support/cells.ts'
import { create, json, makeResource, problem, type OwnedResource } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'
import { add, ask, bringBack, copyOf, reconcile } from './reconciling.ts'

const SETTLED = { timeout: 10_000, interval: 20 }
const IN_LONDON = ['before', 'acknowledged in London']

interface Forked {
  readonly pdx: TestServer
  readonly lon: TestServer
  readonly one: OwnedResource
}

/** The catalog, in Portland, thinks that it is there, and has counted further than the copy in London knows. */
async function forked(changes: number): Promise<Forked> {
  const { pdx, lon } = (await startCells(['pdx', 'lon'], { app: MOVING_APP })).servers
  const one = await makeResource(pdx)
  await add(one, pdx, 'before')
  for (const cell of ['lon', 'pdx']) await moved(pdx, 'ledgers', one.id, cell)
  const copy = await copyOf(pdx)
  await moved(pdx, 'ledgers', one.id, 'lon')
  await add(one, lon, 'acknowledged in London')
  await bringBack(pdx, copy)
  for (let change = 0; change < changes; change++)
    for (const mode of ['read_only', 'active'])
      expect((await pdx.fetch(`/v1/ledgers/${one.id}`, json('PATCH', { mode }))).status).toBe(200)
  return { pdx, lon, one }
}

test.each([0, 3])(
  '[CE22] a later copy in a cell that lost nothing stays as it is, and is named (%s changes since); reconciling the one that came back brings the catalog there',
  { timeout: 60_000 },
  async (changes) => {
    const { pdx, lon, one } = await forked(changes)
    const { ledger } = await reconcile(pdx, 'lon')
    expect(ledger).toMatchObject({ state: 'failed', subject: { told: 0, missing: [], untold: [{ id: one.id }] } })
    expect(JSON.stringify(ledger?.subject)).toContain('In lon is a later copy')
    expect(await (await ask(one, pdx)).json()).toEqual(['before'])

    // Neither does a move there end it.
    const refused = await askToMove(pdx, 'ledgers', one.id, 'lon')
    expect([refused.status, await problem(refused)]).toMatchObject([409, { code: 'not_ready' }])

    expect((await reconcile(pdx, 'pdx'))['ledger']).toMatchObject({ state: 'succeeded', subject: { told: 1 } })
    expect((await inspect(pdx, 'ledgers', one.id)).resource.cell).toBe('lon')
    for (const server of [pdx, lon]) expect(await (await ask(one, server)).json()).toEqual(IN_LONDON)
    await expect.poll(async () => (await inspect(pdx, 'ledgers', one.id)).resource['state'], SETTLED).toBe('active')
    await add(one, pdx, 'goes on')
    for (const cell of ['lon', 'pdx'])
      expect((await reconcile(pdx, cell))['ledger']).toMatchObject({ state: 'succeeded', subject: { told: 0 } })
    await moved(pdx, 'ledgers', one.id, 'pdx')
    expect(await (await ask(one, lon)).json()).toEqual([...IN_LONDON, 'goes on'])
  },
)

test('[CE22] a backup from the middle of a move that has come to its end since: trying it again, and giving it up, leave what is there', async () => {
  const { pdx, lon } = (await startCells(['pdx', 'lon'], { app: MOVING_APP, faults: true })).servers
  const one = await makeResource(pdx)
  await add(one, pdx, 'before')
  const release = pdx.faults?.hold('moving.paused')
  const { id: operation } = await beginMove(pdx, 'ledgers', one.id, 'lon')
  await pdx.faultHit('moving.paused')
  await pdx.kill9()
  release?.()
  const copy = `${pdx.dataDir}.copy`
  cpSync(pdx.dataDir, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') })
  await pdx.start()
  expect((await ended(pdx, operation)).state).toBe('succeeded')
  await add(one, lon, 'acknowledged in London')
  await bringBack(pdx, copy)
  expect((await ended(pdx, operation)).state).toBe('failed')
  await expect.poll(async () => (await inspect(pdx, 'ledgers', one.id)).row['moving'], SETTLED).toBe(null)
  for (const mode of ['read_only', 'active', 'read_only', 'active'])
    expect((await pdx.fetch(`/v1/ledgers/${one.id}`, json('PATCH', { mode }))).status).toBe(200)
  expect((await reconcile(pdx, 'lon'))['ledger']).toMatchObject({ state: 'failed', subject: { told: 0 } })
  expect((await reconcile(pdx, 'pdx'))['ledger']).toMatchObject({ state: 'succeeded', subject: { told: 1 } })
  expect(await (await ask(one, pdx)).json()).toEqual(IN_LONDON)
})

test('[CE22] a later copy at the home of its identifier stays, too, when the older one moves on', async () => {
  const { pdx, lon, fra } = (await startCells(['pdx', 'lon', 'fra'], { app: MOVING_APP })).servers
  const one = await makeResource(lon)
  await add(one, lon, 'before')
  await moved(pdx, 'ledgers', one.id, 'pdx')
  const copy = await copyOf(pdx)
  await moved(pdx, 'ledgers', one.id, 'lon')
  await add(one, lon, 'acknowledged in London')
  await bringBack(pdx, copy)
  for (const mode of ['read_only', 'active', 'read_only', 'active'])
    expect((await pdx.fetch(`/v1/ledgers/${one.id}`, json('PATCH', { mode }))).status).toBe(200)
  await moved(pdx, 'ledgers', one.id, 'fra')
  expect(await (await ask(one, lon)).json()).toEqual(IN_LONDON)
  expect((await reconcile(pdx, 'fra'))['ledger']).toMatchObject({ state: 'succeeded', subject: { told: 1 } })
  for (const server of [pdx, lon, fra]) expect(await (await ask(one, server)).json()).toEqual(IN_LONDON)
})

test('[CE22] an account whose resource was lost is suspended and resumed to the end', async () => {
  const { pdx, lon } = (await startCells(['pdx', 'lon'], { app: MOVING_APP })).servers
  const { id: account } = await create(pdx, 'accounts')
  const copy = await copyOf(lon)
  const made = await pdx.fetch(`/v1/ledgers?account=${account}`, json('POST', { cell: 'lon' }))
  expect(made.status).toBe(201)
  const { id } = (await made.json()) as { id: string }
  await bringBack(lon, copy)
  expect((await reconcile(pdx, 'lon'))['ledger']).toMatchObject({ subject: { missing: [id] } })
  for (const mode of ['suspended', 'active']) {
    const changed = await pdx.fetch(`/v1/accounts/${account}`, json('PATCH', { mode }))
    const { operation } = (await changed.json()) as { operation?: string }
    if (operation !== undefined) expect((await ended(pdx, operation)).state).toBe('succeeded')
    const record = await pdx.fetch(`/v1/ledgers/${id}?account=${account}`)
    expect(await record.json()).toMatchObject({ state: mode })
  }
  // It is not made anew by that.
  expect((await reconcile(pdx, 'lon'))['ledger']).toMatchObject({ subject: { missing: [id] } })
})
