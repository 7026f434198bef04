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
    server = await startServer({ app: TENANTS_APP, faults: true, timers: { deleteRetentionMs: 3_600_000 } })
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
})

interface Given {
  readonly giver: Tenant
  readonly taker: Tenant
  readonly id: string
}

async function gift(
  server: TestServer,
  plural: string,
  name: string,
): Promise<Given & { readonly give: () => Promise<Response> }> {
  const giver = new Tenant(server, `${name} giver`)
  const taker = new Tenant(server, `${name} taker`)
  const operator = new Tenant(server, giver.account, { role: 'operator' })
  const { id } = await giver.create(plural, { name: 'Gift' })
  await giver.write(plural, id, await giver.token(plural, id), 'wrapped')
  const give = (): Promise<Response> => operator.post(`${plural}/${id}/transfer`, { account: taker.account })
  return { giver, taker, id, give }
}

/** It has come to its end: there, and nowhere else, with its content, and both accounts were told once. */
async function expectGiven(plural: string, { giver, taker, id }: Given): Promise<void> {
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
  expect(await kindsOf(taker, id)).toEqual(['transferred', 'updated'])
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
