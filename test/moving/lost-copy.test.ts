// The copy of a move that something does away with before it is handed over: a call that comes late, or twice, and a cell that has come back
// from an older backup.

import { rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ObjectPlace } from '../../src/identity/cell.ts'
import type { Descriptor } from '../../src/wire/descriptor.ts'
import { bringBack, copyOf } from '../cells/reconciling.ts'
import { cases } from '../faults/points.ts'
import { disposeCells, startCells, type Cells } from '../support/cells.ts'
import { sendCall } from '../support/hop.ts'
import { content, create, json, mintToken, type OwnedResource } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'
import { MOVING_APP, beginMove, checksum, ended, filesWithContent, filled, inspect, moved } from './movers.ts'

const SETTLED = { timeout: 15_000, interval: 20 }

let cells: Cells<'lon' | 'pdx'>
let london: TestServer
let portland: TestServer

beforeAll(async () => {
  cells = await startCells(['lon', 'pdx'], { app: MOVING_APP, faults: true, timers: { deleteRetentionMs: 3_600_000 } })
  london = cells.servers.lon
  portland = cells.servers.pdx
})

afterAll(() => disposeCells(cells))

test('[MV12] a second call to take it over, once it is there, changes nothing: it moves', async () => {
  const { id, ask } = await filled(london)
  const before = await checksum(ask('dump'))
  const { release, operation } = await heldMove(id, 'moving.verified')
  const answer = await takeOver(id, await descriptorOf(id))
  expect(answer).toMatchObject({ ok: false, error: { code: 'not_ready' } })
  release()
  expect((await ended(london, operation)).state).toBe('succeeded')
  expect(await checksum(ask('dump'))).toBe(before)
  await purge(id)
})

test('[MV12] a call of an attempt before, while the next one has brought it, changes nothing either', async () => {
  const { id, ask } = await filled(london)
  const first = await heldMove(id, 'moving.copied')
  const descriptor = await descriptorOf(id)
  const release = hold('moving.verified')
  const times = hits('moving.verified') + 1
  // With what it knows of the attempt.
  await london.control.kill9()
  first.release()
  await london.faultHit('moving.verified', times)
  expect((await descriptorOf(id)).version).toBe(descriptor.version + 1)
  expect(await takeOver(id, descriptor)).toMatchObject({ ok: false, error: { code: 'not_ready' } })
  release()
  expect((await ended(london, first.operation)).state).toBe('succeeded')
  expect(await (await ask('entries')).json()).toEqual(['Grüße 🦆'])
  await purge(id)
})

test('[MV12] a copy that is damaged before it is opened: the resource is where it was, and is written to', async () => {
  const { id, ask } = await filled(london)
  const { release, operation } = await heldMove(id, 'moving.verified')
  const times = portland.faults?.hits('object.restore.begun') ?? 0
  portland.armFault('object.restore.begun', 'data')
  const { version, ...descriptor } = await descriptorOf(id)
  // Whatever does it: not a call of this attempt.
  const damaging = takeOver(id, { ...descriptor, version: version + 1 }).catch(() => undefined)
  await portland.faultHit('object.restore.begun', times + 1)
  await damaging
  await portland.data.ready()
  release()
  await expectBack(ask, id, operation)
})

test('[MV12] a copy whose cell comes back without it: the resource is where it was, and is written to', async () => {
  const { id, ask } = await filled(london)
  const { release, operation } = await heldMove(id, 'moving.verified')
  await lose(portland)
  release()
  await expectBack(ask, id, operation)
})

test.each(cases('backAgain'))('[MV12] the same, and the %s process killed at %s', async (victim, point) => {
  const { id, ask } = await filled(london)
  const { release, operation } = await heldMove(id, 'moving.verified')
  const server = point.startsWith('object.') ? portland : london
  const times = (server.faults?.hits(point) ?? 0) + 1
  await lose(portland)
  server.armFault(point, victim)
  release()
  await server.faultHit(point, times)
  await server[victim].ready()
  await expectBack(ask, id, operation)
})

test('[MV12] [MV5] the same, deleted meanwhile: it can be restored', async () => {
  const { id, ask } = await filled(london)
  const { release, operation } = await heldMove(id, 'moving.verified')
  await wipe(portland)
  release()
  const phase = async (): Promise<string> => String((await inspect(london, 'ledgers', id)).row['moving'])
  await expect.poll(phase, SETTLED).toContain('handOver')
  const removed = london.fetch(`/v1/ledgers/${id}`, { method: 'DELETE' })
  await portland.start()
  expect((await removed).status).toBeLessThan(300)
  expect((await ended(london, operation)).state).toBe('failed')
  await expect.poll(async () => (await inspect(london, 'ledgers', id)).row['moving'], SETTLED).toBe(null)
  expect((await london.fetch(`/v1/ledgers/${id}/restore`, json('POST', {}))).status).toBe(200)
  await expect.poll(async () => (await ask('entries', { method: 'POST', body: 'again' })).status, SETTLED).toBe(204)
  expect(await (await ask('entries')).json()).toEqual(['Grüße 🦆', 'again'])
  await purge(id)
})

test('[MV12] a copy that is lost when the place before has let go: the operation says so, and it can be deleted', async () => {
  const { id } = await filled(london)
  const { release, operation } = await heldMove(id, 'object.leave.wiped')
  await lose(portland)
  // What was told to let go cannot say that it has.
  await london.kill9()
  release()
  await london.start()
  const end = await ended(london, operation)
  expect(end).toMatchObject({
    state: 'failed',
    error: { code: 'internal', message: `Neither pdx nor lon has ${id}: restore one of them.` },
  })
  await purge(id)
  await expect.poll(async () => (await inspect(london, 'ledgers', id)).row['phase'], SETTLED).toBe('purged')
})

