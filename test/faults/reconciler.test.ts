// What the reconciler does about an object that cannot be reached: it goes on by itself, it does not hurry, and what arrives when all is
// over changes nothing. "Unreachable" is an object that is held at its first fault point, or a process that dies at it every time.

import { describe, expect, test } from 'vitest'
import { backOffMs } from '../../src/control-plane/work.ts'
import { DEFAULT_TIMERS } from '../../src/wire/deployment.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { json, mintToken } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { CASK_APP, SETTLED, createByKey, expectSettled, inspect, list, read } from './casks.ts'

const POINT = 'object.apply.begin'
/** Calls that the object lets wait until the end of the test. */
const HELD_CALLS = 5
const TIMERS = {
  createWaitMs: 150,
  callTimeoutMs: 200,
  reconcileBaseMs: 20,
  reconcileMaxMs: 100,
  tombstoneRetentionMs: 3_600_000,
}

let server: TestServer

async function start(timers: object = {}): Promise<void> {
  server = await startServer({ app: CASK_APP, faults: true, timers: { ...TIMERS, ...timers } })
}

describe('an object that does not answer', () => {
  test('[RC1] [RC2] [CP8] [DP3] while it is deleted: 202, then done by itself; the calls that come late are refused', async () => {
    await start()
    const id = await make()
    const { token } = await mintToken(server, 'casks', id)
    const held = holdCalls()
    const remove = (): Promise<Response> => server.fetch(`/v1/casks/${id}`, { method: 'DELETE' })
    const answer = await remove()
    expect([answer.status, answer.headers.get('location'), answer.headers.get('retry-after')]).toEqual([
      202,
      `/v1/casks/${id}`,
      '1',
    ])
    expect(await answer.json()).toMatchObject({ id, state: 'deleting' })
    expect((await remove()).status).toBe(202)
    // Gone from the list and from the count at once; the content lives until its object hears of it.
    expect(await list(server)).toEqual([])
    expect((await read(server, id, token)).status).toBe(200)

    const release = await held
    await expectSettled(server, [id])
    expect((await inspect(server, id)).object.kind).toBe('tombstone')
    expect((await read(server, id, token)).status).toBe(410)
    expect((await remove()).status).toBe(200)
    await release()
    expect((await inspect(server, id)).object.kind).toBe('tombstone')
    expect((await read(server, id, token)).status).toBe(410)
    expectPatience(id)
  })

  test('[RC5] [DP3] [CP10] while it is created: given up, and the creation that comes in at last is refused', async () => {
    await start({ createGiveUpMs: 900 })
    const held = holdCalls()
    const answer = await createByKey(server, 'late')
    expect(answer.status).toBe(202)
    const { id } = (await answer.json()) as ResourceJson
    expect((await server.fetch(`/v1/casks/${id}/tokens`, json('POST', {}))).status).toBe(409)
    const release = await held
    await expectSettled(server, [id])
    const { object, resource, row } = await inspect(server, id)
    expect([object.kind, resource.state, row.phase]).toEqual(['tombstone', 'deleted', 'purged'])
    await release()
    expect((await inspect(server, id)).object).toEqual(object)
    expect(await list(server)).toEqual([])
    // Name and key are free again, and lead to another resource.
    const again = await createByKey(server, 'late')
    expect([201, 202]).toContain(again.status)
    expect(((await again.json()) as ResourceJson).id).not.toBe(id)
    await expectSettled(server, [id])
  })
})

test('[RC1] [CP8] the data process dies three times in a row at the deletion of one resource: done by itself', async () => {
  await start()
  const id = await make()
  const other = await make({ visibility: 'public-read' })
  const before = server.faults?.hits(POINT) ?? 0
  server.armFault(POINT, 'data')
  // Nobody gets an answer: the edge died with the process.
  await expect(server.fetch(`/v1/casks/${id}`, { method: 'DELETE' })).rejects.toThrow()
  for (let death = 1; death <= 3; death++) {
    await server.faultHit(POINT, before + death)
    if (death < 3) server.armFault(POINT, 'data')
  }
  await server.data.ready()
  await expectSettled(server, [id, other])
  expect((await inspect(server, id)).object.kind).toBe('tombstone')
  expect((await read(server, other)).status).toBe(200)
})

