// Requests that mean something else than they say, by a slip or on purpose: none may do more, or tell more, than what was asked for.

import { beforeAll, expect, test } from 'vitest'
import { makeAccount, type TestAccount } from '../support/accounts.ts'
import { WIKIS_APP } from '../support/apps.ts'
import { json, problem } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let own: TestAccount
let wikiId: string

beforeAll(async () => {
  server = await startServer({ app: WIKIS_APP, timers: { deleteRetentionMs: 3_600_000 } })
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
