// Accounts: what the operator does with them, and what they are for their keys.

import { beforeAll, describe, expect, test } from 'vitest'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { makeAccount, makeKey } from '../support/accounts.ts'
import { LEDGER_APP } from '../support/apps.ts'
import { content, create, json, ownHost, problem, send } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP, timers: { deleteRetentionMs: 3_600_000 } })
})

describe('an account', () => {
  test('[AC1] is created, listed, changed, deleted and restored like every resource', async () => {
    const settings = { limits: { ledger: { resources: 3, resource_bytes: 1_000_000 } }, requests_per_second: 20 }
    const made = await create(server, 'accounts', { name: 'Acme', settings, labels: { plan: 'free' } })
    expect(made).toMatchObject({ type: 'account', account: server.secrets.defaultAccount, state: 'active', settings })
    expect(made.url).toBe(`${server.url}/v1/accounts/${made.id}`)
    const got = await server.fetch(`/v1/accounts/${made.id}`)
    expect([got.status, got.headers.get('etag'), await got.json()]).toEqual([200, made.etag, made])
    const taken = await server.fetch('/v1/accounts', json('POST', { name: 'ACME' }))
    expect([taken.status, (await problem(taken)).code]).toEqual([409, 'already_exists'])
    expect((await listed('q=acm')).map(({ id }) => id)).toEqual([made.id])

    const changed = await patch(made.id, { settings: { limits: {} }, name: 'Acme Ltd' }, { 'if-match': made.etag })
    expect(changed).toMatchObject({ name: 'Acme Ltd', settings: { limits: {} } })
    const stale = await server.fetch(
      `/v1/accounts/${made.id}`,
      json('PATCH', { name: 'Late' }, { 'if-match': made.etag }),
    )
    expect(stale.status).toBe(412)

    const removed = await server.fetch(`/v1/accounts/${made.id}`, { method: 'DELETE' })
    expect([removed.status, ((await removed.json()) as ResourceJson).state]).toEqual([200, 'deleted'])
    expect(await listed('q=acm')).toEqual([])
    expect((await listed('q=acm&deleted=true')).map(({ id }) => id)).toEqual([made.id])
    const restored = await server.fetch(`/v1/accounts/${made.id}/restore`, json('POST', {}))
    expect([restored.status, ((await restored.json()) as ResourceJson).state]).toEqual([200, 'active'])
    const inspected = await server.fetch(`/v1/accounts/${made.id}/inspect`)
    expect(await inspected.json()).toMatchObject({ object: { kind: 'descriptor', descriptor: { type: 'account' } } })
  })

  test.each([
    [{ settings: { limits: { ledger: { resources: -1 } } } }, 'settings.limits.ledger.resources'],
    [{ settings: { limits: { ledger: { resource: 1 } } } }, 'settings.limits.ledger.resource'],
    [{ settings: { limits: { 'No type': {} } } }, 'settings.limits.No type'],
    [{ settings: { requests_per_second: 0 } }, 'settings.requests_per_second'],
    [{ settings: { requests_per_second: 1.5 } }, 'settings.requests_per_second'],
    [{ settings: { other: 1 } }, 'settings.other'],
    [{ visibility: 'public' }, 'visibility'],
    [{ params: {} }, 'params'],
  ])('[AC1] [HT2] is not made of %j', async (body, parameter) => {
    const refused = await server.fetch('/v1/accounts', json('POST', body))
    expect([refused.status, await problem(refused)]).toEqual([
      400,
      expect.objectContaining({ code: 'invalid_request', parameter }),
    ])
  })

  test('[AC1] has no content at any address, and is no type that the console manages', async () => {
    const { id, ask } = await makeAccount(server)
    for (const path of [`/accounts/${id}/`, `/accounts/${id}`, `/account/${id}/`])
      expect([path, (await ask(path)).status]).toEqual([path, 404])
    expect((await send(server, { path: '/', headers: { host: ownHost(server, id) } })).status).toBe(404)
    const session = (await (await server.fetch('/v1/session')).json()) as { types: { name: string }[] }
    expect(session.types.map(({ name }) => name)).toEqual(['ledger', 'sheet'])
    for (const route of ['tokens', 'links', 'transfer'])
      expect([route, (await server.fetch(`/v1/accounts/${id}/${route}`, json('POST', {}))).status]).toEqual([
        route,
        404,
      ])
  })

  test('[AC1] is read by its own keys, and is 404 to those of others', async () => {
    const [own, other] = [await makeAccount(server), await makeAccount(server)]
    const reader = await makeKey(server, own.id, { role: 'read' })
    const read = await content(server, `/v1/accounts/${own.id}`, reader.key)
    expect([read.status, ((await read.json()) as ResourceJson).id]).toEqual([200, own.id])
    expect((await other.ask(`/v1/accounts/${own.id}`)).status).toBe(404)
    expect((await own.ask('/v1/accounts')).status).toBe(403)
    expect((await own.ask(`/v1/accounts/${own.id}`, json('PATCH', { name: 'Mine' }))).status).toBe(403)
  })

  test('[AC4] sees and changes what is its own, and nothing else', async () => {
    const [own, other] = [await makeAccount(server), await makeAccount(server)]
    const made = (await (await own.ask('/v1/ledgers', json('POST', { name: 'Books' }))).json()) as ResourceJson
    expect(made.account).toBe(own.id)
    // Names are unique in an account only.
    expect((await other.ask('/v1/ledgers', json('POST', { name: 'Books' }))).status).toBe(201)
    for (const init of [{}, json('PATCH', { name: 'Stolen' }), { method: 'DELETE' }]) {
      const refused = await other.ask(`/v1/ledgers/${made.id}`, init)
      expect([refused.status, (await problem(refused)).code]).toEqual([404, 'not_found'])
    }
    const page = (await (await own.ask('/v1/ledgers')).json()) as { data: ResourceJson[] }
    expect(page.data.map(({ id }) => id)).toEqual([made.id])
    const session = (await (await own.ask('/v1/session')).json()) as object
    expect(session).toMatchObject({ account: own.id, role: 'admin' })
  })
})

