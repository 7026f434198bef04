// Killed while a resource is given to another account, whose shard may be the same object or another one. See points.ts.

import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AuditJson, EventJson } from '../../src/wire/journal.ts'
import { TENANTS_APP } from '../support/apps.ts'
import { content } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SOON, Tenant, type Page } from '../support/tenant.ts'
import { killedAt, withQuickRestarts } from './points.ts'

const POINTS = ['transfer.recorded', 'transfer.taken', 'transfer.received', 'transfer.gone']

describe.each(['files', 'owns'])('%s, given to another account', (plural) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({
      app: TENANTS_APP,
      faults: true,
      timers: { deleteRetentionMs: 3_600_000, usageIntervalMs: 50 },
    })
  })
  beforeEach(() => withQuickRestarts(server))

  test.each(POINTS)('[RC1] [CP21] [JN1] [JN2] the control process killed at %s', async (point) => {
    const { giver, taker, id, give } = await gift(server, plural, point)
    await killedAt(server, point, 'control', give)
    await expectGiven(plural, { giver, taker, id })
  })

  test('[CP21] [JN1] [JN2] slower than the alarm that would finish it: it is told once', async () => {
    const { giver, taker, id, give } = await gift(server, plural, 'slow')
    const before = server.faults?.hits('transfer.received') ?? 0
    const release = server.faults?.hold('transfer.received')
    const given = give()
    await server.faultHit('transfer.received', before + 1)
    // Many times what the alarm waits before it looks: that it does nothing then, nothing tells.
    await wait(400)
    release?.()
    expect((await given).status).toBe(200)
    expect(server.faults?.hits('transfer.received')).toBe(before + 1)
    await expectGiven(plural, { giver, taker, id })
  })

  test('[CP21] [JN1] refused by the other account: told as refused, and not as done', async () => {
    const { giver, taker, id, give } = await gift(server, plural, 'refused')
    await taker.create(plural, { name: 'GIFT' })
    expect((await give()).status).toBe(409)
    expect(await outcomesOf(giver, id)).toEqual(['already_exists'])
    expect(await kindsOf(giver, id)).toEqual(['created'])
  })

  test('[CP21] [CP18] [CP5] its end comes while it is given away: it ends once, where it is', async () => {
    const end = Date.now() + 1_500
    const { giver, taker, id, give } = await gift(server, plural, 'ending', {
      expire_time: new Date(end).toISOString(),
    })
    await whileHeld(server, 'transfer.taken', give, () => wait(end + 400 - Date.now()))
    await expect.poll(() => kindsOf(taker, id), SOON).toEqual(['transferred', 'deleted'])
    expect(await kindsOf(giver, id)).toEqual(['created', 'transferred'])
    for (const [who, deleted] of [
      [giver, 0],
      [taker, 1],
    ] as const) {
      const { now } = await who.expect<{ now: Record<string, object> }>(200, who.ask('usage'))
      expect(now[plural.slice(0, -1)]).toMatchObject({ resources: 0, deleted })
    }
    await taker.expect(200, taker.post(`${plural}/${id}/restore`))
    await expectGiven(plural, { giver, taker, id }, ['transferred', 'deleted', 'restored', 'updated'])
  })
})

// Its object must not be told two different things as one version. On one shard it is the other account's as soon as that has it.
test('[CP21] [MT2] the giver is held while it is given away: it is not', async () => {
  const plural = 'owns'
  const server = await startServer({ app: TENANTS_APP, faults: true, timers: { usageIntervalMs: 50 } })
  const { giver, taker, id, give } = await gift(server, plural, 'held')
  const limited = new Tenant(server, giver.account, { limits: { bytes: 30_000 } })
  await expect.poll(async () => (await giver.get(plural, id)).usage?.bytes ?? 0, SOON).toBeGreaterThan(0)
  const { id: other } = await limited.create(plural)
  await whileHeld(server, 'transfer.taken', give, async () => {
    await giver.write(plural, other, await giver.token(plural, other), 'too much of both')
    const hold = async (): Promise<unknown> => {
      const { now } = await giver.expect<{ now: Record<string, { hold: string }> }>(200, giver.ask('usage'))
      return now['own']?.hold
    }
    await expect.poll(hold, SOON).toBe('read_only')
    // Many times what the work needs that brings it to the account's resources, of which this is the oldest.
    await wait(1_000)
    expect(await giver.get(plural, id)).toMatchObject({ state: 'active', desired_version: 1 })
  })
  await taker.expect(204, taker.write(plural, id, await taker.token(plural, id), 'unwrapped'))
  expect(await taker.get(plural, id)).toMatchObject({ account: taker.account, state: 'active' })
  // Without it the giver is within its limit again.
  await expect.poll(() => giver.state(plural, other), SOON).toBe('active')
})

