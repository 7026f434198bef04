// Many at once: bulk creation, purging what was deleted, and the operations that tell how far they have come.

import { beforeAll, describe, expect, test } from 'vitest'
import type { OperationJson } from '../../src/wire/operation.ts'
import { TENANTS_APP } from '../support/apps.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SOON, Tenant } from '../support/tenant.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: TENANTS_APP, timers: { deleteRetentionMs: 3_600_000 } })
})

function names(count: number, prefix = 'n'): { resources: { name: string }[] } {
  return { resources: Array.from({ length: count }, (_, index) => ({ name: `${prefix} ${index}` })) }
}

describe('creating many', () => {
  test('[CP19] answers an operation, and all are there when it has ended', async () => {
    const tenant = new Tenant(server, 'many')
    const response = await tenant.post('files/bulk', names(250))
    const operation = (await response.json()) as OperationJson
    expect(response.status).toBe(202)
    expect(response.headers.get('location')).toBe(`/v1/operations/${operation.id}`)
    expect(operation).toMatchObject({ kind: 'bulk_create', state: 'running', type: 'file', account: 'many' })
    const ended = await tenant.ended(operation.id)
    expect(ended).toMatchObject({
      state: 'succeeded',
      progress: { total: 250, done: 250, failed: 0 },
      cancellable: false,
    })
    const all = await tenant.list('files?limit=200')
    expect(all.map(({ id }) => id).toSorted()).toEqual((ended.subject['resources'] as string[]).toSorted())
    expect(new Set(all.map(({ state }) => state))).toEqual(new Set(['active']))
  })

  test('[CP19] [CP5] is all or nothing, and names what refuses it', async () => {
    const tenant = new Tenant(server, 'none', { limits: { resources: 5 } })
    await tenant.create('files', { name: 'n 3' })
    expect(await tenant.refused(tenant.post('files/bulk', names(4)), 409)).toMatchObject({ index: 3 })
    expect(await tenant.refused(tenant.post('files/bulk', names(5, 'm')), 403)).toMatchObject({ limit: 5, used: 1 })
    await tenant.refused(tenant.post('files/bulk', { resources: [] }), 400)
    await tenant.refused(tenant.post('files/bulk', names(1_001)), 400)
    expect(await tenant.list('files')).toHaveLength(1)
    await tenant.expect(202, tenant.post('files/bulk', names(4, 'm')))
  })

  test('[CP19] [CP3] one idempotency key makes them once', async () => {
    const tenant = new Tenant(server, 'once')
    const ask = (body: object): Promise<Response> => tenant.post('files/bulk', body, { 'idempotency-key': 'k' })
    const [first, second] = await Promise.all([
      tenant.expect<OperationJson>(202, ask(names(3))),
      tenant.expect<OperationJson>(202, ask(names(3))),
    ])
    expect(second.id).toBe(first.id)
    await tenant.refused(ask(names(2)), 422)
    await tenant.ended(first.id)
    expect(await tenant.list('files')).toHaveLength(3)
  })

  test('[CP19] [CP10] tells what the type refused; the others are there', async () => {
    const tenant = new Tenant(server, 'some')
    const resources = [{ name: 'a' }, { name: 'b', params: { refuse: true } }, { name: 'c' }]
    const { id } = await tenant.expect<OperationJson>(202, tenant.post('files/bulk', { resources }))
    const ended = await tenant.ended(id)
    expect(ended).toMatchObject({ state: 'failed', progress: { total: 3, done: 3, failed: 1 } })
    expect(ended.error).toMatchObject({ code: 'invalid_request', message: 'This file refuses to be.' })
    expect((await tenant.list('files')).map(({ name }) => name)).toEqual(['a', 'c'])
  })

  test('[CP19] [CP23] is cancelled: what is not created yet never comes, what is there stays', async () => {
    const slow = await startServer({ app: TENANTS_APP, faults: true })
    const tenant = new Tenant(slow, 'cancelled')
    const release = slow.faults?.hold('object.apply.begin')
    const { id } = await tenant.expect<OperationJson>(202, tenant.post('files/bulk', names(20)))
    const cancelled = await tenant.expect<OperationJson>(200, tenant.post(`operations/${id}/cancel`))
    expect(cancelled).toMatchObject({ state: 'cancelled' })
    expect(await tenant.list('files')).toEqual([])
    release?.()
    const ids = cancelled.subject['resources'] as string[]
    for (const one of ids) await expect.poll(() => tenant.state('files', one), SOON).toBe('deleted')
    // Names and count are free again.
    await tenant.create('files', { name: 'n 0' })
    expect(await tenant.expect(200, tenant.post(`operations/${id}/cancel`))).toEqual(
      await tenant.expect(200, tenant.ask(`operations/${id}`)),
    )
  })
})

describe('purging what was deleted', () => {
  test('[CP20] ends the time of all of them, and of nothing else', async () => {
    const tenant = new Tenant(server, 'purger')
    const made = await tenant.expect<OperationJson>(202, tenant.post('files/bulk', names(130)))
    const ids = (await tenant.ended(made.id)).subject['resources'] as string[]
    const doomed = ids.slice(0, 120)
    // An account may have 64 calls under way.
    while (doomed.length > 0)
      await Promise.all(doomed.splice(-40).map((id) => tenant.expect([200, 202], tenant.delete(`files/${id}`))))
    const operation = await tenant.expect<OperationJson>(202, tenant.post('files/purge'))
    expect(await tenant.ended(operation.id)).toMatchObject({
      kind: 'purge_deleted',
      state: 'succeeded',
      progress: { total: 120, done: 120 },
    })
    expect(await tenant.list('files?deleted=true')).toEqual([])
    expect(await tenant.list('files?limit=200')).toHaveLength(10)
    await tenant.refused(tenant.post(`files/${ids[0]}/restore`), 410)
  })
})

describe('operations', () => {
  test('[CP23] are listed newest first over all types, and are nobody else’s', async () => {
    const tenant = new Tenant(server, 'lister')
    const begun: string[] = []
    for (const plural of ['files', 'spreads', 'owns']) {
      begun.unshift((await tenant.expect<OperationJson>(202, tenant.post(`${plural}/bulk`, names(1)))).id)
    }
    const listed = await tenant.list<OperationJson>('operations?limit=1')
    expect(listed.map(({ id }) => id)).toEqual(begun)
    const other = new Tenant(server, 'somebody else')
    expect(await other.list('operations')).toEqual([])
    await other.refused(other.ask(`operations/${begun[0]}`), 404)
    await other.refused(other.post(`operations/${begun[0]}/cancel`), 404)
    await other.refused(other.ask('operations/op-file-zzz'), 404)
    const reader = new Tenant(server, 'lister', { role: 'read' })
    await reader.expect(200, reader.ask(`operations/${begun[0]}`))
    await reader.refused(reader.post(`operations/${begun[0]}/cancel`), 403)
  })
})
