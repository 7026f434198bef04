// The points of what concerns many resources, or two accounts, x either process: killed there, everything must come to its end by itself.

import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { OperationJson } from '../../src/wire/operation.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { CATALOG_APP, TENANTS_APP } from '../support/apps.ts'
import { content, create, json } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SOON, Tenant, waitForOperation } from '../support/tenant.ts'
import { runSql } from './control-calls.ts'
import { cases, killedAt, withQuickRestarts } from './points.ts'

let server: TestServer
let number = 0

beforeAll(async () => {
  server = await startServer({
    app: TENANTS_APP,
    faults: true,
    timers: { deleteRetentionMs: 3_600_000, tombstoneRetentionMs: 3_600_000, usageIntervalMs: 100 },
  })
})

beforeEach(() => withQuickRestarts(server))

/** An account that has nothing yet. */
function somebody(who: { role?: string; limits?: object } = {}): Tenant {
  return new Tenant(server, `account ${++number}`, who)
}

/** What a list shows, once nothing of it is unfinished. */
async function settled(tenant: Tenant, path: string): Promise<ResourceJson[]> {
  const list = await tenant.list(path)
  for (const one of list) {
    if (one.state === 'creating' || one.desired_version !== one.applied_version)
      throw new Error(`${one.id} is ${one.state}`)
  }
  return list
}

async function names(tenant: Tenant, path: string): Promise<string[]> {
  return (await settled(tenant, path)).map(({ name }) => name ?? '').toSorted((a, b) => a.localeCompare(b))
}

describe('many at once', () => {
  const resources = [{ name: 'a' }, { name: 'b' }, { name: 'c' }]

  test.each(cases('bulk'))('[RC1] [CP19] bulk creation: the %s process killed at %s', async (victim, point) => {
    const tenant = somebody()
    const ask = (): Promise<Response> => tenant.post('files/bulk', { resources }, { 'idempotency-key': 'bulk' })
    await killedAt(server, point, victim, ask)
    await expect.poll(() => names(tenant, 'files'), SOON).toEqual(['a', 'b', 'c'])
    // Who was not answered asks again, and gets the same.
    const { id } = await tenant.expect<OperationJson>(202, ask())
    expect(await tenant.ended(id)).toMatchObject({ state: 'succeeded', progress: { total: 3, done: 3, failed: 0 } })
    expect(await names(tenant, 'files')).toEqual(['a', 'b', 'c'])
    expect((await tenant.list<OperationJson>('operations')).map((one) => one.id)).toEqual([id])
  })

  test.each(cases('purgeDeleted'))('[RC1] [CP20] purging: the %s process killed at %s', async (victim, point) => {
    const tenant = somebody()
    const made = await Promise.all(resources.map((one) => tenant.create('files', one)))
    for (const { id } of made) await tenant.expect([200, 202], tenant.delete(`files/${id}`))
    await killedAt(server, point, victim, () => tenant.post('files/purge'))
    await expect.poll(() => tenant.list('files?deleted=true'), SOON).toEqual([])
    const states = async (): Promise<string[]> => Promise.all(made.map(({ id }) => tenant.state('files', id)))
    await expect.poll(states, SOON).toEqual(['deleted', 'deleted', 'deleted'])
    for (const { id } of await tenant.list<OperationJson>('operations')) {
      expect(await tenant.ended(id)).toMatchObject({ state: 'succeeded' })
    }
  })

  test.each(cases('cancel'))('[RC1] [CP23] cancelling: the %s process killed at %s', async (victim, point) => {
    const tenant = somebody()
    const release = server.faults?.hold('object.apply.begin')
    const operation = await tenant.expect<OperationJson>(202, tenant.post('files/bulk', { resources }))
    await killedAt(server, point, victim, () => tenant.post(`operations/${operation.id}/cancel`))
    release?.()
    expect(await tenant.ended(operation.id)).toMatchObject({ state: 'cancelled' })
    const ids = operation.subject['resources'] as string[]
    const states = async (): Promise<string[]> => Promise.all(ids.map((id) => tenant.state('files', id)))
    await expect.poll(states, SOON).toEqual(['deleted', 'deleted', 'deleted'])
    expect(await tenant.list('files')).toEqual([])
  })
})

