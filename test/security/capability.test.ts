// Capabilities in paths: what they open, what they do not, and where they are never written.

import { beforeAll, describe, expect, test } from 'vitest'
import { LEDGER_APP } from '../support/apps.ts'
import { create, send, type Answer } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { forgeToken } from '../support/tokens.ts'

let server: TestServer
let ledger: string
let token: string
/** `/ledgers/{id}/~{token}` */
let base: string

beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP, args: ['--path-capabilities', '--request-log'] })
  ledger = (await create(server, 'ledgers')).id
  token = await forgeToken(server, ledger, { use: 'capability' })
  base = `/ledgers/${ledger}/~${token}`
})

describe('a capability in the path', () => {
  test('[AU9] opens its resource with its permission, for a browser without being sent elsewhere', async () => {
    for (const headers of [{}, { origin: 'null' }, { 'sec-fetch-mode': 'navigate' }] as const) {
      const answer = await ask('GET', `${base}/entries`, headers)
      expect([headers, answer.status]).toEqual([headers, 200])
    }
    expect((await ask('POST', `${base}/entries`, { origin: 'null' }, 'x')).status).toBe(204)
    expect((await ask('PUT', `${base}/load`, { origin: 'null' }, '{}')).status).toBe(403)
    const reader = await forgeToken(server, ledger, { use: 'capability', permission: 'read' })
    expect((await ask('POST', `/ledgers/${ledger}/~${reader}/entries`, {}, 'x')).status).toBe(403)
    const seen = JSON.parse((await ask('GET', `${base}/a%20b?c`)).text) as { url: string; principal: object }
    expect(seen.url).toBe('http://resource/a%20b?c')
    expect(seen.principal).toMatchObject({ via: 'capability', permission: 'write', basePath: `${base}/` })
  })

  test('[AU9] ends with a slash: without it the page could not name what is beside it', async () => {
    const answer = await ask('GET', `${base}?a=b`, { 'sec-fetch-mode': 'navigate', origin: 'null' })
    expect([answer.status, answer.headers.location]).toEqual([308, `${base}/?a=b`])
    expectOpenToNull(answer)
  })

  test('[AU9] is open to pages without an origin on every answer, with no credentials', async () => {
    const bad = `/ledgers/${ledger}/~${token.slice(0, -1)}/entries`
    const sheet = (await create(server, 'sheets')).id
    const sheetPath = `/sheets/${sheet}/~${await forgeToken(server, sheet, { use: 'capability' })}/entries`
    for (const [method, path, status, body] of [
      ['GET', `${base}/entries`, 200, undefined],
      ['HEAD', `${base}/entries`, 200, undefined],
      ['GET', bad, 401, undefined],
      ['GET', `${base}/fail`, 500, undefined],
      ['PUT', `${base}/load`, 403, '{}'],
      ['POST', sheetPath, 413, 'x'.repeat(64 * 1024 + 1)],
      ['GET', `/ledgers/${ledger.slice(0, -1)}0/~${token}/`, 404, undefined],
    ] as const) {
      const answer = await ask(method, path, { origin: 'null' }, body)
      expect([method, path, answer.status]).toEqual([method, path, status])
      expectOpenToNull(answer)
    }
    const page = await ask('GET', `${base}/entries`, { origin: 'null' })
    expect(page.headers['content-security-policy']).toMatch(/^sandbox allow-scripts(?!.*allow-same-origin)/)
  })

  test('[AU9] answers preflights without a look at the token or the object', async () => {
    const preflight = {
      origin: 'null',
      'access-control-request-method': 'OPTIONS',
      'access-control-request-headers': 'content-type,x-requested-with,if-match',
    }
    const before = server.sqliteFiles()
    const answer = await ask('OPTIONS', `/ledgers/${ledger}/~nonsense/`, preflight)
    expect(answer.status).toBe(204)
    expectOpenToNull(answer)
    expect(answer.headers['access-control-allow-methods']).toBe('GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE')
    expect(answer.headers['access-control-allow-headers']).toBe('content-type,x-requested-with,if-match')
    expect(server.sqliteFiles()).toEqual(before)
    // Another site's page that learnt the path is no page without an origin.
    const foreign = await ask('OPTIONS', `${base}/entries`, { ...preflight, origin: 'https://evil.example' })
    expect(foreign.headers['access-control-allow-origin']).toBeUndefined()
  })

  test('[AU9] is of use for nothing else, and nothing else is one', async () => {
    const other = (await create(server, 'ledgers')).id
    expect((await ask('GET', `/ledgers/${other}/~${token}/entries`)).status).toBe(401)
    const sheet = (await create(server, 'sheets')).id
    expect((await ask('GET', `/sheets/${sheet}/~${token}/entries`)).status).toBe(401)
    const bearer = { authorization: `Bearer ${token}` }
    expect((await ask('GET', `/ledgers/${ledger}/entries`, bearer)).status).toBe(401)
    expect((await ask('GET', `/sheets/${sheet}/entries?access_token=${token}`)).status).toBe(401)
    const host = `${ledger}.localhost:${server.port}`
    expect((await ask('GET', '/entries', { host, cookie: `__Host-biplane=${token}` })).status).toBe(401)
    expect((await ask('GET', `/?sign_in_code=${token}`, { host })).status).toBe(401)
    for (const use of ['resource', 'session', 'share', 'code'] as const) {
      const answer = await ask('GET', `/ledgers/${ledger}/~${await forgeToken(server, ledger, { use })}/entries`)
      expect([use, answer.status]).toEqual([use, 401])
    }
    for (const expired of [await forgeToken(server, ledger, { use: 'capability', expiresAt: 1 })])
      expect((await ask('GET', `/ledgers/${ledger}/~${expired}/entries`)).status).toBe(401)
    // A good one beside it does not help a bad one.
    const write = await forgeToken(server, ledger)
    const both = await ask('GET', `/ledgers/${ledger}/~x/entries`, { authorization: `Bearer ${write}` })
    expect(both.status).toBe(401)
  })

  test('[AU9] ends when the tokens of its resource are revoked', async () => {
    const { id } = await create(server, 'ledgers')
    const path = `/ledgers/${id}/~${await forgeToken(server, id, { use: 'capability' })}/entries`
    expect((await ask('GET', path)).status).toBe(200)
    expect((await server.fetch(`/v1/ledgers/${id}/tokens`, { method: 'DELETE' })).status).toBe(200)
    const refused = await ask('GET', path, { origin: 'null' })
    expect(refused.status).toBe(401)
    expectOpenToNull(refused)
  })

  test('[AU9] is in no log', async () => {
    // Also where it stands in an address that is not one, and in other spellings.
    const marked = await forgeToken(server, ledger, { use: 'capability' })
    const paths = [`~${marked}/entries`, `%7e${marked}/x`, `x/../~${marked}/`, `~${marked}`, `~${marked}/fail`]
    for (const path of paths) await ask('GET', `/ledgers/${ledger}/${path}`, { 'x-request-id': 'last-line' })
    await ask('GET', `/nothing/~${marked}`, { 'x-request-id': 'the-very-last' })
    await server.logged(({ message }) => message.includes('the-very-last'))
    const lines = server.log.filter(({ message }) => message.includes('last-line'))
    expect(lines.length).toBeGreaterThanOrEqual(paths.length)
    expect(lines.some(({ message }) => message.includes(`"path":"/ledgers/${ledger}/~/entries"`))).toBe(true)
    expect(JSON.stringify(server.log)).not.toContain(marked.slice(-43))
  })
})