describe('the state of an account', () => {
  test('[AC5] suspended: its keys are told so, and nobody without one is; active again, they work again', async () => {
    const { id, key, ask } = await makeAccount(server)
    await patch(id, { mode: 'suspended' })
    const refused = await ask('/v1/ledgers')
    expect([refused.status, (await problem(refused)).code]).toEqual([403, 'suspended'])
    expect((await content(server, '/v1/ledgers', key.key.replace(/.$/, flip))).status).toBe(401)
    // A key that leaked is revoked all the same; new ones wait.
    const leaked = await server.fetch(`/v1/accounts/${id}/keys`, json('POST', {}))
    expect([leaked.status, (await problem(leaked)).code]).toEqual([403, 'suspended'])
    await patch(id, { mode: 'active' })
    expect((await ask('/v1/ledgers')).status).toBe(200)
    const second = await makeKey(server, id)
    await patch(id, { mode: 'suspended' })
    expect((await server.fetch(`/v1/accounts/${id}/keys/${second.id}`, { method: 'DELETE' })).status).toBe(200)
    await patch(id, { mode: 'active' })
    expect((await content(server, '/v1/ledgers', second.key)).status).toBe(401)
  })

  test('[AC5] deleted: its keys are as bad as unknown ones, until it is restored', async () => {
    const { id, ask } = await makeAccount(server)
    await server.fetch(`/v1/accounts/${id}`, { method: 'DELETE' })
    const refused = await ask('/v1/ledgers')
    expect([refused.status, (await problem(refused)).code]).toEqual([401, 'unauthenticated'])
    await server.fetch(`/v1/accounts/${id}/restore`, json('POST', {}))
    expect((await ask('/v1/ledgers')).status).toBe(200)
    await server.fetch(`/v1/accounts/${id}?purge=true`, { method: 'DELETE' })
    await expect.poll(async () => (await ask('/v1/ledgers')).status).toBe(401)
  })
})

