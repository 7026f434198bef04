// The operator in his browser: the console's files, signing in and out, and what the console asks first.

import { beforeAll, describe, expect, test } from 'vitest'
import { CONSOLE_APP, LEDGER_APP } from '../support/apps.ts'
import { json, problem } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: CONSOLE_APP })
})

describe('the console', () => {
  test('[CO5] is a static page that may load, call and be framed by nothing else', async () => {
    const page = await ask('/')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await page.text()).toContain('<title>Console</title>')
    const policy = (page.headers.get('content-security-policy') ?? '').split('; ')
    expect(policy).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self' 'unsafe-inline'",
      "img-src 'self' data: blob:",
      "font-src 'self'",
      "connect-src 'self'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ])
    expect(Object.fromEntries(page.headers)).toMatchObject({
      'cache-control': 'no-cache',
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
    })
  })

  test('[CO5] is sent again only when it changed, and in the form that the client understands', async () => {
    const etag = (await ask('/')).headers.get('etag') ?? ''
    expect(etag).toMatch(/^W\/"[0-9a-f]{24}"$/)
    const again = await ask('/', { headers: { 'if-none-match': etag } })
    expect([again.status, await again.text()]).toEqual([304, ''])
    for (const [accept, encoding] of [
      ['gzip', 'gzip'],
      ['identity', null],
    ] as const) {
      const page = await ask('/', { headers: { 'accept-encoding': accept } })
      expect([accept, page.headers.get('content-encoding'), page.headers.get('vary')]).toEqual([
        accept,
        encoding,
        'accept-encoding',
      ])
      expect(await page.text()).toContain('Console')
      const head = await ask('/', { method: 'HEAD', headers: { 'accept-encoding': accept } })
      expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([200, etag, ''])
    }
    expect((await ask('/', { method: 'POST' })).status).toBe(404)
  })

  test('[CO5] has its files among the assets', async () => {
    const script = await ask('/assets/console.1.js')
    expect([script.status, await script.text()]).toEqual([200, 'void 0\n'])
    expect(script.headers.get('cache-control')).toContain('immutable')
    expect((await ask('/assets/console.1.js', { method: 'HEAD' })).status).toBe(200)
    expect((await ask('/assets/console.2.js')).status).toBe(404)
  })

  test('[CO5] that an app does not have leaves the plain page', async () => {
    const plain = await startServer({ app: LEDGER_APP })
    const page = await fetch(`${plain.url}/`)
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Operator key')])
  })

  test('[CO1] learns who is signed in and what there is to manage', async () => {
    const refused = await ask('/v1/session')
    expect([refused.status, (await problem(refused)).code]).toEqual([401, 'unauthenticated'])
    const session = await server.fetch('/v1/session')
    expect([session.status, session.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(await session.json()).toEqual({
      account: server.secrets.defaultAccount,
      role: 'operator',
      types: [
        { name: 'ledger', plural: 'ledgers', visibility: ['private'] },
        { name: 'sheet', plural: 'sheets', visibility: ['private', 'public-read', 'public'] },
      ],
      cells: ['local'],
      delete_retention_seconds: 0,
      own_accounts: [server.secrets.defaultAccount],
      content: 'own',
    })
    expect((await server.fetch('/v1/session', json('POST', {}))).status).toBe(404)
  })
})

describe('the operator', () => {
  test('[AU11] signs in by key, and out again', async () => {
    const byApi = await signIn(json('POST', { key: server.operatorKey }))
    expect([byApi.status, await byApi.text()]).toEqual([204, ''])
    const cookie = cookieOf(byApi)
    expect(byApi.headers.get('set-cookie')).toMatch(/; Path=\/; Max-Age=\d+; HttpOnly; Secure; SameSite=Lax$/)
    expect((await ask('/v1/session', { headers: { cookie } })).status).toBe(200)

    const byForm = await signIn({ method: 'POST', body: new URLSearchParams({ key: ` ${server.operatorKey}` }) })
    expect([byForm.status, byForm.headers.get('location')]).toEqual([303, '/'])
    expect((await ask('/v1/session', { headers: { cookie: cookieOf(byForm) } })).status).toBe(200)

    const out = await ask('/sign-out', { method: 'POST', headers: { origin: server.url, cookie } })
    expect(out.status).toBe(204)
    expect(out.headers.get('set-cookie')).toMatch(/^__Host-biplane-operator=; Path=\/; Max-Age=0; .*Secure/)
    const byPage = await ask('/sign-out', { method: 'POST', headers: { origin: server.url, accept: 'text/html' } })
    expect([byPage.status, byPage.headers.get('location')]).toEqual([303, '/'])
  })

  test('[AU11] is told when the key is wrong, in the form that he reads', async () => {
    for (const key of ['', 'wrong', `${server.operatorKey}x`, server.operatorKey.slice(1)]) {
      const refused = await signIn(json('POST', { key }))
      expect([key, refused.status, refused.headers.get('set-cookie')]).toEqual([key, 401, null])
      expect((await problem(refused)).code).toBe('unauthenticated')
    }
    for (const body of ['{}', '{"key":1}', '{', '[]', '"x"', 'null'])
      expect([body, (await signIn({ ...json('POST', {}), body })).status]).toEqual([body, 400])
    const page = await signIn({
      method: 'POST',
      body: new URLSearchParams({ key: '<b>' }),
      headers: { accept: 'text/html,*/*' },
    })
    expect([page.status, page.headers.get('content-type')]).toEqual([401, 'text/html; charset=utf-8'])
    expect(await page.text()).toMatch(/not the operator key.*name="key"/s)
  })

  test('[AU11] is signed in and out by our own pages only', async () => {
    for (const origin of [undefined, 'null', 'http://evil.example', server.url.replace('http:', 'https:')]) {
      const headers: Record<string, string> = origin === undefined ? {} : { origin }
      const body = new URLSearchParams({ key: server.operatorKey })
      const refused = await ask('/sign-in', { method: 'POST', body, headers })
      expect([origin, refused.status, refused.headers.get('set-cookie')]).toEqual([origin, 403, null])
      const out = await ask('/sign-out', { method: 'POST', headers })
      expect([origin, out.status, out.headers.get('set-cookie')]).toEqual([origin, 403, null])
    }
    for (const method of ['PUT', 'DELETE', 'PATCH', 'HEAD'])
      expect([method, (await ask('/sign-in', { method })).status]).toEqual([method, 404])
    expect((await ask('/sign-out')).status).toBe(404)
  })

  test('[AU11] whose link is no good is told in his browser what to do', async () => {
    const link = server.stdout.join('\n').match(/\/sign-in\?code=\S+/)?.[0] ?? ''
    expect((await ask(link)).status).toBe(303)
    for (const bad of [link, '/sign-in?code=x', '/sign-in']) {
      const forPeople = await ask(bad, { headers: { accept: 'text/html' } })
      expect([bad, forPeople.status]).toEqual([bad, 401])
      expect(await forPeople.text()).toMatch(/restart the server.*name="key"/s)
      const forClients = await ask(bad)
      expect([bad, forClients.status, (await problem(forClients)).code]).toEqual([bad, 401, 'unauthenticated'])
    }
  })
})

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(server.url + path, { redirect: 'manual', ...init })
}

/** As our own page sends it. */
function signIn(init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('origin', server.url)
  return ask('/sign-in', { ...init, headers })
}

function cookieOf(response: Response): string {
  return response.headers.get('set-cookie')?.split(';')[0] ?? ''
}
