// What goes wrong on the way from biplane/client to a real server goes wrong in a small proxy.

import { createClient, type Client } from 'biplane/client'
import { beforeAll, describe, expect, test } from 'vitest'
import { DEFAULT_RETRY, nextDelayMs } from '../../src/client/retry.ts'
import { LEDGER_APP } from '../support/apps.ts'
import { FlakyProxy, type Fate } from '../support/flaky-proxy.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { refusal } from './refusals-of.ts'

let server: TestServer
let client: Client
beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP, timers: { deleteRetentionMs: 3_600_000 } })
  client = createClient({ baseUrl: server.url, key: server.operatorKey })
})

const ledgers = () => client.resources('ledgers')

describe('answers', () => {
  test('[CL4] no answer is `network`, another answer than this API gives is `unexpected`', async () => {
    const retry = { attempts: 1 }
    const gone = createClient({ baseUrl: 'http://127.0.0.1:9', key: 'x', retry })
    expect(await refusal(gone.session())).toMatchObject({ code: 'network', status: 0, retryable: true, applied: 'no' })
    const html = { 'content-type': 'text/html' }
    const proxy = await FlakyProxy.start(server.url, [
      { status: 200, headers: html, body: '<p>hello' },
      { status: 502, headers: html, body: '<p>bad gateway' },
      { status: 403, headers: html, body: '<p>no' },
      'hang',
    ])
    const behind = createClient({ baseUrl: proxy.url, key: server.operatorKey, retry, timeoutMs: 1_000 })
    expect(await refusal(behind.session())).toMatchObject({ code: 'unexpected', status: 200, retryable: false })
    expect(await refusal(behind.resources('ledgers').create())).toMatchObject({
      code: 'unexpected',
      status: 502,
      retryable: true,
      applied: 'unknown',
    })
    expect(await refusal(behind.session())).toMatchObject({ code: 'unexpected', status: 403, retryable: false })
    const late = await refusal(behind.resources('ledgers').create())
    expect(late).toMatchObject({ code: 'network', applied: 'unknown' })
    expect(late.detail).toContain('1000 ms')
  })
})

describe('requests', () => {
  test('[CL8] what would be about something else is not sent: dots and nothing in the place of an identifier', async () => {
    const { id } = await ledgers().create({ name: 'Kept' })
    const proxy = await FlakyProxy.start(server.url, [])
    const behind = createClient({ baseUrl: proxy.url, key: server.operatorKey })
    const mine = behind.resources('ledgers')
    for (const wrong of ['', '.', '..']) {
      for (const call of [
        () => mine.tokens(id).revoke(wrong),
        () => behind.keys(id).revoke(wrong),
        () => mine.delete(wrong),
        () => mine.restore(wrong),
        () => mine.tokens(wrong).revokeAll(),
        () => behind.operations.cancel(wrong),
        () => behind.resources(`ledgers/${id}/${wrong}`).count(),
      ])
        expect(await refusal(call())).toMatchObject({ code: 'invalid_request', status: 0, applied: 'no' })
    }
    expect(proxy.seen).toEqual([])
    expect((await ledgers().get(id)).state).toBe('active')
  })

  test('[CL8] a redirection is not followed: a change would be made as another, or elsewhere', async () => {
    const elsewhere = await FlakyProxy.start(server.url, [])
    for (const status of [301, 302, 303, 307, 308]) {
      const headers = { location: `${elsewhere.url}/v1/ledgers` }
      const proxy = await FlakyProxy.start(server.url, [{ status, headers }])
      const behind = createClient({ baseUrl: proxy.url, key: server.operatorKey })
      expect(await refusal(behind.resources('ledgers').create({ name: 'Astray' }))).toMatchObject({
        code: 'unexpected',
        status,
        applied: 'no',
        retryable: false,
      })
    }
    expect(elsewhere.seen).toEqual([])
  })
})

