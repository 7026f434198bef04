import { beforeAll, describe, expect, test } from 'vitest'
import { LEDGER_APP } from '../support/apps.ts'
import { content, create, json, mintToken, ownHost, problem, send } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let ledger: string
let token: string
let sheet: string
let sheetToken: string

beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP })
  ledger = (await create(server, 'ledgers', { allowed_origins: ['https://app.example'] })).id
  sheet = (await create(server, 'sheets')).id
  token = (await mintToken(server, 'ledgers', ledger)).token
  sheetToken = (await mintToken(server, 'sheets', sheet)).token
})

describe('refusals', () => {
  test.each([
    ['no such route', 404, () => server.fetch('/v1/nothing')],
    ['no such type', 404, () => content(server, '/nothings/x')],
    ['no such path of a resource', 404, () => server.fetch(`/v1/ledgers/${ledger}/nothing`)],
    ['a method that a route does not have', 404, () => server.fetch('/v1/ledgers', { method: 'PUT', body: '{}' })],
    ['no credentials', 401, () => content(server, '/v1/ledgers')],
    ['no token', 401, () => content(server, `/ledgers/${ledger}/`)],
    ['a body that is none', 400, () => server.fetch('/v1/ledgers', { method: 'POST', body: '{"name":' })],
  ] as const)('[HT1] are problem documents: %s', async (_what, status, run) => {
    const response = await run()
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'application/problem+json'])
    expect(response.headers.get('cache-control')).toBe('no-store')
    const document = await problem(response)
    expect(document).toMatchObject({ status, code: expect.any(String), retryable: false })
    expect(document['type']).toBe(`urn:biplane:error:${document.code}`)
    expect(document.request_id).toBe(response.headers.get('x-request-id'))
    expect(document.applied).toBeUndefined()
  })

  test('[HT1] 401 says how to authenticate', async () => {
    expect((await content(server, '/v1/ledgers')).headers.get('www-authenticate')).toBe('Bearer')
  })

  test('[HT1] a failure inside an object is 500, says that it is open whether it took effect, and nothing of the inside', async () => {
    const response = await content(server, `/ledgers/${ledger}/fail`, token)
    const text = await response.text()
    expect(response.status).toBe(500)
    expect(JSON.parse(text)).toMatchObject({ code: 'internal', retryable: true, applied: 'unknown' })
    expect(text).not.toMatch(/SECRET|internal\/path|\.ts|\bat |[0-9a-f]{64}/)
    const { request_id: id } = JSON.parse(text) as { request_id: string }
    // The operator finds it by the request id.
    await server.logged((line) => JSON.stringify(line).includes(id))
    expect((await content(server, `/ledgers/${ledger}/entries`, token)).status).toBe(200)
  })

  test("[HT1] a caller's request id is kept if it is one, else replaced", async () => {
    const headers = { 'x-request-id': 'my-id_1' }
    expect((await server.fetch('/v1/ledgers', { headers })).headers.get('x-request-id')).toBe('my-id_1')
    expect((await content(server, `/ledgers/${ledger}/entries`, token, { headers })).headers.get('x-request-id')).toBe(
      'my-id_1',
    )
    for (const bad of ['with space', '<script>', 'x'.repeat(65), '{}']) {
      const { headers: answered } = await server.fetch('/v1/ledgers', { headers: { 'x-request-id': bad } })
      expect(answered.get('x-request-id')).toMatch(/^[\w-]{16,64}$/)
    }
  })
})