test('[AU9] leads the operator into a resource, and shows others what everybody may see', async () => {
  const { id } = await create(server, 'sheets', { visibility: 'public-read' })
  const operator = `__Host-biplane-operator=${await operatorSession()}`
  const navigate = { 'sec-fetch-mode': 'navigate' }
  const led = await ask('GET', `/sheets/${id}/entries?a=b`, { ...navigate, cookie: operator })
  expect(led.status).toBe(303)
  const { origin, pathname, search } = new URL(led.headers.location ?? '')
  expect([origin, search]).toEqual([server.url, '?a=b'])
  expect(pathname).toMatch(new RegExp(`^/sheets/${id}/~[^/]+/entries$`))
  expect((await ask('POST', pathname, {}, 'x')).status).toBe(204)
  expect((await ask('GET', `/sheets/${id}/entries`, navigate)).status).toBe(200)
  expect((await ask('GET', `/ledgers/${ledger}/entries`, navigate)).status).toBe(401)
})

test('[AU9] is off by default: such a path is nothing, and touches nothing', async () => {
  const off = await startServer({ app: LEDGER_APP })
  const { id } = await create(off, 'ledgers')
  const before = off.sqliteFiles()
  for (const [method, headers] of [
    ['GET', {}],
    ['GET', { 'sec-fetch-mode': 'navigate' }],
    ['OPTIONS', { origin: 'null', 'access-control-request-method': 'PUT' }],
  ] as const) {
    const path = `/ledgers/${id}/~${await forgeToken(off, id, { use: 'capability' })}/entries`
    const answer = await send(off, { method, path, headers: { host: `127.0.0.1:${off.port}`, ...headers } })
    expect([method, answer.status, answer.headers['access-control-allow-origin']]).toEqual([method, 404, undefined])
  }
  expect(off.sqliteFiles()).toEqual(before)
})

function expectOpenToNull({ headers }: Answer): void {
  expect(headers['access-control-allow-origin']).toBe('null')
  expect(headers['access-control-expose-headers']).toBe('*')
  expect(headers['access-control-allow-credentials']).toBeUndefined()
  expect(headers['referrer-policy']).toBe('no-referrer')
}

function ask(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<Answer> {
  const all = { host: `127.0.0.1:${server.port}`, ...headers }
  return send(server, { method, path, headers: all, ...(body === undefined ? {} : { body }) })
}

function operatorSession(): Promise<string> {
  const { deployment } = server.secrets
  return forgeToken(server, deployment, { use: 'operator-session', type: 'operator', permission: 'admin' })
}
