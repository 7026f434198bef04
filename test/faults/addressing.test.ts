// The lives of what is addressed in other ways: killed at the points of a life, and called late, as casks are. A keg's name is its address,
// so that it lives again and again under one identifier; a tun has the platform's.

import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ResourceJson } from '../../src/wire/resource.ts'
import type { DataMethod, DataMethods } from '../../src/wire/planes.ts'
import type { Plane } from '../support/fault-harness.ts'
import { create, json, mintToken } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { CASK_APP, SETTLED, inspect, list, pluralOf, read, save, unfinished } from './casks.ts'
import { askControl, callData as callCask, caskDescriptor } from './control-calls.ts'
import { killedAt, withQuickRestarts } from './points.ts'

/** A point of a creation, and one of a purge: one life is killed at both. */
const LIVES = [
  ['create.intent', 'remove.recorded'],
  ['object.apply.stored', 'object.purge.tombstone'],
] as const
const PLANES: readonly Plane[] = ['control', 'data']

/** A call to the object of a keg. */
const callData = <M extends DataMethod>(server: TestServer, id: string, method: M, args: DataMethods[M]['args']) =>
  callCask(server, id, method, args, 'keg')

const makeBy = (server: TestServer, plural: string, name: string): Promise<Response> =>
  server.fetch(
    `/v1/${plural}`,
    json('POST', { name, params: { text: name } }, { 'idempotency-key': crypto.randomUUID() }),
  )

const purge = (server: TestServer, id: string): Promise<Response> =>
  server.fetch(`/v1/${pluralOf(id)}/${id}?purge=true`, { method: 'DELETE' })

async function settled(server: TestServer, id: string): Promise<void> {
  await expect.poll(async () => unfinished(await inspect(server, id)), SETTLED).toBeUndefined()
}

async function named(server: TestServer, plural: string, name: string): Promise<ResourceJson> {
  await expect
    .poll(async () => (await list(server, `&name_prefix=${name}`, plural)).map(({ state }) => state), SETTLED)
    .toEqual(['active'])
  return (await list(server, `&name_prefix=${name}`, plural))[0] as ResourceJson
}

describe.each(['kegs', 'tuns'])('%s', (plural) => {
  let server: TestServer
  let number = 0
  beforeAll(async () => {
    server = await startServer({ app: CASK_APP, faults: true })
  })
  beforeEach(() => withQuickRestarts(server))

  const cases = LIVES.flatMap(([made, gone]) => PLANES.map((victim) => [victim, made, gone] as const))
  test.each(cases)('[AD9] [RC1] a life: the %s process killed at %s, and at %s', async (victim, made, gone) => {
    const name = `life-${++number}`
    await killedAt(server, made, victim, () => makeBy(server, plural, name))
    const { id } = await named(server, plural, name)
    await settled(server, id)
    const { token } = await mintToken(server, plural, id)
    expect(await (await read(server, id, token)).json()).toMatchObject({ text: name, number: 1 })
    await save(server, id, token, 'more')
    await withQuickRestarts(server)
    await killedAt(server, gone, victim, () => purge(server, id))
    await settled(server, id)
    expect((await inspect(server, id)).object.kind).toBe('tombstone')
    expect((await read(server, id, token)).status).toBe(410)
    // No object without a row, and no row without an object.
    expect(server.sqliteFiles().data).toBe(number)
  })
})

