// The main rows of the state table on real objects, by calls that arrive late, twice, or out of order.

import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import type { DataMethods } from '../../src/wire/planes.ts'
import { create } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { CASK_APP, SETTLED, inspect, read } from './casks.ts'
import { callData, caskDescriptor, mintCaskId } from './control-calls.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer({ app: CASK_APP })
})

const SOON_MS = 30_000

function apply(id: string, more: Parameters<typeof caskDescriptor>[1] = {}, notAfterMs = Date.now() + SOON_MS) {
  return callData(server, id, 'apply', {
    descriptor: caskDescriptor(id, more),
    params: { text: 'from a call' },
    notAfterMs,
  })
}

async function status(id: string, method = 'GET'): Promise<number> {
  return (await fetch(`${server.url}/casks/${id}/`, { method, ...(method === 'PUT' ? { body: 'more' } : {}) })).status
}

/** What the refusal of an object says that holds a tombstone. */
const REFUSED = { outcome: 'refused', reason: 'tombstone', held: { kind: 'tombstone' } }

test('[DP3] an apply that comes after the purge is refused, for every version of its incarnation', async () => {
  const { id } = await create(server, 'casks', { visibility: 'public' })
  const { object } = await inspect(server, id)
  if (object.kind !== 'descriptor') throw new Error('the object has no descriptor')
  expect((await server.fetch(`/v1/casks/${id}`, { method: 'DELETE' })).status).toBe(200)
  await expect.poll(async () => (await inspect(server, id)).object.kind, SETTLED).toBe('tombstone')

  const late: DataMethods['apply']['args'] = { descriptor: object.descriptor, notAfterMs: Date.now() + SOON_MS }
  expect(await callData(server, id, 'apply', late)).toMatchObject(REFUSED)
  const newer = { ...late, descriptor: { ...object.descriptor, version: 99 } }
  expect(await callData(server, id, 'apply', newer)).toMatchObject(REFUSED)
  expect((await read(server, id)).status).toBe(410)
  expect(await status(id, 'PUT')).toBe(410)
  // The refusals are not a matter of memory.
  await server.data.kill9()
  await server.data.ready()
  await expect.poll(() => callData(server, id, 'apply', late), SETTLED).toMatchObject(REFUSED)
  expect((await inspect(server, id)).object.kind).toBe('tombstone')
})

test('[DP3] a creation past its notAfter is refused and leaves nothing; a deletion is never too late', async () => {
  const id = await mintCaskId(server)
  const late = await apply(id, {}, Date.now() - 1)
  expect(late).toEqual({ outcome: 'refused', reason: 'not_after', held: { kind: 'nothing' } })
  expect(await status(id)).toBe(404)
  expect(await apply(id, { mode: 'deleted', version: 2 }, Date.now() - 1)).toMatchObject({
    outcome: 'applied',
    held: { kind: 'tombstone', tombstone: { incarnation: 1, version: 2 } },
  })
  // The creation that it overtook comes in at last, in time.
  expect(await apply(id)).toMatchObject(REFUSED)
  expect(await status(id)).toBe(410)
})

test('[DP1] [DP2] a life: nothing, active, read-only, suspended, active, purged, forgotten, born again', async () => {
  const id = await mintCaskId(server)
  const said = async (call: Promise<{ readonly outcome: string }>): Promise<[string, number, number]> => [
    (await call).outcome,
    await status(id),
    await status(id, 'PUT'),
  ]
  const purge = (incarnation: number) => callData(server, id, 'purge', { id, incarnation, version: 9 })
  const forget = (incarnation: number) => callData(server, id, 'forget', { incarnation })

  expect([await status(id), await status(id, 'PUT')]).toEqual([404, 404])
  expect(await said(forget(1))).toEqual(['forgotten', 404, 404])
  expect(await said(apply(id, { version: 3 }))).toEqual(['applied', 200, 200])
  expect(await said(apply(id, { version: 3, mode: 'suspended' }))).toEqual(['held', 200, 200])
  expect(await said(apply(id, { version: 2, mode: 'suspended' }))).toEqual(['held', 200, 200])
  expect(await said(forget(1))).toEqual(['refused', 200, 200])
  expect(await said(apply(id, { version: 4, mode: 'read_only' }))).toEqual(['applied', 200, 403])
  expect(await said(apply(id, { version: 5, mode: 'suspended' }))).toEqual(['applied', 403, 403])
  expect(await said(apply(id, { version: 6, mode: 'deleted' }))).toEqual(['applied', 410, 410])
  expect(await said(apply(id, { version: 7 }))).toEqual(['applied', 200, 200])
  expect(await (await read(server, id)).json()).toMatchObject({ text: 'more' })
  expect(await said(purge(1))).toEqual(['purged', 410, 410])
  expect(await said(purge(1))).toEqual(['purged', 410, 410])
  expect(await said(apply(id, { version: 8 }))).toEqual(['refused', 410, 410])
  // Only a newer incarnation passes a tombstone, and it begins anew; an older one's purge does not touch it.
  expect((await apply(id, { incarnation: 2 })).outcome).toBe('applied')
  expect(await (await read(server, id)).json()).toMatchObject({ text: 'from a call', number: 1 })
  expect(await said(purge(1))).toEqual(['refused', 200, 200])
  expect(await said(purge(2))).toEqual(['purged', 410, 410])
  expect(await said(forget(1))).toEqual(['refused', 410, 410])
  expect(await said(forget(2))).toEqual(['forgotten', 404, 404])
  expect(await callData(server, id, 'describe', {})).toMatchObject({ held: { kind: 'nothing' } })
})

test('[DP3] a purge of what never came to be leaves a tombstone, and fences the creation that is still on its way', async () => {
  const id = await mintCaskId(server)
  expect((await callData(server, id, 'purge', { id, incarnation: 1, version: 1 })).outcome).toBe('purged')
  expect(await apply(id)).toMatchObject(REFUSED)
})

test('[ID4] [DP2] the data plane takes no call for what is no identifier of that type', async () => {
  const before = server.sqliteFiles().data
  const vat = (await mintCaskId(server)).replace(/^cask/, 'vat')
  for (const resource of [vat, randomUUID(), '', 'cask']) {
    await expect(callData(server, resource, 'describe', {})).rejects.toThrow('unavailable')
  }
  expect(server.sqliteFiles().data).toBe(before)
})
