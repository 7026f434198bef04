// Killed while a resource is deleted for a while, restored, or purged at the end of that time. See points.ts.

import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { json } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { CASK_APP, SETTLED, expectSettled, inspect, list, read } from './casks.ts'
import { callData } from './control-calls.ts'
import { CONTENT_BYTES, cases, filled, killedAt, onlyState, withQuickRestarts } from './points.ts'

const RETENTION_MS = 3_600_000
const SHORT_RETENTION = { deleteRetentionMs: 200, tombstoneRetentionMs: RETENTION_MS }

describe('killed while a resource is deleted for a while, or restored', () => {
  let server: TestServer
  /** What is in no list. */
  const ended: string[] = []

  beforeAll(async () => {
    server = await startServer({
      app: CASK_APP,
      faults: true,
      timers: { deleteRetentionMs: RETENTION_MS, tombstoneRetentionMs: RETENTION_MS },
    })
  })

  beforeEach(() => withQuickRestarts(server))

  test.each(cases('keep'))('[RC1] [CP13] delete for a while: the %s process killed at %s', async (victim, point) => {
    const { id, token, saved } = await filled(server, 'kept')
    await killedAt(server, point, victim, () => server.fetch(`/v1/casks/${id}`, { method: 'DELETE' }))
    await expectSettled(server, [id, ...ended])
    expect((await inspect(server, id)).object).toMatchObject({ kind: 'descriptor', descriptor: { mode: 'deleted' } })
    expect((await read(server, id, token)).status).toBe(410)
    expect((await list(server, '&deleted=true')).map((cask) => cask.id)).toContain(id)
    expect((await restore(server, id)).status).toBe(200)
    expect(await (await read(server, id, token)).json()).toMatchObject(saved)
    ended.push(await end(server, id))
  })

  test.each(cases('restore'))('[RC1] [CP13] restore: the %s process killed at %s', async (victim, point) => {
    const { id, token, saved } = await filled(server, 'restored')
    expect((await server.fetch(`/v1/casks/${id}`, { method: 'DELETE' })).status).toBe(200)
    await killedAt(server, point, victim, () => restore(server, id))
    await expectSettled(server, [id, ...ended])
    // Its name and its place in the list are its own again, and its content was never away.
    expect((await list(server)).map(onlyState)).toEqual([{ name: 'restored', state: 'active' }])
    expect(await list(server, '&deleted=true')).toEqual([])
    expect((await server.fetch('/v1/casks', json('POST', { name: 'restored' }))).status).toBe(409)
    expect(await (await read(server, id, token)).json()).toMatchObject({ ...saved, generation: 1 })
    ended.push(await end(server, id))
  })
})

describe('killed at the end of that time', () => {
  let server: TestServer
  const ended: string[] = []

  beforeAll(async () => {
    server = await startServer({ app: CASK_APP, faults: true, timers: SHORT_RETENTION })
  })

  beforeEach(() => withQuickRestarts(server))

  test.each(cases('expire'))('[RC1] [CP13] purge: the %s process killed at %s', async (victim, point) => {
    const { id, token } = await filled(server, 'over')
    ended.push(id)
    await killedAt(server, point, victim, () => server.fetch(`/v1/casks/${id}`, { method: 'DELETE' }))
    await expect.poll(async () => (await inspect(server, id)).row.phase, SETTLED).toBe('purged')
    await expectSettled(server, ended)
    expect((await inspect(server, id)).object.kind).toBe('tombstone')
    expect((await callData(server, id, 'describe', {})).bytes).toBeLessThan(CONTENT_BYTES / 2)
    expect([(await restore(server, id)).status, (await read(server, id, token)).status]).toEqual([410, 410])
  })
})

function restore(server: TestServer, id: string): Promise<Response> {
  return server.fetch(`/v1/casks/${id}/restore`, json('POST', {}))
}

/** Out of the way of the next case. */
async function end(server: TestServer, id: string): Promise<string> {
  expect((await server.fetch(`/v1/casks/${id}?purge=true`, { method: 'DELETE' })).status).toBe(200)
  return id
}