function delays(random: number): number[] {
  return [0, 1, 2, 3, 4, 5, 50, 1_000, 100_000].map((attempt) => backOffMs(attempt, 1_000, 20_000, random))
}

test('[RC7] three of five resources miss what they are told, their process dies at it again and again: within 5 s of its return they know', async () => {
  // The durations that a server has by default.
  const { reconcileBaseMs, reconcileMaxMs, callTimeoutMs } = DEFAULT_TIMERS
  await start({ reconcileBaseMs, reconcileMaxMs, callTimeoutMs })
  const ids = await Promise.all(Array.from({ length: 5 }, () => make()))
  for (const id of ids.slice(0, 3)) {
    const hits = server.faults?.hits(POINT) ?? 0
    server.armFault(POINT, 'data')
    const told = server.fetch(`/v1/casks/${id}`, json('PATCH', { mode: 'suspended' })).catch(() => undefined)
    await server.faultHit(POINT, hits + 1)
    await told
    await server.data.ready()
  }
  const returned = performance.now()
  const behind = async (): Promise<number> =>
    (await list(server)).filter((one) => one.desired_version !== one.applied_version).length
  await expect.poll(behind, { timeout: 10_000, interval: 20 }).toBe(0)
  const elapsedMs = performance.now() - returned
  console.log(`all knew ${Math.round(elapsedMs)} ms after the return`)
  expect(elapsedMs).toBeLessThan(5_000)
  const states = (await list(server)).map(({ id, state }) => [id, state])
  expect(new Map(states as [string, string][])).toEqual(
    new Map(ids.map((id, index) => [id, index < 3 ? 'suspended' : 'active'])),
  )
})

test('[RC2] the delay between two attempts doubles, and never exceeds its bound', () => {
  expect(delays(1)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000, 20_000, 20_000])
  expect(delays(0)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000, 10_000])
})

/** A finished cask, however long it takes: the answer comes sooner here than a busy machine creates an object. */
async function make(body: object = {}): Promise<string> {
  const answer = await server.fetch('/v1/casks', json('POST', body))
  expect([201, 202]).toContain(answer.status)
  const { id } = (await answer.json()) as ResourceJson
  await expectSettled(server, [id])
  return id
}

/** Lets each of the next calls wait at the object's door. @returns when as many do: lets them in, and waits until all are refused */
async function holdCalls(): Promise<() => Promise<void>> {
  const { faults } = server
  if (faults === undefined) throw new Error('started without faults')
  const before = faults.hits(POINT)
  const releases: (() => void)[] = []
  for (let call = 1; call <= HELD_CALLS; call++) {
    releases.push(faults.hold(POINT))
    await faults.hit(POINT, before + call)
  }
  return async () => {
    for (const release of releases) release()
    await expect.poll(refusedCalls, SETTLED).toBe(HELD_CALLS)
  }
}

/** How many calls the data plane has answered by "there is a tombstone". */
async function refusedCalls(): Promise<number> {
  const { data } = (await (await server.fetch('/planes/traffic')).json()) as {
    data: { answer: { value?: { reason?: string } } }[]
  }
  return data.filter(({ answer }) => answer.value?.reason === 'tombstone').length
}

/** Nothing in the log that says `reconcile_failed` came sooner than the back-off allows, nor later. */
function expectPatience(id: string): void {
  const failures = server.log.filter(({ message }) => message.includes('reconcile_failed') && message.includes(id))
  expect(failures.length).toBeGreaterThanOrEqual(HELD_CALLS - 2)
  const times = failures.map((line) => Date.parse(String(line['time'])))
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0))
  // The next attempt, that is: a delay of 10 to 100 ms, and 200 ms without an answer.
  for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(TIMERS.callTimeoutMs)
  // A busy machine is late; doubling without a bound would not end here.
  for (const gap of gaps) expect(gap).toBeLessThan(10 * (TIMERS.callTimeoutMs + TIMERS.reconcileMaxMs))
}
