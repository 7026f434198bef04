// Every point of a move x either process: killed there, the move comes to its end by itself, and nothing is lost.

import { beforeAll, beforeEach, expect, test } from 'vitest'
import { cases, killedAt, withQuickRestarts } from '../faults/points.ts'
import { json, makeResource, type OwnedResource } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'
import { CONTENT_BYTES, askToMove, beginMove, checksum, filesWithContent, inspect, startOneProcess } from './movers.ts'

const SETTLED = { timeout: 10_000, interval: 20 }

let server: TestServer
/** Of all tests: each has the content of its one resource in one file. */
let count = 0

beforeAll(async () => {
  server = await startOneProcess({ faults: true })
})

beforeEach(() => withQuickRestarts(server))

/** Between two calls to it the data process may be away wherever the control process is: once before the flip, and twice after it. */
const BETWEEN_CALLS = ['moving.copied', 'moving.flipped', 'moving.opened']
const movesToCell = cases('toCell').filter(
  ([victim, point]) => victim === 'control' || point.startsWith('object.') || BETWEEN_CALLS.includes(point),
)

test.each(movesToCell)('[MV3] to another cell: the %s process killed at %s', async (victim, point) => {
  const resource = await filled()
  const before = await checksum(resource.ask('dump'))
  await killedAt(server, point, victim, () => askToMove(server, 'ledgers', resource.id, 'other'))
  await expectSettled(resource, 'other', before)
})

test.each(cases('notToCell'))('[MV3] [MV6] given up: the %s process killed at %s', async (victim, point) => {
  const resource = await filled()
  const before = await checksum(resource.ask('dump'))
  const hits = server.faults?.hits('moving.copied') ?? 0
  const release = server.faults?.hold('moving.copied')
  const { id } = await beginMove(server, 'ledgers', resource.id, 'other')
  await server.faultHit('moving.copied', hits + 1)
  await killedAt(server, point, victim, async () => {
    const answer = await server.fetch(`/v1/operations/${id}/cancel`, json('POST', {}))
    release?.()
    return answer
  })
  await expectSettled(resource, 'local', before)
})

test('[MV3] [MV8] deleted after its move: the data process killed while a place that it has left is purged', async () => {
  const resource = await filled()
  await askToMove(server, 'ledgers', resource.id, 'other')
  await expect.poll(() => stateOf(resource), SETTLED).toMatchObject({ cell: 'other', work: [] })
  await killedAt(server, 'object.purge.tombstone', 'data', () =>
    server.fetch(`/v1/ledgers/${resource.id}`, { method: 'DELETE' }),
  )
  await expect.poll(async () => (await inspect(server, 'ledgers', resource.id)).row['phase'], SETTLED).toBe('purged')
  expect((await resource.ask('entries')).status).toBe(410)
  count--
  expect(filesWithContent(server)).toHaveLength(count)
})

async function filled(): Promise<OwnedResource> {
  const resource = await makeResource(server)
  await resource.ask('entries', { method: 'POST', body: 'kept' })
  expect((await resource.ask(`blob?bytes=${CONTENT_BYTES}`, { method: 'PUT' })).status).toBe(204)
  await resource.ask('timer?name=later&ms=3600000', { method: 'POST' })
  count++
  return resource
}

async function stateOf({ id }: OwnedResource): Promise<object> {
  const inspected = await inspect(server, 'ledgers', id).catch(() => undefined)
  const { row = {}, object, work, resource } = inspected ?? {}
  return {
    cell: resource?.cell,
    state: resource?.state,
    work,
    moving: row['moving'],
    isAgreed: row['desired_version'] === row['applied_version'],
    held: object?.kind,
  }
}

async function expectSettled(resource: OwnedResource, cell: string, content: string): Promise<void> {
  await expect
    .poll(() => stateOf(resource), SETTLED)
    .toEqual({ cell, state: 'active', work: [], moving: null, isAgreed: true, held: 'descriptor' })
  expect(await checksum(resource.ask('dump'))).toBe(content)
  expect((await resource.ask('entries', { method: 'POST', body: 'goes on' })).status).toBe(204)
  expect(filesWithContent(server), 'content in one place').toHaveLength(count)
}