describe('validation', () => {
  test.each([
    ['an unknown member', '{"nmae":"x"}', undefined],
    ['a wrong type', '{"labels":"x"}', 'labels'],
    ['a label that is no string', '{"labels":{"a":1}}', 'labels.a'],
    ['a label key that is too long', JSON.stringify({ labels: { ['k'.repeat(41)]: 'v' } }), undefined],
    ['a value that is too long', JSON.stringify({ metadata: { k: 'v'.repeat(501) } }), 'metadata.k'],
    ['too many labels', JSON.stringify({ labels: Object.fromEntries(keys(51)) }), 'labels'],
    ['an origin with a path', '{"allowed_origins":["https://app.example/x"]}', 'allowed_origins.0'],
    ['a wildcard origin', '{"allowed_origins":["*"]}', 'allowed_origins.0'],
    ['the null origin', '{"allowed_origins":["null"]}', 'allowed_origins.0'],
    ['a visibility that the type does not have', '{"visibility":"public"}', 'visibility'],
    ['an array', '[]', 'body'],
    ['a number', '1', 'body'],
    ['null', 'null', 'body'],
    ['JSON with a tail', '{} {}', undefined],
    ['nothing but white space', ' ', undefined],
  ])('[HT2] refuses %s and says where', async (_what, body, parameter) => {
    const response = await server.fetch('/v1/ledgers', { method: 'POST', body })
    const document = await problem(response)
    expect([response.status, document.code]).toEqual([400, 'invalid_request'])
    if (parameter !== undefined) expect(document['parameter']).toBe(parameter)
  })

  test('[HT2] refuses what is not UTF-8, and accepts a byte order mark', async () => {
    const bytes = new Uint8Array([...new TextEncoder().encode('{"name":"'), 0xff, ...new TextEncoder().encode('"}')])
    const refused = await server.fetch('/v1/ledgers', { method: 'POST', body: bytes })
    expect([refused.status, (await problem(refused)).detail]).toEqual([400, expect.stringContaining('UTF-8')])
    const marked = await server.fetch('/v1/ledgers', { method: 'POST', body: '\ufeff{"name":"marked"}' })
    expect(marked.status).toBe(201)
  })

  test('[HT2] answers deep nesting and prototype names like any other body', async () => {
    const deep = '{"params":{"entries":'.concat('['.repeat(20_000), ']'.repeat(20_000), '}}')
    expect((await server.fetch('/v1/ledgers', { method: 'POST', body: deep })).status).toBe(400)
    const names = '{"__proto__":{"name":"x"},"constructor":1}'
    expect((await server.fetch('/v1/ledgers', { method: 'POST', body: names })).status).toBe(400)
    const labels = '{"labels":{"__proto__":"a","constructor":"b"}}'
    expect((await server.fetch('/v1/ledgers', { method: 'POST', body: labels })).status).toBeLessThan(500)
  })

  test('[HT2] takes JSON, whatever it is called, or a form, and nothing else', async () => {
    const xml = { method: 'POST', body: '{"name":"as xml"}', headers: { 'content-type': 'application/xml' } }
    expect((await server.fetch('/v1/ledgers', xml)).status).toBe(201)
    const multipart = new FormData()
    multipart.set('name', 'in parts')
    expect((await server.fetch('/v1/ledgers', { method: 'POST', body: multipart })).status).toBe(400)
    const charset = { 'content-type': 'application/json; charset=utf-8' }
    expect((await server.fetch('/v1/ledgers', { method: 'POST', body: '{}', headers: charset })).status).toBe(201)
    const form = new URLSearchParams({ name: 'a form', other: 'x' })
    expect((await server.fetch('/v1/ledgers', { method: 'POST', body: form })).status).toBe(400)
  })

  test('[HT2] a change names at least one thing, and a token what it is for', async () => {
    for (const [method, path, body] of [
      ['PATCH', '', {}],
      ['PATCH', '', { id: 'x' }],
      ['PATCH', '', { mode: 'deleted' }],
      ['POST', '/tokens', { permission: 'owner' }],
      ['POST', '/tokens', { expires_in: 0 }],
      ['POST', '/tokens', { expires_in: 1.5 }],
      ['POST', '/tokens', { expires_in: 31 * 24 * 3600 }],
    ] as const) {
      const response = await server.fetch(`/v1/ledgers/${ledger}${path}`, json(method, body))
      expect([method, body, response.status]).toEqual([method, body, 400])
    }
  })
})

describe('size', () => {
  test('[HT3] a control plane body has 256 KiB at most, with and without Content-Length', async () => {
    const body = JSON.stringify({ metadata: { a: 'x'.repeat(300 * 1024) } })
    for (const init of [
      { method: 'POST', body },
      { method: 'POST', body: toStream(body), duplex: 'half' },
    ] as RequestInit[]) {
      const response = await server.fetch('/v1/ledgers', init)
      expect([response.status, (await problem(response)).code]).toEqual([413, 'too_large'])
    }
  })

  test("[HT3] a resource's body has what its type allows at most, with and without Content-Length", async () => {
    const path = `/sheets/${sheet}/entries`
    const fits = 'x'.repeat(64 * 1024)
    expect((await content(server, path, sheetToken, { method: 'POST', body: fits })).status).toBe(204)
    const chunked = { method: 'POST', body: toStream(fits), duplex: 'half' } as RequestInit
    expect((await content(server, path, sheetToken, chunked)).status).toBe(204)
    for (const body of [`${fits}x`, toStream(`${fits}x`)]) {
      const response = await content(server, path, sheetToken, { method: 'POST', body, duplex: 'half' } as RequestInit)
      expect([response.status, (await problem(response)).code]).toEqual([413, 'too_large'])
    }
    expect(await (await content(server, path, sheetToken)).json()).toHaveLength(2)
  })
})