describe('limits', () => {
  test('[AC6] of a type hold for what its keys create, from the next request on', async () => {
    const { id, ask } = await makeAccount(server, { settings: { limits: { ledger: { resources: 1 } } } })
    const makeLedger = (): Promise<Response> => ask('/v1/ledgers', json('POST', {}))
    expect((await makeLedger()).status).toBe(201)
    const refused = await makeLedger()
    expect([refused.status, await problem(refused)]).toEqual([
      403,
      expect.objectContaining({ code: 'quota_exceeded', limit: 1, used: 1 }),
    ])
    expect((await ask('/v1/sheets', json('POST', {}))).status).toBe(201)
    await patch(id, { settings: { limits: { ledger: { resources: 2 } } } })
    expect((await makeLedger()).status).toBe(201)
  })

  test('[AC7] of requests: 429 with Retry-After, for this account alone, and for a while only', async () => {
    const slow = await makeAccount(server, { settings: { requests_per_second: 1 } })
    const other = await makeAccount(server)
    const answers: Response[] = []
    for (let count = 0; count < 6; count++) answers.push(await slow.ask('/v1/ledgers'))
    const refused = answers.find(({ status }) => status === 429)
    expect(answers[0]?.status).toBe(200)
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(refused === undefined ? undefined : await problem(refused)).toMatchObject({
      code: 'rate_limited',
      retryable: true,
      limit: 1,
    })
    expect((await other.ask('/v1/ledgers')).status).toBe(200)
    expect((await server.fetch(`/v1/ledgers?account=${slow.id}`)).status).toBe(200)
    await expect.poll(async () => (await slow.ask('/v1/ledgers')).status, { interval: 300 }).toBe(200)
  })
})

describe('on behalf of an account', () => {
  test('[AC8] the operator acts without its limits, and nobody else acts for another', async () => {
    const own = await makeAccount(server, { settings: { limits: { ledger: { resources: 0 } } } })
    const other = await makeAccount(server)
    const made = await server.fetch(`/v1/ledgers?account=${own.id}`, json('POST', {}))
    const { id, account } = (await made.json()) as ResourceJson
    expect([made.status, account]).toEqual([201, own.id])
    expect((await own.ask(`/v1/ledgers/${id}`)).status).toBe(200)
    expect((await own.ask(`/v1/ledgers/${id}?account=${own.id}`)).status).toBe(200)
    // Without it he is the deployment's own account.
    expect((await server.fetch(`/v1/ledgers/${id}`)).status).toBe(404)
    expect((await server.fetch(`/v1/ledgers/${id}?account=${server.secrets.defaultAccount}`)).status).toBe(404)
    for (const asked of [own.id, server.secrets.defaultAccount, '']) {
      const refused = await other.ask(`/v1/ledgers/${id}?account=${asked}`)
      expect([asked, refused.status, (await problem(refused)).code]).toEqual([asked, 403, 'permission_denied'])
    }
    // What he is led to there leads there.
    const creation = await server.fetch(`/v1/ledgers?account=${own.id}`, json('POST', {}))
    const bulk = { resources: [{}] }
    const operation = await server.fetch(`/v1/ledgers/bulk?account=${own.id}`, json('POST', bulk))
    for (const answer of [creation, operation])
      expect((await server.fetch(answer.headers.get('location') ?? '')).status).toBe(200)
    for (const asked of [id, own.id.replace(/.$/, flip), 'x', '', '-']) {
      const refused = await server.fetch(`/v1/ledgers?account=${asked}`, json('POST', {}))
      expect([asked, refused.status, await problem(refused)]).toEqual([
        asked,
        400,
        expect.objectContaining({ code: 'invalid_request', parameter: 'account' }),
      ])
    }
  })
})

async function listed(query: string): Promise<ResourceJson[]> {
  return ((await (await server.fetch(`/v1/accounts?${query}`)).json()) as { data: ResourceJson[] }).data
}

async function patch(id: string, changes: object, headers: Record<string, string> = {}): Promise<ResourceJson> {
  const response = await server.fetch(`/v1/accounts/${id}`, json('PATCH', changes, headers))
  expect(response.status).toBe(200)
  return (await response.json()) as ResourceJson
}

/** Another last character. */
function flip(last: string): string {
  return last === '0' ? '1' : '0'
}
