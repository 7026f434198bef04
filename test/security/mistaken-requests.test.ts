// Requests that mean something else than they say, by a slip or on purpose: none may do more, or tell more, than what was asked for.

import { beforeAll, expect, test } from 'vitest'
import { makeAccount, makeKey, type TestAccount } from '../support/accounts.ts'
import { WIKIS_APP } from '../support/apps.ts'
import { content, json, problem } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let own: TestAccount
let wikiId: string

beforeAll(async () => {
  server = await startServer({ app: WIKIS_APP, args: ['--request-log'], timers: { deleteRetentionMs: 3_600_000 } })
  own = await makeAccount(server)
  wikiId = ((await (await own.ask('/v1/wikis', json('POST', { name: 'Notes' }))).json()) as { id: string }).id
})

test('[HT2] a parameter that a route does not know, or that comes twice, is refused by its name before anything happens', async () => {
  const asked: readonly (readonly [string, string, string])[] = [
    ['GET', '/v1/wikis?lable=team:red', 'lable'],
    ['GET', '/v1/wikis/count?limit=3', 'limit'],
    ['GET', '/v1/wikis?limit=1&limit=2', 'limit'],
    ['GET', `/v1/wikis?account=${own.id}&account=-`, 'account'],
    ['GET', '/v1/operations?state=running', 'state'],
    ['GET', '/v1/session?verbose=true', 'verbose'],
    ['GET', `/v1/wikis/${wikiId}?__proto__=x`, '__proto__'],
    ['POST', '/v1/wikis?name=Lost', 'name'],
    ['DELETE', `/v1/wikis/${wikiId}?prune=true`, 'prune'],
    ['DELETE', `/v1/wikis/${wikiId}?purge=false&purge=true`, 'purge'],
  ]
  for (const [method, path, parameter] of asked) {
    const response = await own.ask(path, { method })
    expect([path, response.status, (await problem(response))['parameter']]).toEqual([path, 400, parameter])
  }
  const { data } = (await (await own.ask(`/v1/wikis?account=${own.id}`)).json()) as { data: { state: string }[] }
  expect(data).toMatchObject([{ id: wikiId, state: 'active' }])
  // Who is asking comes first.
  expect((await fetch(`${server.url}/v1/wikis?lable=x`)).status).toBe(401)
})

test('[HT2] a time that cannot be written again, and a label that no filter finds, are refused', async () => {
  for (const [body, parameter] of [
    [{ expire_time: '9999-12-31T23:59:59-23:59' }, 'expire_time'],
    [{ expire_time: '0000-01-01T00:00:00+23:59' }, 'expire_time'],
    [{ labels: { 'team:a': 'red' } }, 'labels'],
  ] as const) {
    const response = await own.ask('/v1/wikis', json('POST', body))
    expect([response.status, (await problem(response))['parameter']]).toEqual([400, parameter])
  }
  const colons = { labels: { team: 'a:b:c' }, metadata: { 'a:b': 'kept' }, expire_time: '9999-12-31T23:59:59Z' }
  const { id } = (await (await own.ask('/v1/wikis', json('POST', colons))).json()) as { id: string }
  const found = await (await own.ask('/v1/wikis?label=team:a:b:c')).json()
  expect(found).toMatchObject({ data: [{ id, expire_time: '9999-12-31T23:59:59.000Z' }] })
})

test('[JN1] what the operator asks of the deployment as a whole is in its own log', async () => {
  const init = json('PUT', { kind: 'single' }, { 'x-request-id': 'spread-anew' })
  expect((await server.fetch('/v1/types/wiki/policy', init)).status).toBe(202)
  const response = await server.fetch('/v1/audit?account=-')
  expect(response.status).toBe(200)
  const { data } = (await response.json()) as { data: unknown[] }
  expect(data).toContainEqual(
    expect.objectContaining({ actor: 'operator', action: 'reshard', request_id: 'spread-anew' }),
  )
})

test('[SH9] what is told of one account alone is not told of all of them as nothing', async () => {
  for (const path of ['/v1/wikis/count', '/v1/usage']) {
    const response = await server.fetch(`${path}?account=-`)
    expect([path, response.status, (await problem(response))['parameter']]).toEqual([path, 400, 'account'])
  }
})

test('[HT12] [CP11] a path with nothing in the place of an identifier is no other route', async () => {
  const minted = (await (await own.ask(`/v1/wikis/${wikiId}/tokens`, json('POST', {}))).json()) as { token: string }
  for (const [method, path] of [
    ['DELETE', `/v1/wikis/${wikiId}/tokens/`],
    ['DELETE', `/v1/wikis/${wikiId}/`],
    ['GET', '/v1/wikis/'],
    ['GET', `/v1/accounts/${own.id}/keys/`],
  ] as const)
    expect([path, (await own.ask(path, { method })).status]).toEqual([path, 404])
  const headers = { authorization: `Bearer ${minted.token}` }
  expect((await fetch(`${server.url}/wikis/${wikiId}/`, { headers })).status).toBe(200)
})

test('[HT3] a body of very many small values is refused as too large, and not by a failure of ours', async () => {
  const members = Array.from({ length: 420_000 }, (_, index) => `"${index.toString(36)}":0`)
  const body = `{"resources":[{"labels":{${members.join(',')}}}]}`
  const response = await own.ask('/v1/wikis/bulk', { method: 'POST', body })
  expect([response.status, (await problem(response)).code]).toEqual([413, 'too_large'])
  const wide = `{"resources":[{"labels":{${members.slice(0, 99_000).join(',')}}}]}`
  expect((await own.ask('/v1/wikis/bulk', { method: 'POST', body: wide })).status).toBe(400)
})

test('[AC3] [AU13] a key or token in the place of its identifier is refused, and is not in the log', async () => {
  const minted = (await (await own.ask(`/v1/wikis/${wikiId}/tokens`, json('POST', {}))).json()) as { token: string }
  const secrets = [own.key.key, minted.token]
  for (const path of [
    `/v1/accounts/${own.id}/keys/${own.key.key}`,
    `/v1/wikis/${wikiId}/tokens/${minted.token}`,
    `/wikis/${wikiId}/${minted.token}`,
  ])
    expect((await own.ask(path, { method: 'DELETE' })).status).toBeGreaterThanOrEqual(400)
  await own.ask('/v1/nothing/the-very-last')
  await server.logged(({ message }) => message.includes('the-very-last'))
  expect(server.log.filter(({ message }) => message.includes('***'))).toHaveLength(3)
  for (const secret of secrets) expect(JSON.stringify(server.log)).not.toContain(secret.slice(-20))
})

test('[AC7] who lost his key cannot use up the rate of those who have one', async () => {
  const { id, ask } = await makeAccount(server, { settings: { requests_per_second: 2 } })
  const lost = await makeKey(server, id)
  expect((await ask(`/v1/accounts/${id}/keys/${lost.id}`, { method: 'DELETE' })).status).toBe(200)
  const statuses = new Set<number>()
  for (let count = 0; count < 200; count++) statuses.add((await content(server, '/v1/session', lost.key)).status)
  expect((await ask('/v1/session')).status).toBe(200)
  // It has a rate of its own, so that its account's object is not asked without end.
  expect(statuses).toEqual(new Set([401, 429]))
})
