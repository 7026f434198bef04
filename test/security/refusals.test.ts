// What the edge refuses by itself, and what a browser may make of credentials that it adds by itself.

import { beforeAll, describe, expect, test } from 'vitest'
import { LEDGER_APP } from '../support/apps.ts'
import { content, create, json, mintToken, ownHost, send, type Answer } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let sheet: string
let token: string
/** The sheet, on the main origin. */
let path: string

beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP, args: ['--request-log'] })
  sheet = (await create(server, 'sheets')).id
  token = (await mintToken(server, 'sheets', sheet)).token
  path = `/sheets/${sheet}`
})

describe('a password', () => {
  test("[AU6] signs no change in that another site's page asked for", async () => {
    const main = `127.0.0.1:${server.port}`
    const own = ownHost(server, sheet)
    for (const [host, target, ours] of [
      [main, `${path}/entries`, `http://${main}`],
      [own, '/entries', `http://${own}`],
    ] as const) {
      const post = async (headers: Record<string, string>): Promise<number> =>
        (
          await send(server, {
            method: 'POST',
            path: target,
            headers: { host, ...basic(token), ...headers },
            body: 'x',
          })
        ).status
      // curl, and the resource's own page.
      expect([host, await post({})]).toEqual([host, 204])
      expect([host, await post({ origin: ours, 'sec-fetch-site': 'same-origin' })]).toEqual([host, 204])
      for (const headers of [
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { origin: ours.replace('http:', 'https:') },
        { 'sec-fetch-site': 'cross-site' },
        { origin: ours, 'sec-fetch-site': 'same-site' },
      ] as Record<string, string>[])
        expect([host, headers, await post(headers)]).toEqual([host, headers, 403])
      const read = { host, ...basic(token), origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
      const answer = await send(server, { path: target, headers: read })
      // Read by nobody but the browser itself.
      expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, undefined])
      expect(answer.headers['cross-origin-resource-policy']).toBe('same-origin')
    }
  })

  test('[AU3] is asked for only where a wrong one was given', async () => {
    const { id } = await create(server, 'sheets')
    const { token: revoked } = await mintToken(server, 'sheets', id)
    expect((await server.fetch(`/v1/sheets/${id}/tokens`, { method: 'DELETE' })).status).toBe(200)
    for (const [target, password] of [
      [`${path}/entries`, 'wrong'],
      [`/sheets/${id}/entries`, revoked],
    ] as const) {
      const asked = await content(server, target, undefined, { headers: basic(password) })
      expect([asked.status, asked.headers.get('www-authenticate')]).toEqual([
        401,
        'Basic realm="sheet", charset="UTF-8"',
      ])
      const spared = await content(server, target, password)
      expect([spared.status, spared.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    }
    expect((await content(server, `${path}/entries`)).headers.get('www-authenticate')).toBe('Bearer')
    // A type that takes no passwords does not ask for one.
    const ledger = (await create(server, 'ledgers')).id
    const other = await content(server, `/ledgers/${ledger}/entries`, undefined, { headers: basic('wrong') })
    expect([other.status, other.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  })
})

test('[AU3] a token in the query is in no referrer and no log, also where it is refused', async () => {
  const wrong = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
  for (const [status, value] of [
    [200, token],
    [401, wrong],
  ] as const) {
    const answer = await content(server, `${path}/entries?access_token=${value}`, undefined, {
      headers: { 'x-request-id': `query-${status}` },
    })
    expect([answer.status, answer.headers.get('referrer-policy')]).toEqual([status, 'no-referrer'])
    await server.logged(({ message }) => message.includes(`query-${status}`))
  }
  expect(JSON.stringify(server.log)).not.toContain(token.slice(-42, -1))
})

describe('a refusal by the edge', () => {
  test("[HT1] is in the words of the type's protocol, and carries what every answer does", async () => {
    for (const target of [
      { path: `${path}/entries`, headers: { host: `127.0.0.1:${server.port}` } },
      { path: '/entries', headers: { host: ownHost(server, sheet) } },
    ]) {
      const headers = { ...target.headers, authorization: 'Bearer wrong', 'x-request-id': 'mine' }
      const spoken = await send(server, { method: 'PUT', path: target.path, headers, body: 'x' })
      expect([spoken.status, spoken.text]).toEqual([403, expect.stringMatching(/^No: This token is not valid/)])
      expectCommon(spoken)
      const large = { ...headers, authorization: `Bearer ${token}`, 'content-length': String(64 * 1024 + 1) }
      const body = 'x'.repeat(64 * 1024 + 1)
      const tooLarge = await send(server, { method: 'PUT', path: target.path, headers: large, body })
      expect(tooLarge.text).toMatch(/^No: The body may have/)
      expectCommon(tooLarge)
      const silent = await send(server, { path: target.path, headers })
      expect([silent.status, silent.headers['content-type']]).toEqual([401, 'application/problem+json'])
      expectCommon(silent)
      // A mistake of the type's is no reason to say nothing.
      const broken = await send(server, { path: target.path, headers: { ...headers, 'x-refuse-by-throwing': '1' } })
      expect([broken.status, broken.headers['content-type']]).toEqual([401, 'application/problem+json'])
      expect(broken.text).not.toContain('SECRET')
    }
  })

  test('[HT6] can be read by a page that was granted leave to send its token, and by no other', async () => {
    const host = `127.0.0.1:${server.port}`
    const ask = (more: Record<string, string>): Promise<Answer> =>
      send(server, { path: `${path}/entries`, headers: { host, ...more } })
    const granted = await ask({ origin: 'https://app.example', authorization: 'Bearer wrong' })
    expect([granted.status, granted.headers['access-control-allow-origin']]).toEqual([401, 'https://app.example'])
    expect(granted.headers['access-control-allow-credentials']).toBeUndefined()
    // Without that header no preflight has taken place.
    const other = await ask({ origin: 'https://app.example', 'content-type': 'text/plain' })
    expect([other.status, other.headers['access-control-allow-origin']]).toEqual([401, undefined])
  })
})

describe("a resource's own origin", () => {
  test('[AU12] is framed, embedded and held by other pages only where its owner allows it', async () => {
    const { id } = await create(server, 'sheets', { visibility: 'public-read' })
    const ask = (): Promise<Answer> => send(server, { path: '/entries', headers: { host: ownHost(server, id) } })
    expect((await ask()).headers).toMatchObject({
      'content-security-policy': "frame-ancestors 'self'",
      'cross-origin-opener-policy': 'same-origin-allow-popups',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'same-origin',
    })
    const allowed = ['https://app.example', 'http://localhost:3000']
    expect((await server.fetch(`/v1/sheets/${id}`, json('PATCH', { allowed_origins: allowed }))).status).toBe(200)
    const { headers } = await ask()
    expect(headers['content-security-policy']).toBe(`frame-ancestors 'self' ${allowed.join(' ')}`)
    expect(headers['cross-origin-resource-policy']).toBeUndefined()
    // On the main origin it is not a page: what a browser shows of it has no origin at all.
    const main = await content(server, `/sheets/${id}/entries`)
    expect(main.headers.get('content-security-policy')).toMatch(/^sandbox /)
  })
})

function expectCommon({ headers }: Answer): void {
  expect(headers['x-request-id']).toBe('mine')
  expect(headers['x-content-type-options']).toBe('nosniff')
  expect(headers['referrer-policy']).toBe('no-referrer')
}

function basic(password: string): { authorization: string } {
  return { authorization: `Basic ${btoa(`any:${password}`)}` }
}
