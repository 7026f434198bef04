// Moving between cells that are processes of their own: what crosses is a stream, and each cell may be away.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { disposeCells, startCells, type Cells } from '../support/cells.ts'
import { json, makeResource, mintToken, openLink, problem, type OwnedResource } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'
import {
  CONTENT_BYTES,
  MOVING_APP,
  askToMove,
  beginMove,
  checksum,
  ended,
  filesWithContent,
  inspect,
  moved,
} from './movers.ts'

let cells: Cells<'lon' | 'pdx'>
let london: TestServer
let portland: TestServer

beforeAll(async () => {
  cells = await startCells(['lon', 'pdx'], { app: MOVING_APP, faults: true })
  london = cells.servers.lon
  portland = cells.servers.pdx
})

afterAll(() => disposeCells(cells))

test('[MV1] [MV4] its content is the same, and requests through either cell arrive', async () => {
  const { id, token, ask } = await filled()
  const { url } = await mintToken(london, 'ledgers', id)
  await ask('timer?name=soon&ms=500', { method: 'POST' })
  const before = await checksum(ask('dump'))
  await moved(london, 'ledgers', id, 'pdx')
  const there = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${portland.url}/ledgers/${id}/${path}`, { ...init, headers: { authorization: `Bearer ${token}` } })
  // Through both, until both know the way.
  for (const _ of [1, 2]) {
    await expect.poll(async () => (await ask('entries')).json()).toEqual(['kept', 'timer soon'])
    expect(await (await there('entries')).json()).toEqual(['kept', 'timer soon'])
  }
  expect((await ask('entries', { method: 'POST', body: 'from London' })).status).toBe(204)
  expect((await there('entries', { method: 'POST', body: 'from Portland' })).status).toBe(204)
  expect(await (await ask('entries')).json()).toEqual(['kept', 'timer soon', 'from London', 'from Portland'])
  // A link leads to where it is, and is used up there.
  const link = url.replace(/:\d+\//, `:${london.port}/`)
  await openLink(london, link)
  await expect(openLink(london, link)).rejects.toThrow('answered 401')
  expect([filesWithContent(london), filesWithContent(portland)].map(({ length }) => length)).toEqual([0, 1])
  await moved(london, 'ledgers', id, 'lon')
  expect(await (await there('entries')).json()).toHaveLength(4)
  expect([filesWithContent(london), filesWithContent(portland)].map(({ length }) => length)).toEqual([1, 0])
  expect(before).toMatch(/^200 /)
  await purge(id)
})

test('[MV8] a deletion leaves nothing of it in either cell', async () => {
  const { id, ask } = await filled()
  await moved(london, 'ledgers', id, 'pdx')
  await purge(id)
  expect((await ask('entries')).status).toBe(410)
  expect(filesWithContent(london, portland)).toEqual([])
})

test('[MV3] the data process of the other cell killed while it takes the content over', async () => {
  const { id, ask } = await filled()
  const before = await checksum(ask('dump'))
  portland.armFault('object.restore.begun', 'data')
  const operation = await beginMove(london, 'ledgers', id, 'pdx')
  await portland.faultHit('object.restore.begun')
  expect(await checksum(ask('dump')), 'read meanwhile').toBe(before)
  expect((await ended(london, operation.id)).state).toBe('succeeded')
  expect(await checksum(ask('dump'))).toBe(before)
  await purge(id)
})

test('[MV6] a cell that is down: nothing begins; one that goes down meanwhile: everything is as it was', async () => {
  const { id, ask } = await filled()
  const release = london.faults?.hold('moving.paused')
  const operation = await beginMove(london, 'ledgers', id, 'pdx')
  await london.faultHit('moving.paused', london.faults?.hits('moving.paused') ?? 1)
  await portland.kill9()
  release?.()
  const end = await ended(london, operation.id)
  expect(end).toMatchObject({ state: 'failed', error: { code: 'unavailable' } })
  await expect.poll(async () => (await ask('entries', { method: 'POST', body: 'again' })).status).toBe(204)
  expect((await inspect(london, 'ledgers', id)).resource).toMatchObject({ cell: 'lon', state: 'active' })
  const other = await filled()
  const refused = await askToMove(london, 'ledgers', other.id, 'pdx')
  expect([refused.status, await problem(refused)]).toEqual([
    503,
    expect.objectContaining({ code: 'unavailable', cell: 'pdx', applied: 'no' }),
  ])
  expect((await inspect(london, 'ledgers', other.id)).row).toMatchObject({ desired_version: 1, moving: null })
  await portland.start()
  await expect.poll(async () => (await inspect(london, 'ledgers', id)).row['moving'], { timeout: 10_000 }).toBe(null)
  await moved(london, 'ledgers', id, 'pdx')
  expect(await (await ask('entries')).json()).toEqual(['kept', 'again'])
})

async function filled(): Promise<OwnedResource> {
  const resource = await makeResource(london)
  await resource.ask('entries', { method: 'POST', body: 'kept' })
  expect((await resource.ask(`blob?bytes=${CONTENT_BYTES}`, { method: 'PUT' })).status).toBe(204)
  return resource
}

async function purge(id: string): Promise<void> {
  expect((await london.fetch(`/v1/ledgers/${id}?purge=true`, { ...json('DELETE', {}), body: null })).status).toBe(200)
}
