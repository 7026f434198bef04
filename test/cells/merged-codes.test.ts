// A code that is given to another cell's place, after what it had was moved there: two codes are one place then, and one object.

import { readFileSync, writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import type { CellTable } from '../../src/identity/cell.ts'
import { disposeCells, startCells } from '../support/cells.ts'
import { makeResource, problem } from '../support/http.ts'
import { SOON } from '../support/tenant.ts'
import { MOVING_APP, askToMove, moved } from '../moving/movers.ts'
import { add, ask, reconcile } from './reconciling.ts'

test('[CE8] [CE19] [MV7] [MV8] what has moved from one code to the other is served, reconciled, kept and deleted as one object', async () => {
  const cells = await startCells(['root', 'lon', 'pdx'], { app: MOVING_APP, timers: { tombstoneRetentionMs: 500 } })
  onTestFinished(() => disposeCells(cells))
  const { root, lon, pdx } = cells.servers
  const [gone, back] = [await makeResource(lon), await makeResource(pdx)]
  for (const resource of [gone, back]) await add(resource, root, 'kept')
  await moved(root, 'ledgers', gone.id, 'pdx')
  for (const cell of ['lon', 'pdx']) await moved(root, 'ledgers', back.id, cell)
  await lon.stop()
  const table = JSON.parse(readFileSync(cells.cellsFile, 'utf8')) as CellTable
  writeFileSync(cells.cellsFile, JSON.stringify({ ...table, lon: table['pdx'] ?? {} }))
  for (const server of [root, pdx]) await server.restart()

  for (const cell of ['lon', 'pdx'])
    expect((await reconcile(root, cell))['ledger']).toMatchObject({ state: 'succeeded', subject: { untold: [] } })
  const refused = await askToMove(root, 'ledgers', gone.id, 'lon')
  expect([refused.status, (await problem(refused)).detail]).toEqual([400, expect.stringContaining('there already')])
  // To a name of its own there.
  await moved(root, 'ledgers', back.id, 'lon')
  for (const resource of [gone, back]) {
    await add(resource, root, 'since')
    expect(await (await ask(resource, pdx)).json()).toEqual(['kept', 'since'])
  }
  for (const { id } of [gone, back])
    expect((await root.fetch(`/v1/ledgers/${id}?purge=true`, { method: 'DELETE' })).status).toBe(200)
  for (const resource of [gone, back]) {
    expect([410, 404]).toContain((await ask(resource, root)).status)
    await expect.poll(async () => (await root.fetch(`/v1/ledgers/${resource.id}`)).status, SOON).toBe(404)
    expect((await ask(resource, root)).status).toBe(404)
  }
})
