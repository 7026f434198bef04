// Timers of a cell that came back from a backup: what they were for may have happened elsewhere.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { disposeCells, startCells } from '../support/cells.ts'
import { makeResource } from '../support/http.ts'
import { POINTS } from '../faults/points.ts'
import { MOVING_APP, moved } from '../moving/movers.ts'
import { ask, bringBack, copyOf } from './reconciling.ts'

/** Longer than it takes to copy the cell and to move what is in it. */
const DUE_MS = 5_000

test('[CE23] do not run before it knows what has happened since, though their objects lie there as they were', async () => {
  const cells = await startCells(['root', 'lon'], { app: MOVING_APP, faults: true })
  onTestFinished(() => disposeCells(cells))
  const { root, lon } = cells.servers
  const resource = await makeResource(lon)
  expect((await ask(resource, lon, `timer?name=soon&ms=${DUE_MS}`, { method: 'POST' })).status).toBe(204)
  const copy = await copyOf(lon)
  await moved(root, 'ledgers', resource.id, 'root')
  const entries = async (): Promise<unknown> => (await ask(resource, root)).json()
  await expect.poll(entries, { timeout: 2 * DUE_MS }).toEqual(['timer soon'])
  await root.stop()
  writeFileSync(join(copy, 'restored'), '')
  const [point = ''] = POINTS.restored
  lon.armFault(point, 'data')
  await bringBack(lon, copy)
  await lon.faultHit(point)
  await root.start()
  await expect.poll(async () => (await ask(resource, lon)).status, { timeout: 20_000 }).toBe(200)
  expect(await (await ask(resource, lon)).json()).toEqual(['timer soon'])
})