test('[CP21] its object does not answer: it has gone all the same, and is in one list', async () => {
  const server = await startServer({
    app: TENANTS_APP,
    faults: true,
    timers: { callTimeoutMs: 4_000, createWaitMs: 6_000 },
  })
  const { giver, taker, id, give } = await gift(server, 'owns', 'silent')
  const release = server.faults?.hold('object.apply.begin')
  expect((await give()).status).toBe(202)
  expect(await giver.list('owns')).toEqual([])
  expect(await taker.list('owns')).toMatchObject([{ id, account: taker.account }])
  release?.()
  await expectGiven('owns', { giver, taker, id })
})

describe('between two shards, or on one,', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ app: TENANTS_APP, faults: true, timers: { usageIntervalMs: 50 } })
  })

  test('[CP21] [MT2] written to while it is given away: its new account is told how large it is', async () => {
    const { giver, taker, id, give } = await gift(server, 'owns', 'growing')
    await expect.poll(() => bytesOf(giver), SOON).toBeGreaterThan(0)
    const token = await giver.token('owns', id)
    // Its object hears of its new account only then.
    const release = server.faults?.hold('object.apply.begin')
    await whileHeld(server, 'transfer.taken', give, async () => {
      expect((await giver.write('owns', id, token, 'x'.repeat(200_000))).status).toBe(204)
      // Several reports are tried in this time.
      await wait(500)
      release?.()
    })
    await expect.poll(() => bytesOf(taker), SOON).toBeGreaterThan(200_000)
    expect(await bytesOf(giver)).toBe(0)
  })

  test('[CP21] a change that its object hears of late: its old tokens stay ended, and it is its new account’s', async () => {
    const { giver, taker, id, give } = await gift(server, 'owns', 'late')
    const token = await giver.token('owns', id)
    const applies = server.faults?.hits('object.apply.begin') ?? 0
    const release = server.faults?.hold('object.apply.begin')
    const changed = giver.patch(`owns/${id}`, { visibility: 'public-read' })
    await server.faultHit('object.apply.begin', applies + 1)
    const before = server.faults?.hits('advance.apply.answered') ?? 0
    await whileHeld(server, 'transfer.received', give, async () => {
      release?.()
      // Of the change and of the gift.
      await server.faultHit('advance.apply.answered', before + 2)
      // What the answer makes of it is pushed at once.
      await wait(300)
    })
    await changed
    await expect.poll(async () => (await giver.ask(`owns/${id}`)).status, SOON).toBe(404)
    expect((await taker.write('owns', id, token, 'of the giver')).status).toBe(401)
    const looker = new Tenant(server, taker.account, { role: 'operator' })
    const { object } = await looker.expect<{ object: { descriptor: object } }>(200, looker.ask(`owns/${id}/inspect`))
    expect(object.descriptor).toMatchObject({ account: taker.account, visibility: 'public-read' })
  })

  // The first has not heard of it yet, and will ask again.
  test('[CP21] [RC6] given on at once, to a third account: it is there, and nowhere else', async () => {
    const { giver, taker, id, give } = await gift(server, 'owns', 'passed on')
    const third = new Tenant(server, 'third')
    await whileHeld(server, 'transfer.taken', give, async () => {
      const from = new Tenant(server, taker.account, { role: 'operator' })
      await from.expect(200, from.post(`owns/${id}/transfer`, { account: third.account }))
      // The giver's call is beyond its deadline, and is made again until it is answered.
      await expect.poll(() => giver.list('owns'), SOON).toEqual([])
    })
    expect(await taker.list('owns')).toEqual([])
    expect(await third.list('owns')).toMatchObject([{ id, account: third.account }])
    expect(await kindsOf(giver, id)).toEqual(['created', 'transferred'])
    expect(await kindsOf(taker, id)).toEqual(['transferred', 'transferred'])
    expect(await kindsOf(third, id)).toEqual(['transferred'])
  })

  test('[CP21] [RC6] given back at once: it comes back, when it has gone', async () => {
    const { giver, taker, id, give } = await gift(server, 'owns', 'given back')
    await whileHeld(server, 'transfer.taken', give, async () => {
      const from = new Tenant(server, taker.account, { role: 'operator' })
      await from.refused(from.post(`owns/${id}/transfer`, { account: giver.account }), 503)
      await expect.poll(() => taker.list('owns'), SOON).toEqual([])
    })
    expect(await giver.list('owns')).toMatchObject([{ id, account: giver.account, state: 'active' }])
    expect(await kindsOf(giver, id)).toEqual(['created', 'transferred', 'transferred'])
    expect(await kindsOf(taker, id)).toEqual(['transferred', 'transferred'])
  })

  test('[CP21] [JN1] [JN2] given on at once, on one shard: not before it was told of', async () => {
    const { giver, taker, id, give } = await gift(server, 'files', 'hurried')
    const third = new Tenant(server, 'third')
    const from = new Tenant(server, taker.account, { role: 'operator' })
    const giveOn = (): Promise<Response> => from.post(`files/${id}/transfer`, { account: third.account })
    await whileHeld(server, 'transfer.taken', give, async () => {
      expect(await from.refused(giveOn(), 409)).toMatchObject({ code: 'not_ready' })
    })
    await from.expect(200, giveOn())
    expect(await third.list('files')).toMatchObject([{ id, account: third.account }])
    expect(await kindsOf(giver, id)).toEqual(['created', 'transferred'])
    expect(await outcomesOf(giver, id)).toEqual(['ok'])
  })
})

