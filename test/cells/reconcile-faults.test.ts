// Every point of reconciling x the processes that take part: killed there, it comes to its end by itself.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { OperationJson } from '../../src/wire/operation.ts'
import { disposeCells, startCells, type Cells } from '../support/cells.ts'
import { json, makeResource, type OwnedResource } from '../support/http.ts'
import { cases, killedAt, withQuickRestarts } from '../faults/points.ts'
import { MOVING_APP, inspect, moved } from '../moving/movers.ts'
import { add, ask, bringBack, copyOf } from './reconciling.ts'

const SETTLED = { timeout: 20_000, interval: 50 }

let cells: Cells<'pdx' | 'lon'>
let gone: OwnedResource
let suspended: OwnedResource
let purged: OwnedResource
let copy: string | undefined

beforeAll(async () => {
  const timers = { tombstoneRetentionMs: 3_600_000 }
  cells = await startCells(['pdx', 'lon'], { app: MOVING_APP, faults: true, timers })
})

/** @returns what London had before all that has happened since */
async function happen(): Promise<string> {
  const { pdx, lon } = cells.servers
  ;[gone, suspended, purged] = [await makeResource(lon), await makeResource(lon), await makeResource(lon)]
  for (const one of [gone, suspended, purged]) await add(one, lon, 'before')
  const saved = await copyOf(lon)
  await moved(pdx, 'ledgers', gone.id, 'pdx')
  await add(gone, pdx, 'in Portland')
  await pdx.fetch(`/v1/ledgers/${suspended.id}`, json('PATCH', { mode: 'suspended' }))
  await pdx.fetch(`/v1/ledgers/${purged.id}?purge=true`, { method: 'DELETE' })
  await expect.poll(async () => (await inspect(pdx, 'ledgers', purged.id)).row['phase'], SETTLED).toBe('purged')
  return saved
}

afterAll(() => disposeCells(cells))

beforeEach(() => withQuickRestarts(cells.servers.pdx))

test.each(cases('reconcile'))('[CE24] the %s process of the catalog killed at %s', async (victim, point) => {
  const { pdx } = cells.servers
  await comeBack()
  const begun = await killedAt(pdx, point, victim, begin)
  await expectTold(begun === 202)
})

test.each(['object.leave.begin', 'object.leave.wiped', 'object.purge.tombstone', 'object.apply.stored'])(
  '[CE24] the data process of the cell killed at %s',
  async (point) => {
    const { lon } = cells.servers
    await comeBack()
    const begun = await killedAt(lon, point, 'data', begin)
    await expectTold(begun === 202)
  },
)

async function comeBack(): Promise<void> {
  const { lon } = cells.servers
  await bringBack(lon, (copy ??= await happen()))
  expect((await ask(suspended, lon)).status).toBe(200)
}

function begin(): Promise<Response> {
  return cells.servers.pdx.fetch('/v1/cells/lon/reconcile', json('POST', {}))
}

/** @param isAccepted otherwise its caller knows that it has to ask again */
async function expectTold(isAccepted: boolean): Promise<void> {
  const { pdx, lon } = cells.servers
  if (!isAccepted) await expect.poll(async () => (await begin().catch(() => undefined))?.status, SETTLED).toBe(202)
  const states = async (): Promise<string[]> => {
    const answer = await pdx.fetch('/v1/operations?account=-&limit=200').catch(() => undefined)
    const { data = [] } = answer?.ok === true ? ((await answer.json()) as { data?: OperationJson[] }) : {}
    return [...new Set(data.filter(({ kind }) => kind === 'reconcile').map(({ state }) => state))]
  }
  await expect.poll(states, SETTLED).toEqual(['succeeded'])
  const status = async (one: OwnedResource): Promise<number> => (await ask(one, lon)).status
  expect([await status(suspended), await status(purged)]).toEqual([403, 410])
  expect(await (await ask(gone, lon)).json()).toEqual(['before', 'in Portland'])
}
