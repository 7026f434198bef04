// Giving a resource to another account, on the same control plane object or on another one.

import { beforeAll, describe, expect, test } from 'vitest'
import type { EventJson } from '../../src/wire/journal.ts'
import { TENANTS_APP } from '../support/apps.ts'
import { content } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SOON, Tenant } from '../support/tenant.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: TENANTS_APP, timers: { deleteRetentionMs: 3_600_000 } })
})

/** Two accounts; only an operator gives things away. */
function pair(name: string): { giver: Tenant; operator: Tenant; taker: Tenant } {
  return {
    giver: new Tenant(server, `${name} giver`),
    operator: new Tenant(server, `${name} giver`, { role: 'operator' }),
    taker: new Tenant(server, `${name} taker`),
  }
}

describe.each(['files', 'owns', 'spreads'])('%s', (plural) => {
  test('[CP21] go with content, name and labels; their tokens end', async () => {
    const { giver, operator, taker } = pair(`all of ${plural}`)
    const first = await taker.create(plural)
    const { id } = await giver.create(plural, { name: 'Gift', labels: { a: 'b' } })
    const token = await giver.token(plural, id)
    await giver.write(plural, id, token, 'wrapped')
    await giver.refused(giver.post(`${plural}/${id}/transfer`, { account: taker.account }), 403)
    const given = await operator.expect(200, operator.post(`${plural}/${id}/transfer`, { account: taker.account }))
    expect(given).toMatchObject({ id, account: taker.account, name: 'Gift', state: 'active', labels: { a: 'b' } })

    await giver.refused(giver.ask(`${plural}/${id}`), 404)
    expect(await giver.list(plural)).toEqual([])
    expect((await taker.list(plural)).map((one) => one.id)).toEqual([first.id, id])
    expect((await taker.list(`${plural}?label=a:b`)).map((one) => one.id)).toEqual([id])
    expect((await content(server, `/${plural}/${id}/`, token)).status).toBe(401)
    const next = await taker.token(plural, id)
    expect(await (await content(server, `/${plural}/${id}/`, next)).text()).toBe('wrapped')
    // Name and count are free where it was.
    await giver.create(plural, { name: 'gift' })
    await taker.refused(taker.post(plural, { name: 'GIFT' }), 409)
    await taker.expect(200, taker.delete(`${plural}/${id}`))

    const kinds = async (who: Tenant): Promise<string[]> =>
      (await who.expect<{ data: EventJson[] }>(200, who.ask('events'))).data
        .filter(({ resource }) => resource === id)
        .map(({ kind }) => kind)
    expect(await kinds(giver)).toEqual(['created', 'transferred'])
    expect(await kinds(taker)).toEqual(['transferred', 'deleted'])
  })

  test('[CP21] [CP18] end when they would have ended, however old the other shard is', async () => {
    const { giver, operator, taker } = pair(`ending ${plural}`)
    await giver.create(plural)
    // The giver's shard is older than the taker's by this; where there is one, nothing can go wrong.
    await new Promise((resolve) => setTimeout(resolve, 700))
    const end = Date.now() + 60_000
    const { id } = await giver.create(plural, { expire_time: new Date(end).toISOString() })
    await operator.expect(200, operator.post(`${plural}/${id}/transfer`, { account: taker.account }))
    const looker = new Tenant(server, taker.account, { role: 'operator' })
    const due = async (): Promise<number> => {
      const { work } = await looker.expect<{ work: { kind: string; due: number }[] }>(
        200,
        looker.ask(`${plural}/${id}/inspect`),
      )
      return (work.find(({ kind }) => kind === 'retire')?.due ?? 0) - end
    }
    await expect.poll(due, SOON).toBeGreaterThan(-350)
    expect(await due()).toBeLessThan(350)
  })

  test('[CP21] [CP4] is refused as a creation would be, and then nothing has changed', async () => {
    const { giver, operator, taker } = pair(`none of ${plural}`)
    await taker.create(plural, { name: 'taken' })
    const { id } = await giver.create(plural, { name: 'Taken' })
    await operator.refused(operator.post(`${plural}/${id}/transfer`, { account: taker.account }), 409)
    await operator.refused(operator.post(`${plural}/${id}/transfer`, { account: giver.account }), 400)
    await operator.refused(operator.post(`${plural}/${id}/transfer`, {}), 400)
    // What stands for all accounts could never give it back.
    await operator.refused(operator.post(`${plural}/${id}/transfer`, { account: '-' }), 400)
    expect(await giver.get(plural, id)).toMatchObject({ account: giver.account, state: 'active' })
    await giver.expect(200, giver.patch(`${plural}/${id}`, { name: 'free' }))
    await giver.expect(200, giver.delete(`${plural}/${id}`))
    await operator.refused(operator.post(`${plural}/${id}/transfer`, { account: taker.account }), 410)
    expect(await taker.list(plural)).toHaveLength(1)
  })
})
