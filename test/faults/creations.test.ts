// Creations at the same moment, creations that a type refuses or breaks, and clocks that jump.

import { beforeAll, describe, expect, test } from 'vitest'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { content, create, json, mintToken, problem } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { CASK_APP, SETTLED, createByKey, expectSettled, inspect, list, read } from './casks.ts'

const MANY = 20
const DAY_MS = 24 * 3_600_000

describe('at the same moment', () => {
  let server: TestServer

  beforeAll(async () => {
    server = await startServer({ app: CASK_APP })
  })

  test('[CP3] one idempotency key, 20 concurrent requests: one resource', async () => {
    const answers = await Promise.all(Array.from({ length: MANY }, () => createByKey(server, 'once')))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201))
    const made = await Promise.all(answers.map(async (answer) => ((await answer.json()) as ResourceJson).id))
    expect(new Set(made).size).toBe(1)
    expect((await list(server)).map(({ id }) => id)).toEqual([made[0]])
    await expectSettled(server, made)
  })

  test('[CP4] one name, 20 concurrent requests: one 201, the others 409', async () => {
    const names = ['Twice', 'twice', 'TWICE']
    const answers = await Promise.all(
      Array.from({ length: MANY }, (_, index) => server.fetch('/v1/casks', json('POST', { name: names[index % 3] }))),
    )
    expect(inOrder(answers)).toEqual([201, ...Array<number>(MANY - 1).fill(409)])
    await expectSettled(server, [])
  })

  test('[CP3] one key, two bodies at once: one is made, the other gets 422', async () => {
    const answers = await Promise.all(
      ['a', 'b'].map((name) => server.fetch('/v1/casks', json('POST', { name }, { 'idempotency-key': 'two-bodies' }))),
    )
    expect(inOrder(answers)).toEqual([201, 422])
  })
})

describe('that the type does not want', () => {
  let server: TestServer

  beforeAll(async () => {
    server = await startServer({ app: CASK_APP, timers: { createWaitMs: 1_000, createGiveUpMs: 3_000 } })
  })

  test('[CP10] what onCreate refuses is the answer; name and key are free again, a tombstone fences the identifier', async () => {
    const refused = await createByKey(server, 'leaky', { params: { refuse: true } })
    expect(refused.status).toBe(400)
    expect(await problem(refused)).toMatchObject({ code: 'invalid_request', detail: 'This cask leaks.' })
    expect(await list(server)).toEqual([])
    const again = await createByKey(server, 'leaky')
    expect(again.status).toBe(201)
    const { id } = (await again.json()) as ResourceJson
    // The refused one left an object, which holds a tombstone and a row.
    await expect.poll(() => server.sqliteFiles().data, SETTLED).toBe(2)
    expect((await inspect(server, id)).object.kind).toBe('descriptor')
  })

  test('[RC2] [RC5] [CP2] one that can never be created is retried, delays nobody, and is given up in the end', async () => {
    const before = (await list(server)).length
    const poisoned = await createByKey(server, 'poisoned', { params: { poison: true } })
    expect(poisoned.status).toBe(202)
    expect(poisoned.headers.get('location')).toMatch(/^\/v1\/casks\/cask-/)
    expect(poisoned.headers.get('retry-after')).toBe('1')
    const { id, state } = (await poisoned.json()) as ResourceJson
    expect(state).toBe('creating')

    // Each answers 201: its object had its descriptor in time.
    await Promise.all(Array.from({ length: 10 }, () => create(server, 'casks')))
    expect(await (await createByKey(server, 'poisoned', { params: { poison: true } })).json()).toMatchObject({ id })

    await expect.poll(async () => (await inspect(server, id)).row.phase, SETTLED).toBe('purged')
    const { resource, object, work } = await inspect(server, id)
    expect([resource.state, object.kind]).toEqual(['deleted', 'tombstone'])
    expect(work.map(({ kind }) => kind)).toEqual(['forget'])
    expect(await list(server)).toHaveLength(before + 10)
    // Nothing of it is in the way of the next one, by the same name and key.
    expect((await createByKey(server, 'poisoned')).status).toBe(201)
    const attempts = server.log.filter(({ message }) => message.includes('reconcile_failed') && message.includes(id))
    expect(attempts.length).toBeGreaterThan(1)
    // 3 s at delays that double from 50 to 500 ms, jitter in their upper half: 25 + 50 + 100 + 200 + 250 + 250 ... at the least.
    expect(attempts.length).toBeLessThan(18)
  })
})

test('[RC4] a clock that jumps a year ahead forgets, gives up and purges nothing', async () => {
  const timers = { createGiveUpMs: 3 * DAY_MS, tombstoneRetentionMs: 30 * DAY_MS, createWaitMs: 300 }
  const server = await startServer({ app: CASK_APP, timers })
  const { id } = await create(server, 'casks')
  const { token } = await mintToken(server, 'casks', id)
  const { id: deleted } = await create(server, 'casks')
  const { token: dead } = await mintToken(server, 'casks', deleted)
  expect((await server.fetch(`/v1/casks/${deleted}`, { method: 'DELETE' })).status).toBe(200)
  await expect.poll(async () => (await inspect(server, deleted)).row.phase, SETTLED).toBe('purged')
  const stuck = (await (await createByKey(server, 'stuck', { params: { poison: true } })).json()) as ResourceJson
  const { dataDir } = server
  await server.stop()

  const later = await startServer({ app: CASK_APP, dataDir, timers: { ...timers, clockOffsetMs: 365 * DAY_MS } })
  const ran = (name: string): boolean =>
    later.log.some(({ message }) => message.includes('reconcile_failed') && message.includes(name))
  // The alarm has run, at that time: what could not be created was tried again, and nothing else was done.
  await expect.poll(() => ran(stuck.id), SETTLED).toBe(true)
  expect((await inspect(later, stuck.id)).resource.state).toBe('creating')
  expect(await inspect(later, deleted)).toMatchObject({ row: { phase: 'purged' }, object: { kind: 'tombstone' } })
  expect((await content(later, `/casks/${id}/`, token)).status).toBe(200)
  expect((await read(later, deleted, dead)).status).toBe(410)
  expect((await create(later, 'casks')).state).toBe('active')
})

function inOrder(answers: readonly Response[]): number[] {
  return answers.map(({ status }) => status).toSorted((a, b) => a - b)
}
