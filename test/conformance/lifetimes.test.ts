// Resources that are protected, that end by themselves, and that have settings of their type's own.

import { beforeAll, describe, expect, test } from 'vitest'
import { TENANTS_APP } from '../support/apps.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SOON, Tenant } from '../support/tenant.ts'

let server: TestServer
let tenant: Tenant
beforeAll(async () => {
  const timers = { deleteRetentionMs: 3_600_000, usageIntervalMs: 200 }
  server = await startServer({ app: TENANTS_APP, timers })
  tenant = new Tenant(server, 'lifetimes')
})

describe('protection from deletion', () => {
  test('[CP17] refuses to delete until it is taken away, also to purge', async () => {
    const { id } = await tenant.create('files', { delete_protection: true })
    for (const path of [`files/${id}`, `files/${id}?purge=true`]) {
      const refused = await tenant.refused(tenant.delete(path), 409)
      expect(refused).toMatchObject({ code: 'delete_protected', retryable: false })
    }
    expect(await tenant.state('files', id)).toBe('active')
    const changed = await tenant.expect(200, tenant.patch(`files/${id}`, { delete_protection: false }))
    expect(changed).toMatchObject({ delete_protection: false })
    await tenant.expect(200, tenant.delete(`files/${id}`))
  })

  test('[CP17] [CP18] is stronger than its own end', async () => {
    const { id } = await tenant.create('files', {
      delete_protection: true,
      expire_time: new Date(Date.now() + 300).toISOString(),
    })
    const { id: other } = await tenant.create('files', { expire_time: new Date(Date.now() + 300).toISOString() })
    await expect.poll(() => tenant.state('files', other), SOON).toBe('deleted')
    expect(await tenant.state('files', id)).toBe('active')
    // Without protection there is nothing that keeps it.
    await tenant.expect(200, tenant.patch(`files/${id}`, { delete_protection: false }))
    await expect.poll(() => tenant.state('files', id), SOON).toBe('deleted')
  })
})

describe('an end of its own', () => {
  test('[CP18] comes by the type, is shown, and leaves what can be restored', async () => {
    const begun = Date.now()
    const { id, expire_time: end = '' } = await tenant.create('passings', { name: 'soon gone' })
    expect(Date.parse(end)).toBeGreaterThanOrEqual(begun + 2_000)
    expect(Date.parse(end)).toBeLessThanOrEqual(Date.now() + 2_000)
    await expect.poll(() => tenant.state('passings', id), SOON).toBe('deleted')
    expect(Date.now()).toBeGreaterThanOrEqual(begun + 2_000)
    const restored = await tenant.expect(200, tenant.post(`passings/${id}/restore`))
    // An end that has come already would take it away again at once.
    expect(restored).toMatchObject({ state: 'active', name: 'soon gone' })
    expect(restored).not.toHaveProperty('expire_time')
  })

  test('[CP18] can be put off, or taken away', async () => {
    const { id } = await tenant.create('passings')
    const later = new Date(Date.now() + 3_600_000).toISOString()
    const moved = await tenant.expect(200, tenant.patch(`passings/${id}`, { expire_time: later }))
    expect(moved).toMatchObject({ expire_time: later })
    const { id: kept } = await tenant.create('passings', { expire_time: null })
    const { id: ending } = await tenant.create('passings')
    await expect.poll(() => tenant.state('passings', ending), SOON).toBe('deleted')
    expect(await tenant.state('passings', id)).toBe('active')
    expect(await tenant.state('passings', kept)).toBe('active')
  })

  test('[CP18] comes when nobody has written for long, and not before', async () => {
    const [idle, busy, closed] = [
      await tenant.create('idles'),
      await tenant.create('idles'),
      await tenant.create('idles'),
    ]
    await tenant.expect(200, tenant.patch(`idles/${closed.id}`, { mode: 'suspended' }))
    const token = await tenant.token('idles', busy.id)
    const writing = (async () => {
      for (let write = 0; (await tenant.state('idles', idle.id)) === 'active'; write++) {
        expect((await tenant.write('idles', busy.id, token, `write ${write}`)).status).toBe(204)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    })()
    await writing
    expect(await tenant.state('idles', busy.id)).toBe('active')
    await expect.poll(() => tenant.state('idles', busy.id), SOON).toBe('deleted')
    // While they were deleted or suspended nobody could write to them: they live on, until nobody does again for as long.
    expect(await tenant.state('idles', closed.id)).toBe('suspended')
    const begun = Date.now()
    await tenant.expect(200, tenant.post(`idles/${busy.id}/restore`))
    await tenant.expect(200, tenant.patch(`idles/${closed.id}`, { mode: 'active' }))
    const states = (): Promise<string[]> => Promise.all([busy, closed].map(({ id }) => tenant.state('idles', id)))
    await expect.poll(async () => (await states()).includes('deleted'), SOON).toBe(true)
    expect(Date.now()).toBeGreaterThanOrEqual(begun + 2_000)
    await expect.poll(states, SOON).toEqual(['deleted', 'deleted'])
  })

  test('[CP18] is of a time that is one', async () => {
    await tenant.refused(tenant.post('files', { expire_time: 'tomorrow' }), 400)
    await tenant.refused(tenant.post('files', { expire_time: 17 }), 400)
  })
})

describe('settings', () => {
  test('[CP24] are of the type’s schema, and reach the object', async () => {
    const { id, settings } = await tenant.create('files', { settings: { color: 'red' } })
    expect(settings).toEqual({ color: 'red' })
    const changed = await tenant.expect<{ settings: object; desired_version: number; applied_version: number }>(
      200,
      tenant.patch(`files/${id}`, { settings: { color: 'blue' } }),
    )
    expect(changed).toMatchObject({ settings: { color: 'blue' }, desired_version: 2, applied_version: 2 })
    await tenant.refused(tenant.patch(`files/${id}`, { settings: { size: 1 } }), 400)
    await tenant.refused(tenant.post('files', { settings: { color: 'x'.repeat(21) } }), 400)
  })
})