describe('retries', () => {
  const busy: Fate = {
    status: 503,
    headers: { 'content-type': 'application/problem+json' },
    body: JSON.stringify({ status: 503, code: 'overloaded', detail: 'Busy.', retryable: true, applied: 'no' }),
  }
  const doubtful: Fate = { ...busy, body: busy.body?.replace('"no"', '"unknown"') ?? '' }
  const later: Fate = { ...busy, headers: { ...busy.headers, 'retry-after': '1' } }
  const QUICK = { baseMs: 5, maxMs: 20 }

  async function through(fates: readonly Fate[], retry: object = {}): Promise<{ proxy: FlakyProxy; flaky: Client }> {
    const proxy = await FlakyProxy.start(server.url, fates)
    return {
      proxy,
      flaky: createClient({ baseUrl: proxy.url, key: server.operatorKey, retry: { ...QUICK, ...retry } }),
    }
  }

  test('[CL5] a creation whose answers get lost makes one resource, under one idempotency key', async () => {
    const { proxy, flaky } = await through(['drop', 'lose', doubtful, 'lose'])
    const { id } = await flaky.resources('ledgers').create({ name: 'Once' })
    expect((await ledgers().list({ q: 'Once' }).all()).map((found) => found.id)).toEqual([id])
    const keys = proxy.seen.map(({ headers }) => headers['idempotency-key'])
    expect(keys).toHaveLength(5)
    expect(new Set(keys).size).toBe(1)
  })

  test('[CL5] reading and deleting are repeated; so is a change whose refusal says that nothing happened', async () => {
    const { id } = await ledgers().create()
    const { proxy, flaky } = await through(['lose', busy, 'drop', 'lose', 'pass'])
    expect((await flaky.resources('ledgers').get(id)).id).toBe(id)
    expect(proxy.seen).toHaveLength(5)
    const { proxy: second, flaky: again } = await through([busy, 'pass', 'lose', 'lose'])
    const { etag } = await ledgers().get(id)
    expect((await again.resources('ledgers').update(id, { name: 'New' }, { ifMatch: etag })).name).toBe('New')
    expect((await again.resources('ledgers').delete(id)).state).toBe('deleted')
    expect(second.seen.map(({ method }) => method)).toEqual(['PATCH', 'PATCH', 'DELETE', 'DELETE', 'DELETE'])
  })

  test('[CL5] what may have happened already is not repeated: a conditional change, a token', async () => {
    const { id, etag } = await ledgers().create()
    const { proxy, flaky } = await through(['lose', 'lose', doubtful])
    const lost = await refusal(flaky.resources('ledgers').update(id, { name: 'Lost?' }, { ifMatch: etag }))
    expect(lost).toMatchObject({ code: 'network', applied: 'unknown' })
    // It had happened: a second attempt would have been told that somebody else changed it.
    expect((await ledgers().get(id)).name).toBe('Lost?')
    expect(await refusal(flaky.resources('ledgers').tokens(id).mint())).toMatchObject({
      code: 'network',
      applied: 'unknown',
    })
    expect(await refusal(flaky.resources('ledgers').links(id).create())).toMatchObject({
      code: 'overloaded',
      applied: 'unknown',
    })
    expect(proxy.seen).toHaveLength(3)
  })

  test('[CL5] attempts and time are bounded, and Retry-After is kept', async () => {
    const { proxy, flaky } = await through([busy, busy, busy, busy], { attempts: 3 })
    expect(await refusal(flaky.session())).toMatchObject({ code: 'overloaded', status: 503 })
    expect(proxy.seen).toHaveLength(3)
    const { flaky: patient } = await through([later])
    const begin = performance.now()
    await patient.session()
    expect(performance.now() - begin).toBeGreaterThanOrEqual(1_000)
    const { proxy: third, flaky: hasty } = await through([later], { totalMs: 900 })
    expect(await refusal(hasty.session())).toMatchObject({ retryAfterSeconds: 1 })
    expect(third.seen).toHaveLength(1)
  })

  test('[CL5] a signal ends a request, and the wait for the next one', async () => {
    const { proxy, flaky } = await through(['hang', { ...later, headers: { ...later.headers, 'retry-after': '30' } }])
    for (const _ of ['while it is under way', 'while it waits']) {
      const controller = new AbortController()
      const call = flaky.session({ signal: controller.signal })
      const count = proxy.seen.length
      await expect.poll(() => proxy.seen.length).toBe(count + 1)
      setTimeout(() => controller.abort(new Error('Enough.')), 100)
      await expect(call).rejects.toThrow('Enough.')
    }
    expect(proxy.seen).toHaveLength(2)
  })

  test('[CL5] delays grow with full jitter from nothing to the most', () => {
    const failure = { retryable: true, applied: 'no', retryAfterSeconds: undefined } as const
    const delay = (attempt: number, random: number, more = {}) =>
      nextDelayMs(
        { ...failure, ...more },
        'refused',
        { attempt, elapsedMs: 0 },
        { ...DEFAULT_RETRY, attempts: 9 },
        () => random,
      )
    expect([1, 2, 3, 4, 5, 6, 7].map((attempt) => delay(attempt, 1))).toEqual([
      200, 400, 800, 1_600, 3_200, 5_000, 5_000,
    ])
    expect(delay(3, 0)).toBe(0)
    expect(delay(3, 0.5)).toBe(400)
    expect(delay(1, 1, { retryAfterSeconds: 2 })).toBe(2_200)
    expect(delay(9, 0)).toBeUndefined()
    expect(delay(1, 0, { retryable: false })).toBeUndefined()
    expect(delay(1, 0, { applied: 'unknown' })).toBeUndefined()
    expect(delay(1, 0, { retryAfterSeconds: 61 })).toBeUndefined()
  })
})