describe('a name again', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ app: CASK_APP, faults: true })
  })
  beforeEach(() => withQuickRestarts(server))

  /** A purged keg. */
  async function bygone(name: string): Promise<{ id: string; token: string; incarnation: number }> {
    const { id } = await create(server, 'kegs', { name })
    const { token } = await mintToken(server, 'kegs', id)
    await save(server, id, token, 'of before')
    const { row } = await inspect(server, id)
    expect((await purge(server, id)).status).toBe(200)
    await settled(server, id)
    return { id, token, incarnation: row.incarnation }
  }

  test.each([
    ['control', 'create.intent'],
    ['data', 'object.apply.begin'],
    ['data', 'object.apply.stored'],
    ['control', 'advance.apply.answered'],
    ['control', 'advance.apply.marked'],
  ] as const)('[AD5] [AD9] [RC1] the %s process killed at %s while it is taken again', async (victim, point) => {
    const name = `again-${victim}-${point}`
    const { id, token, incarnation } = await bygone(name)
    await killedAt(server, point, victim, () => makeBy(server, 'kegs', name))
    const next = await named(server, 'kegs', name)
    expect([next.id, next.token_generation]).toEqual([id, 2])
    await settled(server, id)
    expect((await inspect(server, id)).row.incarnation).toBeGreaterThan(incarnation)
    expect((await read(server, id, token)).status).toBe(401)
    const { token: fresh } = await mintToken(server, 'kegs', id)
    expect(await (await read(server, id, fresh)).json()).toMatchObject({ text: name, number: 1 })
  })

  test('[AD5] [DP3] late calls of the life before change nothing in this one', async () => {
    const { id, incarnation } = await bygone('late')
    await create(server, 'kegs', { name: 'Late', visibility: 'public', params: { text: 'of now' } })
    const { row } = await inspect(server, id)
    const old = { ...caskDescriptor(id), type: 'keg', incarnation }
    const soon = Date.now() + 30_000
    for (const descriptor of [old, { ...old, version: 99 }, { ...old, version: 99, mode: 'deleted' as const }])
      expect(await callData(server, id, 'apply', { descriptor, notAfterMs: soon })).toMatchObject({ outcome: 'held' })
    expect(await callData(server, id, 'purge', { id, incarnation, version: 99 })).toMatchObject({ outcome: 'refused' })
    expect(await callData(server, id, 'forget', { incarnation })).toMatchObject({ outcome: 'refused' })
    const usage = { bytes: 9_999_999, writeTimeMs: Date.now(), reportTimeMs: 0, writes: 7 }
    const report = await askControl(server, 'reportUsage', { id, incarnation, usage }, {}, 1, 'keg')
    expect(report).toEqual({ ok: true, value: false })
    expect(await (await read(server, id)).json()).toMatchObject({ text: 'of now', number: 1 })
    expect((await inspect(server, id)).row).toMatchObject({ incarnation: row.incarnation, phase: 'live' })
    expect(unfinished(await inspect(server, id))).toBeUndefined()
  })

  test('[AD5] an object that still has the content of the life before is wiped before the next one begins', async () => {
    const { id } = await create(server, 'kegs', { name: 'Wiped', visibility: 'public' })
    const { token } = await mintToken(server, 'kegs', id)
    await save(server, id, token, 'of before')
    const descriptor = { ...caskDescriptor(id), type: 'keg', incarnation: 1_000 }
    const late = await callData(server, id, 'apply', { descriptor, notAfterMs: Date.now() - 1 })
    expect(late).toMatchObject({ outcome: 'refused', reason: 'not_after' })
    const args = { descriptor, params: { text: 'of now' }, notAfterMs: Date.now() + 30_000 }
    expect(await callData(server, id, 'apply', args)).toMatchObject({ outcome: 'applied' })
    expect(await (await read(server, id)).json()).toMatchObject({ text: 'of now', number: 1 })
  })

  test('[AD5] [RC3] one that is taken while its tombstone is being forgotten is not forgotten with it', async () => {
    const short = await startServer({ app: CASK_APP, faults: true, timers: { tombstoneRetentionMs: 200 } })
    for (const point of ['advance.forget.begin', 'object.forget.emptied', 'advance.forget.answered']) {
      const name = `forgotten at ${point}`
      const { id } = await create(short, 'kegs', { name })
      const release = short.faults?.hold(point)
      const before = short.faults?.hits('create.intent') ?? 0
      const passed = short.faults?.hits(point) ?? 0
      expect((await purge(short, id)).status).toBe(200)
      await short.faultHit(point, passed + 1)
      const made = makeBy(short, 'kegs', name)
      await short.faultHit('create.intent', before + 1)
      release?.()
      expect((await made).status).toBe(201)
      await settled(short, id)
      const { token } = await mintToken(short, 'kegs', id)
      expect(await (await read(short, id, token)).json()).toMatchObject({ text: name, number: 1 })
    }
  })
})
