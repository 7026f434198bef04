// What a server has learned of where a resource is, after that has become untrue.

import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CellTable } from '../../src/identity/cell.ts'
import { disposeCells, startCells, type Cells } from '../support/cells.ts'
import { create, makeResource, mintToken } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'
import { MOVING_APP, moved } from './movers.ts'

let cells: Cells<'lon' | 'pdx' | 'syd'>

beforeAll(async () => {
  cells = await startCells(['lon', 'pdx', 'syd'], { app: MOVING_APP, timers: { tombstoneRetentionMs: 500 } })
})

afterAll(() => disposeCells(cells))

test('[MV4] a cell that everything has left is switched off: every other cell goes where the resource is', async () => {
  const { lon, pdx, syd } = cells.servers
  const [away, home] = await Promise.all([filled(lon), filled(lon)])
  await Promise.all([away, home].map(({ id }) => moved(lon, 'ledgers', id, 'pdx')))
  for (const { via } of [away, home]) {
    expect(await (await via(lon)).json()).toEqual(['kept'])
    expect(await (await via(syd)).json()).toEqual(['kept'])
  }
  await moved(lon, 'ledgers', away.id, 'syd')
  await moved(lon, 'ledgers', home.id, 'lon')
  await pdx.stop()
  try {
    expect(await (await away.via(lon)).json()).toEqual(['kept'])
    expect(await (await away.via(syd)).json()).toEqual(['kept'])
    expect(await (await home.via(syd)).json()).toEqual(['kept'])
    // Its body may have gone to the cell that is away: it is sent once.
    expect((await home.via(lon, 'POST', 'written')).status).toBe(503)
    expect((await home.via(lon, 'POST', 'written')).status).toBe(204)
    expect(await (await home.via(lon)).json()).toEqual(['kept', 'written'])
  } finally {
    await pdx.start()
  }
})

test('[MV4] what is not found in a resource that has moved says nothing about where it is', async () => {
  const { lon, syd } = cells.servers
  const { id, token } = await makeResource(lon, 'attics')
  await moved(lon, 'attics', id, 'pdx')
  const nothing = (): Promise<Response> =>
    fetch(`${syd.url}/attics/${id}/nothing`, { headers: { authorization: `Bearer ${token}` } })
  for (const _ of [1, 2]) expect((await nothing()).status).toBe(404)
  await lon.stop()
  try {
    // It would lead home, if it had been forgotten.
    expect((await nothing()).status).toBe(404)
  } finally {
    await lon.start()
  }
})

test('[MV4] [AD5] a name that was moved, has been forgotten and is used again is found by servers that knew it before', async () => {
  const { lon, syd } = cells.servers
  const { id } = await create(lon, 'chests', { name: 'gold' })
  const token = await adminTokenOf(id)
  await moved(lon, 'chests', id, 'pdx')
  const via = async (server: TestServer, bearer: string): Promise<number> =>
    (await fetch(`${server.url}/chests/${id}/things`, { headers: { authorization: `Bearer ${bearer}` } })).status
  expect([await via(lon, token), await via(syd, token)]).toEqual([200, 200])
  expect((await lon.fetch(`/v1/chests/${id}?purge=true`, { method: 'DELETE' })).status).toBe(200)
  await expect.poll(async () => (await lon.fetch(`/v1/chests/${id}`)).status, { timeout: 15_000 }).toBe(404)
  expect((await create(lon, 'chests', { name: 'gold' })).id).toBe(id)
  const next = await adminTokenOf(id)
  expect([await via(lon, next), await via(syd, next)]).toEqual([200, 200])
})

test('[MV4] a code that was given to the place that a resource had left leads to nothing: that is said, and not that it is moving', async () => {
  const { lon, syd } = cells.servers
  const { id, via } = await filled(lon)
  await moved(lon, 'ledgers', id, 'pdx')
  const table = JSON.parse(readFileSync(cells.cellsFile, 'utf8')) as CellTable
  const lead = async (next: CellTable): Promise<void> => {
    writeFileSync(cells.cellsFile, JSON.stringify(next))
    await lon.restart()
    await syd.restart()
  }
  await lead({ ...table, pdx: table['lon'] ?? {} })
  const lost = {
    code: 'unavailable',
    cell: 'pdx',
    applied: 'no',
    detail: expect.stringContaining('not brought along') as string,
  }
  for (const [server, method] of [
    [lon, 'GET'],
    [syd, 'GET'],
    [lon, 'POST'],
    [syd, 'POST'],
  ] as const) {
    const answer = await via(server, method, method === 'POST' ? 'x' : undefined)
    expect([answer.status, await answer.json()], method).toEqual([503, expect.objectContaining(lost)])
  }
  await lead(table)
  for (const server of [lon, syd]) expect(await (await via(server)).json()).toEqual(['kept'])
})

async function adminTokenOf(id: string): Promise<string> {
  return (await mintToken(cells.servers.lon, 'chests', id, { permission: 'admin' })).token
}

/** A resource of London, with an entry. */
async function filled(london: TestServer) {
  const { id, token, ask } = await makeResource(london)
  expect((await ask('entries', { method: 'POST', body: 'kept' })).status).toBe(204)
  const via = (server: TestServer, method = 'GET', body?: string): Promise<Response> =>
    fetch(`${server.url}/ledgers/${id}/entries`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body !== undefined && { body }),
    })
  return { id, via }
}