async function whileHeld(
  server: TestServer,
  point: string,
  give: () => Promise<Response>,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const before = server.faults?.hits(point) ?? 0
  const release = server.faults?.hold(point)
  const given = give()
  await server.faultHit(point, before + 1)
  await meanwhile()
  release?.()
  await given
}

interface Given {
  readonly giver: Tenant
  readonly taker: Tenant
  readonly id: string
}

async function gift(
  server: TestServer,
  plural: string,
  name: string,
  more: object = {},
): Promise<Given & { readonly give: () => Promise<Response> }> {
  const giver = new Tenant(server, `${name} giver`)
  const taker = new Tenant(server, `${name} taker`)
  const operator = new Tenant(server, giver.account, { role: 'operator' })
  const { id } = await giver.create(plural, { name: 'Gift', ...more })
  await giver.write(plural, id, await giver.token(plural, id), 'wrapped')
  const give = (): Promise<Response> => operator.post(`${plural}/${id}/transfer`, { account: taker.account })
  return { giver, taker, id, give }
}

/** It has come to its end: there, and nowhere else, with its content, and both accounts were told once. */
async function expectGiven(
  plural: string,
  { giver, taker, id }: Given,
  takerIsTold: readonly string[] = ['transferred', 'updated'],
): Promise<void> {
  await expect.poll(async () => (await giver.ask(`${plural}/${id}`)).status, SOON).toBe(404)
  await expect.poll(() => taker.list(plural), SOON).toMatchObject([{ id, account: taker.account, state: 'active' }])
  await expect.poll(async () => (await taker.patch(`${plural}/${id}`, { name: 'Mine' })).status, SOON).toBe(200)
  expect(await giver.list(plural)).toEqual([])
  const answer = await content(taker.server, `/${plural}/${id}/`, await taker.token(plural, id))
  expect(await answer.text()).toBe('wrapped')
  for (const [who, count] of [
    [giver, 0],
    [taker, 1],
  ] as const)
    expect(await who.expect(200, who.ask(`${plural}/count`))).toEqual({ count })
  expect(await kindsOf(giver, id)).toEqual(['created', 'transferred'])
  expect(await kindsOf(taker, id)).toEqual(takerIsTold)
  expect(await outcomesOf(giver, id)).toEqual(['ok'])
}

async function kindsOf(who: Tenant, id: string): Promise<string[]> {
  const { data } = await who.expect<Page<EventJson>>(200, who.ask('events'))
  return data.filter(({ resource }) => resource === id).map(({ kind }) => kind)
}

async function outcomesOf(who: Tenant, id: string): Promise<string[]> {
  const log = await who.list<AuditJson>('audit')
  return log.filter(({ action, resource }) => action === 'transfer' && resource === id).map(({ outcome }) => outcome)
}

async function bytesOf(who: Tenant): Promise<number> {
  const { now } = await who.expect<{ now: Record<string, { bytes: number }> }>(200, who.ask('usage'))
  return now['own']?.bytes ?? 0
}
