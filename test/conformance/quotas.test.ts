// What an account may have: how many, how fast, how many bytes; and what it has used.

import { beforeAll, describe, expect, test } from 'vitest'
import { TENANTS_APP } from '../support/apps.ts'
import { content } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SOON, Tenant } from '../support/tenant.ts'

const INTERVAL_MS = 200
/** When a report has come: an interval, and at most half of another one by which reports are spread. */
const REPORT_MS: number = 1.5 * INTERVAL_MS
/** What the account's other objects then take to hear of it, on a busy machine. */
const PUSH_MS = 3_000
let server: TestServer
beforeAll(async () => {
  server = await startServer({
    app: TENANTS_APP,
    timers: { usageIntervalMs: INTERVAL_MS, deleteRetentionMs: 3_600_000 },
  })
})

interface Usage {
  readonly now: Readonly<Record<string, { resources: number; deleted: number; bytes: number; hold: string }>>
  readonly data: readonly {
    type: string
    resource: string
    day: string
    bytes: number
    requests: number
    writes: number
  }[]
  readonly report_interval_seconds: number
}

function usage(tenant: Tenant, query = ''): Promise<Usage> {
  return tenant.expect(200, tenant.ask(`usage${query}`))
}

describe('creations per minute', () => {
  test('[MT1] are counted exactly; who is too fast is told when to come back', async () => {
    const tenant = new Tenant(server, 'fast', { limits: { createsPerMinute: 6 } })
    const answers = await Promise.all(Array.from({ length: 20 }, () => tenant.post('files')))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(6)
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(14)
    const waitSeconds = Number(refused[0]?.headers.get('retry-after'))
    // One in ten seconds.
    expect(waitSeconds).toBeGreaterThanOrEqual(1)
    expect(waitSeconds).toBeLessThanOrEqual(10)
    expect(await refused[0]?.json()).toMatchObject({ code: 'rate_limited', retryable: true })
    await tenant.refused(tenant.post('files/bulk', { resources: Array.from({ length: 7 }, () => ({})) }), 403)
    // Somebody else is not slowed down.
    await new Tenant(server, 'somebody').create('files')
  })
})

describe('bytes of an account', () => {
  test('[MT2] beyond the limit make all of it read-only, until something is gone', async () => {
    const limits = { bytes: 150_000 }
    const tenant = new Tenant(server, 'heavy', { limits })
    const [a, b] = [await tenant.create('files'), await tenant.create('files')]
    const [tokenA, tokenB] = [await tenant.token('files', a.id), await tenant.token('files', b.id)]
    expect((await tenant.write('files', a.id, tokenA, 'x'.repeat(200_000))).status).toBe(204)
    const begun = Date.now()
    await expect.poll(async () => (await tenant.write('files', b.id, tokenB, 'b')).status, SOON).toBe(403)
    const elapsedMs = Date.now() - begun
    console.log(`an account over its limit was read-only after ${elapsedMs} ms (reports every ${INTERVAL_MS} ms)`)
    expect(elapsedMs).toBeLessThan(REPORT_MS + PUSH_MS)
    expect(await tenant.state('files', b.id)).toBe('read_only')
    expect((await content(server, `/files/${a.id}/`, tokenA)).status).toBe(200)
    const refused = await tenant.refused(tenant.post('files'), 403)
    expect(refused).toMatchObject({ code: 'quota_exceeded', limit: 150_000 })
    expect(Number(refused['used'])).toBeGreaterThan(200_000)
    expect((await usage(tenant)).now['file']).toMatchObject({ resources: 2, hold: 'read_only' })

    await tenant.expect([200, 202], tenant.delete(`files/${a.id}?purge=true`))
    await expect.poll(async () => (await tenant.write('files', b.id, tokenB, 'yes')).status, SOON).toBe(204)
    const events = await tenant.expect<{ data: { kind: string }[] }>(200, tenant.ask('events'))
    const kinds = events.data.map(({ kind }) => kind)
    expect(kinds).toContain('limit_reached')
    expect(kinds.indexOf('limit_cleared')).toBeGreaterThan(kinds.indexOf('limit_reached'))
  })

  test('[MT2] [AC10] beyond a limit that was lowered make all of it read-only, also when the call that tells it is refused', async () => {
    const tenant = new Tenant(server, 'lowered', { limits: { bytes: 1_000_000 } })
    const { id } = await tenant.create('files')
    await tenant.write('files', id, await tenant.token('files', id), 'x'.repeat(100_000))
    await expect.poll(async () => (await usage(tenant)).now['file']?.bytes ?? 0, SOON).toBeGreaterThan(100_000)
    const lowered = new Tenant(server, 'lowered', { limits: { bytes: 50_000 } })
    expect(await lowered.refused(lowered.post('files'), 403)).toMatchObject({ code: 'quota_exceeded' })
    await expect.poll(() => tenant.state('files', id), SOON).toBe('read_only')
    await tenant.create('files')
    await expect.poll(() => tenant.state('files', id), SOON).toBe('active')
  })

  test('[MT3] of each resource end inside its object', async () => {
    const tenant = new Tenant(server, 'narrow', { limits: { resourceBytes: 100_000 } })
    const { id } = await tenant.create('files')
    const token = await tenant.token('files', id)
    expect((await tenant.write('files', id, token, 'x'.repeat(200_000))).status).toBe(507)
    expect((await tenant.write('files', id, token, 'x'.repeat(20_000))).status).toBe(204)
  })
})

describe('usage', () => {
  test('[MT4] is told by day and resource, with what there is now, and constructs no object', async () => {
    const tenant = new Tenant(server, 'used')
    const { id } = await tenant.create('files')
    await tenant.create('spreads')
    const token = await tenant.token('files', id)
    for (let write = 0; write < 3; write++) await tenant.write('files', id, token, `write ${write}`)
    await expect.poll(async () => (await usage(tenant)).data.length, SOON).toBe(1)
    const files = server.sqliteFiles().data
    const { data, now, report_interval_seconds: seconds } = await usage(tenant)
    expect(data[0]).toMatchObject({ type: 'file', resource: id, day: new Date().toISOString().slice(0, 10) })
    expect(data[0]).toMatchObject({ requests: 3, writes: 3 })
    expect(data[0]?.bytes).toBeGreaterThan(0)
    expect(now['file']).toEqual({ resources: 1, deleted: 0, bytes: data[0]?.bytes, hold: 'active' })
    expect(now['spread']).toMatchObject({ resources: 1 })
    expect(seconds).toBe(INTERVAL_MS / 1000)
    // Of an object that is only read, the count comes by a read that comes after the interval.
    await expect
      .poll(async () => {
        expect((await content(server, `/files/${id}/`, token)).status).toBe(200)
        return (await usage(tenant)).data[0]?.requests
      }, SOON)
      .toBeGreaterThan(3)
    expect((await usage(tenant)).data[0]).toMatchObject({ writes: 3 })
    expect((await usage(tenant, `?resource=${id}`)).data).toHaveLength(1)
    expect((await usage(tenant, `?resource=${id}&from=2020-01-01T00:00:00Z`)).data).toHaveLength(1)
    expect((await usage(tenant, `?resource=${id}&until=2020-01-01T00:00:00Z`)).data).toEqual([])
    expect((await usage(tenant, '?until=2020-01-01T00:00:00Z')).data).toEqual([])
    expect(server.sqliteFiles().data).toBe(files)
    await tenant.refused(tenant.ask('usage?from=never'), 400)
    await tenant.refused(tenant.ask('usage?cursor=nonsense'), 400)
  })
})
