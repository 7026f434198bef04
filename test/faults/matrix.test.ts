// Every named point of the lifecycle x either process (see points.ts): killed there, everything must come to its end by itself.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { json, mintToken } from '../support/http.ts'
import { ROOT, startServer, type TestServer } from '../support/server.ts'
import { CASK_APP, SETTLED, createByKey, expectSettled, inspect, list, read } from './casks.ts'
import { callData } from './control-calls.ts'
import { CONTENT_BYTES, POINTS, cases, filled, killedAt, onlyState, withQuickRestarts } from './points.ts'

const RETENTION_MS = 3_600_000

test('[RC1] the table of fault points is what the source has', () => {
  const inSource = readdirSync(join(ROOT, 'src'), { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...readFileSync(join(ROOT, 'src', file), 'utf8').matchAll(/await fault\('([^']+)'\)/g)])
    .map(([, name = '']) => name)
  expect([...new Set(Object.values(POINTS).flat())].toSorted()).toEqual(inSource.toSorted())
})

describe('killed during a creation, a change, a revocation, a deletion', () => {
  let server: TestServer
  /** Every identifier that was ever answered; the deleted ones are in no list. */
  const known = new Set<string>()
  const deleted = new Set<string>()
  let number = 0

  beforeAll(async () => {
    server = await startServer({ app: CASK_APP, faults: true, timers: { tombstoneRetentionMs: RETENTION_MS } })
  })

  beforeEach(() => withQuickRestarts(server))

  test.each(cases('create'))('[RC1] [CP1] [CP3] create: the %s process killed at %s', async (victim, point) => {
    const name = `new-${++number}`
    const before = new Set((await list(server)).map(({ id }) => id))
    const status = await killedAt(server, point, victim, () => createByKey(server, name))
    // By itself, before anybody asks again.
    const made = await expect
      .poll(async () => (await list(server)).filter(({ id }) => !before.has(id)).map(onlyState), SETTLED)
      .toEqual([{ name, state: 'active' }])
      .then(async () => (await list(server)).find(({ id }) => !before.has(id)))
    const again = await createByKey(server, name)
    expect(again.status, `after ${status}`).toBe(201)
    expect(await again.json()).toMatchObject({ id: made?.id, name, state: 'active' })
    known.add(made?.id ?? '')
    await expectSettled(server, known)
  })

  test('[RC1] [CP1] nobody has to ask: the alarm alone brings a creation to its end', async () => {
    const marked = server.faults?.hits('advance.apply.marked') ?? 0
    await killedAt(server, 'create.intent', 'control', () => createByKey(server, `new-${++number}`))
    // Without a request that would wake the control plane: its own alarm does.
    await server.faultHit('advance.apply.marked', marked + 1)
    await expectSettled(server, known)
  })

  test.each(cases('update'))('[RC1] [CP7] update: the %s process killed at %s', async (victim, point) => {
    const { id, token, saved } = await filled(server, `changed-${++number}`)
    known.add(id)
    await killedAt(server, point, victim, () =>
      server.fetch(`/v1/casks/${id}`, json('PATCH', { visibility: 'public-read' })),
    )
    await expectSettled(server, known)
    const { resource, object } = await inspect(server, id)
    expect(resource.visibility).toBe('public-read')
    expect(object).toMatchObject({ kind: 'descriptor', descriptor: { visibility: 'public-read', version: 2 } })
    expect(await (await read(server, id)).json()).toMatchObject(saved)
    expect((await read(server, id, token)).status).toBe(200)
  })

  test.each(cases('revoke'))('[RC1] [CP11] revoke: the %s process killed at %s', async (victim, point) => {
    const { id, token, saved } = await filled(server, `revoked-${++number}`)
    known.add(id)
    await killedAt(server, point, victim, () => server.fetch(`/v1/casks/${id}/tokens`, { method: 'DELETE' }))
    await expectSettled(server, known)
    expect((await read(server, id, token)).status).toBe(401)
    const { token: next } = await mintToken(server, 'casks', id)
    expect(await (await read(server, id, next)).json()).toMatchObject({ ...saved, generation: 2 })
  })

  test.each(cases('delete'))('[RC1] [CP8] [RC3] delete: the %s process killed at %s', async (victim, point) => {
    const { id, token } = await filled(server, `deleted-${++number}`)
    known.add(id)
    deleted.add(id)
    const { row } = await inspect(server, id)
    const remove = (): Promise<Response> => server.fetch(`/v1/casks/${id}`, { method: 'DELETE' })
    await killedAt(server, point, victim, remove)
    await expectSettled(server, known)
    const { object, resource } = await inspect(server, id)
    expect(resource.state).toBe('deleted')
    expect(object).toMatchObject({ kind: 'tombstone', tombstone: { incarnation: row.incarnation, version: 2 } })
    expect((await callData(server, id, 'describe', {})).bytes, 'what is left of the content').toBeLessThan(
      CONTENT_BYTES / 2,
    )
    expect((await read(server, id, token)).status).toBe(410)
    expect((await remove()).status).toBe(200)
    expect((await list(server)).map((cask) => cask.id)).not.toContain(id)
  })

  test('[RC3] [EN6] after the retention time every tombstone is gone, and the next start removes the files', async () => {
    const { dataDir } = server
    const living = await list(server)
    await server.stop()
    const later = await startServer({
      app: CASK_APP,
      dataDir,
      timers: { tombstoneRetentionMs: RETENTION_MS, clockOffsetMs: RETENTION_MS + 60_000 },
    })
    const states = async (): Promise<number[]> =>
      Promise.all([...deleted].map(async (id) => (await later.fetch(`/v1/casks/${id}`)).status))
    await expect.poll(states, SETTLED).toEqual([...deleted].map(() => 404))
    await later.restart()
    expect(later.log.find(({ event }) => event === 'swept')?.['count']).toBe(deleted.size)
    expect(later.sqliteFiles().data).toBe(living.length)
    expect((await list(later)).map(onlyState)).toEqual(living.map(onlyState))
  })
})

describe('killed while a tombstone is forgotten', () => {
  let server: TestServer

  beforeAll(async () => {
    // Long enough that a deletion is over before its end, short enough for a test.
    server = await startServer({ app: CASK_APP, faults: true, timers: { tombstoneRetentionMs: 200 } })
  })

  beforeEach(() => withQuickRestarts(server))

  test.each(cases('forget'))('[RC1] [RC3] forget: the %s process killed at %s', async (victim, point) => {
    const { id, token } = await filled(server, 'forgotten')
    await killedAt(server, point, victim, () => server.fetch(`/v1/casks/${id}`, { method: 'DELETE' }))
    await expect.poll(async () => (await server.fetch(`/v1/casks/${id}`)).status, SETTLED).toBe(404)
    expect((await read(server, id, token)).status).toBe(404)
    expect(await list(server)).toEqual([])
    // Its name is free, and the new one is not the old one.
    expect(await comeAndGo()).not.toBe(id)
  })

  test('[EN6] [RC3] the next start removes all their files', async () => {
    await comeAndGo()
    const files = server.sqliteFiles().data
    expect(files).toBeGreaterThan(0)
    await server.restart()
    expect(server.sqliteFiles().data).toBe(0)
    expect(server.log.findLast(({ event }) => event === 'swept')?.['count']).toBe(files)
  })

  /** A whole life without a fault. @returns the identifier that it had */
  async function comeAndGo(): Promise<string> {
    const { id } = await filled(server, 'forgotten')
    expect((await server.fetch(`/v1/casks/${id}`, { method: 'DELETE' })).status).toBe(200)
    await expect.poll(async () => (await server.fetch(`/v1/casks/${id}`)).status, SETTLED).toBe(404)
    return id
  }
})