describe('hosts', () => {
  test('[HT4] health is answered under every name, and touches no object', async () => {
    const files = server.sqliteFiles()
    for (const path of ['/healthz', '/readyz']) {
      for (const host of [`127.0.0.1:${server.port}`, '10.0.0.1', 'anything.example']) {
        expect([host, (await send(server, { path, headers: { host } })).status]).toEqual([host, 200])
      }
    }
    expect(server.sqliteFiles()).toEqual(files)
  })

  test('[HT5] a host that is not served is refused, whatever is asked of it', async () => {
    const authorization = `Bearer ${server.operatorKey}`
    for (const host of [
      'evil.example',
      `evil.example:${server.port}`,
      `127.0.0.1:1`,
      `localhost.evil:${server.port}`,
    ]) {
      const answer = await send(server, { path: '/v1/ledgers', headers: { host, authorization } })
      expect([host, answer.status]).toEqual([host, 400])
    }
    for (const host of [`localhost:${server.port}`, `LOCALHOST:${server.port}`, `[::1]:${server.port}`]) {
      expect([host, (await send(server, { path: '/v1/ledgers', headers: { host, authorization } })).status]).toEqual([
        host,
        200,
      ])
    }
  })

  test('[HT5] an own origin is served for an identifier that was issued only, and has no control plane', async () => {
    const authorization = `Bearer ${server.operatorKey}`
    for (const host of ['x', 'ledger-0000000000000000-local-00000000', `${ledger}.x`, 'v1'].map((id) =>
      ownHost(server, id),
    ))
      expect([host, (await send(server, { path: '/', headers: { host } })).status]).toEqual([host, 404])
    const own = await send(server, { path: '/v1/ledgers', headers: { host: ownHost(server, ledger), authorization } })
    expect(own.status).toBe(401)
  })
})

describe('CORS', () => {
  test('[HT6] grants exactly the origins of the descriptor', async () => {
    const path = `/ledgers/${ledger}/entries`
    const preflight = (origin: string): Promise<Response> =>
      content(server, path, undefined, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'authorization' },
      })
    const granted = await preflight('https://app.example')
    expect([granted.status, granted.headers.get('access-control-allow-origin')]).toEqual([204, 'https://app.example'])
    expect(granted.headers.get('access-control-allow-headers')).toBe('authorization')
    expect(granted.headers.get('access-control-allow-credentials')).toBeNull()
    const real = await content(server, path, token, { headers: { origin: 'https://app.example' } })
    expect(real.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(real.headers.get('vary')).toContain('origin')
    for (const origin of ['https://other.example', 'http://app.example', 'https://app.example:8443', 'null']) {
      expect([origin, (await preflight(origin)).headers.get('access-control-allow-origin')]).toEqual([origin, null])
      const refused = await content(server, path, token, { headers: { origin } })
      expect([origin, refused.headers.get('access-control-allow-origin')]).toEqual([origin, null])
    }
  })

  test('[HT6] never grants the control plane, and follows a change of the list', async () => {
    const headers = { origin: 'https://new.example', 'access-control-request-method': 'POST' }
    const control = await server.fetch('/v1/ledgers', { method: 'OPTIONS', headers })
    expect(control.headers.get('access-control-allow-origin')).toBeNull()
    const allow = (origins: string[]): Promise<Response> =>
      server.fetch(`/v1/sheets/${sheet}`, json('PATCH', { allowed_origins: origins }))
    const origin = async (): Promise<string | null> =>
      (await content(server, `/sheets/${sheet}/`, undefined, { method: 'OPTIONS', headers })).headers.get(
        'access-control-allow-origin',
      )
    expect(await origin()).toBeNull()
    await allow(['https://new.example'])
    expect(await origin()).toBe('https://new.example')
    await allow([])
    expect(await origin()).toBeNull()
  })
})

describe('content on the main origin', () => {
  test('[AU6] has no origin of its own, should a browser show it', async () => {
    const { headers } = await content(server, `/ledgers/${ledger}/entries`, token)
    expect(headers.get('content-security-policy')).toMatch(/^sandbox /)
    expect(headers.get('content-security-policy')).not.toContain('allow-same-origin')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('[AU6] sends browsers to the own origin', async () => {
    const answer = await send(server, { path: `/ledgers/${ledger}/a?b=c`, headers: { 'sec-fetch-mode': 'navigate' } })
    expect([answer.status, answer.headers['location']]).toEqual([303, `http://${ownHost(server, ledger)}/a?b=c`])
  })

  test('[HT2] HEAD answers as GET does, without a body', async () => {
    const head = await server.fetch('/v1/ledgers', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    const redirected = await content(server, `/ledgers/${ledger}`, token)
    expect([redirected.status, redirected.headers.get('location')]).toEqual([308, `/ledgers/${ledger}/`])
  })
})

function keys(count: number): [string, string][] {
  return Array.from({ length: count }, (_, index) => [`k${index}`, 'v'])
}

function toStream(text: string): ReadableStream<Uint8Array> {
  return new Blob([text]).stream()
}