test.each([false, true])(
  '[MV12] a copy whose cell comes back with what was called so before, and was purged: the resource is where it was (deleted: %s)',
  async (isDeleted) => {
    const { id } = await makeChest('old')
    await moved(london, 'chests', id, 'pdx')
    const copy = await copyOf(portland)
    expect((await london.fetch(`/v1/chests/${id}?purge=true`, { method: 'DELETE' })).status).toBe(200)
    await expect.poll(async () => (await inspect(london, 'chests', id)).row['phase'], SETTLED).toBe('purged')
    const next = await makeChest('new')
    expect(next.id).toBe(id)
    const { release, operation } = await heldMove(id, 'moving.verified', 'chests')
    await portland.stop()
    release()
    const phase = async (): Promise<string> => String((await inspect(london, 'chests', id)).row['moving'])
    await expect.poll(phase, SETTLED).toContain('handOver')
    const removed = isDeleted ? london.fetch(`/v1/chests/${id}`, { method: 'DELETE' }) : undefined
    if (isDeleted) await expect.poll(async () => (await inspect(london, 'chests', id)).row['listed'], SETTLED).toBe(0)
    await bringBack(portland, copy)
    await removed
    expect(await ended(london, operation)).toMatchObject({ state: 'failed', error: { code: 'unavailable' } })
    await expect.poll(async () => (await inspect(london, 'chests', id)).row['moving'], SETTLED).toBe(null)
    if (isDeleted) expect((await london.fetch(`/v1/chests/${id}/restore`, json('POST', {}))).status).toBe(200)
    expect((await inspect(london, 'chests', id)).resource).toMatchObject({ cell: 'lon', state: 'active' })
    expect(await things(id)).toContain('new')
    expect((await london.fetch(`/v1/chests/${id}?purge=true`, { method: 'DELETE' })).status).toBe(200)
    await expect.poll(async () => (await inspect(london, 'chests', id)).row['phase'], SETTLED).toBe('purged')
  },
)

/** Named by its owner: the next one that is called so has its identifier. */
async function makeChest(thing: string): Promise<{ readonly id: string }> {
  const { id } = await create(london, 'chests', { name: 'treasure' })
  const { token } = await mintToken(london, 'chests', id)
  expect((await content(london, `/chests/${id}/thing?text=${thing}`, token, { method: 'PUT' })).status).toBe(200)
  return { id }
}

async function things(id: string): Promise<string> {
  const { token } = await mintToken(london, 'chests', id)
  return (await content(london, `/chests/${id}/things`, token)).text()
}

async function expectBack(ask: OwnedResource['ask'], id: string, operation: string): Promise<void> {
  const end = await ended(london, operation)
  expect(end).toMatchObject({ state: 'failed', error: { code: 'unavailable' }, progress: { done: 0 } })
  expect(end.error?.message).toContain('pdx has lost the copy')
  await expect.poll(async () => (await ask('entries', { method: 'POST', body: 'again' })).status, SETTLED).toBe(204)
  await expect.poll(async () => (await inspect(london, 'ledgers', id)).row['moving'], SETTLED).toBe(null)
  expect((await inspect(london, 'ledgers', id)).resource).toMatchObject({ cell: 'lon', state: 'active' })
  expect(filesWithContent(portland)).toEqual([])
  // It can be moved there after all.
  await moved(london, 'ledgers', id, 'pdx')
  expect(await (await ask('entries')).json()).toEqual(['Grüße 🦆', 'again'])
  await purge(id)
}

/** Its machine comes back without what it had of any resource. */
async function lose(server: TestServer): Promise<void> {
  await wipe(server)
  await server.start()
}

async function wipe(server: TestServer): Promise<void> {
  const files = filesWithContent(server)
  expect(files).toHaveLength(1)
  await server.kill9()
  for (const file of files) for (const more of ['', '-wal', '-shm']) rmSync(`${file}${more}`, { force: true })
}

function hits(point: string): number {
  return london.faults?.hits(point) ?? 0
}

function hold(point: string): () => void {
  return london.faults?.hold(point) ?? (() => {})
}

async function heldMove(
  id: string,
  point: string,
  plural = 'ledgers',
): Promise<{ release: () => void; operation: string }> {
  const before = hits(point)
  const release = hold(point)
  const { id: operation } = await beginMove(london, plural, id, 'pdx')
  await london.faultHit(point, before + 1)
  return { release, operation }
}

async function descriptorOf(id: string): Promise<Descriptor> {
  const { row } = await inspect(london, 'ledgers', id)
  return JSON.parse(String(row['descriptor'])) as Descriptor
}

/** As the control plane calls it. @returns what the object answers */
async function takeOver(id: string, descriptor: Descriptor): Promise<unknown> {
  const from: ObjectPlace = { cell: 'lon' }
  const call = {
    v: 1,
    type: 'ledger',
    resource: id,
    at: { cell: 'pdx' },
    method: 'takeOver',
    args: { descriptor, from },
  }
  const { text } = await sendCall(portland, 'pdx', 'data', { ...call, requestId: 'late' })
  return JSON.parse(text)
}

async function purge(id: string): Promise<void> {
  expect((await london.fetch(`/v1/ledgers/${id}?purge=true`, { method: 'DELETE' })).status).toBeLessThan(300)
}