describe.each([
  ['on one control plane object', 'files', 'transfer'],
  ['between two', 'owns', 'transferOver'],
] as const)('a transfer %s', (_where, plural, operation) => {
  test.each(cases(operation))('[RC1] [CP21] the %s process killed at %s', async (victim, point) => {
    const giver = somebody({ role: 'operator' })
    const taker = somebody()
    const { id } = await giver.create(plural, { name: 'gift', labels: { a: 'b' } })
    const token = await giver.token(plural, id)
    expect((await giver.write(plural, id, token, 'wrapped')).status).toBe(204)
    await killedAt(server, point, victim, () => giver.post(`${plural}/${id}/transfer`, { account: taker.account }))
    await expect
      .poll(async () => (await settled(taker, `${plural}?label=a:b`)).map((one) => one.id), SOON)
      .toEqual([id])
    await expect.poll(() => giver.list(plural), SOON).toEqual([])
    await giver.refused(giver.ask(`${plural}/${id}`), 404)
    expect((await content(server, `/${plural}/${id}/`, token)).status).toBe(401)
    const next = await taker.token(plural, id)
    expect(await (await content(server, `/${plural}/${id}/`, next)).text()).toBe('wrapped')
    const totals = async (tenant: Tenant): Promise<number> =>
      (await tenant.expect<{ count: number }>(200, tenant.ask(`${plural}/count`))).count
    expect([await totals(giver), await totals(taker)]).toEqual([0, 1])
    await taker.expect([200, 202], taker.delete(`${plural}/${id}?purge=true`))
  })
})

test.each(cases('retire'))('[RC1] [CP18] coming to its end: the %s process killed at %s', async (victim, point) => {
  const tenant = somebody()
  const end = new Date(Date.now() + 200).toISOString()
  await killedAt(server, point, victim, () => tenant.post('files', { name: 'brief', expire_time: end }))
  await expect.poll(() => names(tenant, 'files?deleted=true'), SOON).toEqual(['brief'])
  expect(await tenant.list('files')).toEqual([])
})

test.each(cases('limit'))('[RC1] [MT2] a limit of bytes: the %s process killed at %s', async (victim, point) => {
  const tenant = somebody({ limits: { bytes: 100_000 } })
  const [big, small] = [await tenant.create('files'), await tenant.create('files')]
  const [bigToken, smallToken] = [await tenant.token('files', big.id), await tenant.token('files', small.id)]
  await killedAt(server, point, victim, () => tenant.write('files', big.id, bigToken, 'x'.repeat(200_000)))
  await expect.poll(async () => (await tenant.write('files', small.id, smallToken, 'more')).status, SOON).toBe(403)
  await expect
    .poll(async () => (await settled(tenant, 'files')).map(({ state }) => state), SOON)
    .toEqual(['read_only', 'read_only'])
})

test('[CP20] what is deleted after the request is kept, though times of creation run ahead of the clock', async () => {
  const catalog = await startServer({ app: CATALOG_APP, faults: true, timers: { deleteRetentionMs: 3_600_000 } })
  const [before, after] = [await create(catalog, 'casks'), await create(catalog, 'casks')]
  const remove = async ({ id }: ResourceJson): Promise<void> => {
    expect((await catalog.fetch(`/v1/casks/${id}`, { method: 'DELETE' })).status).toBe(200)
  }
  await remove(before)
  // As after a minute of a clock that was wrong, or after some thousand creations at once.
  await runSql(catalog, "UPDATE meta SET value = value + 60000 WHERE key = 'last_create_time'")
  const release = catalog.faults?.hold('purge_deleted.page')
  const { id } = (await (await catalog.fetch('/v1/casks/purge', { method: 'POST' })).json()) as OperationJson
  await catalog.faultHit('purge_deleted.page')
  await remove(after)
  release?.()
  expect(await waitForOperation(catalog, id)).toMatchObject({ state: 'succeeded', progress: { total: 1, done: 1 } })
  expect((await catalog.fetch(`/v1/casks/${before.id}/restore`, json('POST', {}))).status).toBe(410)
  expect((await catalog.fetch(`/v1/casks/${after.id}/restore`, json('POST', {}))).status).toBe(200)
})
