// Tricks with the host and the path: whoever has no right to something gets it under no other name for it.

import { beforeAll, describe, expect, test } from 'vitest'
import { LEDGER_APP } from '../support/apps.ts'
import { create, mintToken, openLink, ownHost, raw, send } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let host: string
let ledger: string
let cookie: string

beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP })
  host = `127.0.0.1:${server.port}`
  ledger = (await create(server, 'ledgers', { params: { entries: ['secret'] } })).id
  cookie = await openLink(server, (await mintToken(server, 'ledgers', ledger, { permission: 'write' })).url)
})

describe('the host', () => {
  test('[HT5] is one of ours, or the request is refused', async () => {
    const operator = `authorization: Bearer ${server.operatorKey}`
    for (const name of [
      'evil.example',
      `evil.example:${server.port}`,
      `127.0.0.1:${server.port}.evil.example`,
      `127.0.0.1.evil.example:${server.port}`,
      `127.0.0.1:${server.port + 1}`,
      '127.0.0.1',
      `127.0.0.1.:${server.port}`,
      `localhost.:${server.port}`,
      `user@127.0.0.1:${server.port}`,
      `127.0.0.1:${server.port}@evil.example`,
      `127.0.0.1:0${server.port}`,
      '',
    ]) {
      const answer = await raw(server, get('/v1/ledgers', name, operator))
      expect([name, statusOf(answer)]).toEqual([name, 400])
    }
  })

  test('[HT5] in the request line is none: the header alone decides', async () => {
    const operator = `authorization: Bearer ${server.operatorKey}`
    expect(statusOf(await raw(server, get(`http://${host}/v1/ledgers`, 'evil.example', operator)))).toBe(400)
    expect(statusOf(await raw(server, get('http://evil.example/v1/ledgers', host, operator)))).toBe(200)
    expect(statusOf(await raw(server, get('http://evil.example/v1/ledgers', host, '')))).toBe(401)
    const own = `http://${ownHost(server, ledger)}/entries`
    expect(statusOf(await raw(server, get(own, host, `cookie: ${cookie}`)))).toBe(404)
    expect(statusOf(await raw(server, get(own, 'evil.example', `cookie: ${cookie}`)))).toBe(400)
  })

  test('[HT5] given twice is refused, or the first one counts', async () => {
    const answer = await raw(
      server,
      get('/entries', ownHost(server, ledger), `host: evil.example\r\ncookie: ${cookie}`),
    )
    expect([200, 400]).toContain(statusOf(answer))
    const reversed = await raw(
      server,
      get('/entries', 'evil.example', `host: ${ownHost(server, ledger)}\r\ncookie: ${cookie}`),
    )
    expect(reversed).not.toContain('secret')
  })

  test('[HT5] X-Forwarded-Host is nobody else than the trusted proxies to say', async () => {
    const operator = `Bearer ${server.operatorKey}`
    const forwarded = { 'x-forwarded-host': 'wikis.example', authorization: operator }
    const ignored = await send(server, { path: '/v1/ledgers', headers: { ...forwarded, host } })
    expect(ignored.status).toBe(200)
    const gained = { host: 'evil.example', 'x-forwarded-host': host, authorization: operator }
    expect((await send(server, { path: '/v1/ledgers', headers: gained })).status).toBe(400)

    const flags = ['--trust-proxy', '127.0.0.0/8', '--public-url', 'https://wikis.example', '--apex', 'pages.example']
    const behind = await startServer({ app: LEDGER_APP, args: flags })
    const ask = async (headers: Record<string, string>): Promise<number> =>
      (
        await send(behind, {
          path: '/v1/ledgers',
          headers: { authorization: `Bearer ${behind.operatorKey}`, ...headers },
        })
      ).status
    expect(await ask({ host: '10.0.0.1', 'x-forwarded-host': 'wikis.example' })).toBe(200)
    expect(await ask({ host: 'wikis.example' })).toBe(200)
    expect(await ask({ host: 'wikis.example', 'x-forwarded-host': 'evil.example' })).toBe(400)

    const distrusting = await startServer({ app: LEDGER_APP, args: ['--trust-proxy', '10.0.0.0/8', ...flags.slice(2)] })
    const answer = await send(distrusting, {
      path: '/v1/ledgers',
      headers: {
        host: '10.0.0.1',
        'x-forwarded-host': 'wikis.example',
        authorization: `Bearer ${distrusting.operatorKey}`,
      },
    })
    expect(answer.status).toBe(400)
  })
})

describe('the path', () => {
  test('[AU1] of the control plane has no other spelling that needs no caller', async () => {
    for (const path of [
      '//v1/ledgers',
      '/./v1/ledgers',
      '/v1/./ledgers',
      '/v1//ledgers',
      '/%76%31/ledgers',
      '/v1%2Fledgers',
      '/x/../v1/ledgers',
      '/x/%2e%2e/v1/ledgers',
      '/assets/../v1/ledgers',
      `/ledgers/${ledger}/../../v1/ledgers`,
      `/ledgers/${ledger}/%2e%2e/%2e%2e/v1/ledgers`,
      '/v1/ledgers/',
      '/v1/ledgers;x=1',
      '/v1\\ledgers',
      '/V1/ledgers',
    ]) {
      const answer = await raw(server, get(path, host, ''))
      expect([path, statusOf(answer) >= 300 && statusOf(answer) < 500]).toEqual([path, true])
      expect([path, answer.includes(ledger)]).toEqual([path, false])
    }
  })

  test('[AU2] of one resource leads to no other one', async () => {
    const other = (await create(server, 'ledgers')).id
    const { token } = await mintToken(server, 'ledgers', other)
    const bearer = `authorization: Bearer ${token}`
    for (const path of [
      `/ledgers/${other}/../${ledger}/entries`,
      `/ledgers/${other}/%2e%2e/${ledger}/entries`,
      `/ledgers/${other}/..%2f${ledger}/entries`,
      `/ledgers/${other}//ledgers/${ledger}/entries`,
      `/ledgers/${other}%2f..%2f${ledger}/entries`,
      `/ledgers/./${ledger}/entries`,
      `/ledgers//${ledger}/entries`,
      `/ledgers/${ledger}%2fentries`,
      `/ledgers/${ledger}/entries?access_token=${token}`,
    ]) {
      const answer = await raw(server, get(path, host, bearer))
      expect([path, answer.includes('secret')]).toEqual([path, false])
    }
  })
})

describe('cookies', () => {
  test('[AU6] open nothing on the main origin', async () => {
    const answer = await send(server, { path: `/ledgers/${ledger}/entries`, headers: { host, cookie } })
    expect(answer.status).toBe(401)
    // Also not the operator's, whose cookie is for the API and the start page.
    const operator = await operatorCookie()
    expect((await send(server, { path: '/v1/ledgers', headers: { host, cookie: operator } })).status).toBe(200)
    const read = await send(server, { path: `/ledgers/${ledger}/entries`, headers: { host, cookie: operator } })
    expect(read.status).toBe(401)
  })

  test("[AU6] sign a write in only from the resource's own pages", async () => {
    const own = ownHost(server, ledger)
    const post = async (origin?: string): Promise<number> => {
      const headers = { host: own, cookie, ...(origin === undefined ? {} : { origin }) }
      return (await send(server, { method: 'POST', path: '/entries', headers, body: 'x' })).status
    }
    expect(await post(`http://${own}`)).toBe(204)
    for (const origin of [
      undefined,
      'null',
      'http://evil.example',
      `https://${own}`,
      `http://${own}.evil.example`,
      `http://${own.replace(/:\d+$/, '')}`,
      `http://${host}`,
      `http://x.localhost:${server.port}`,
    ])
      expect([origin, await post(origin)]).toEqual([origin, 403])
    expect((await send(server, { path: '/entries', headers: { host: own, cookie } })).status).toBe(200)
  })

  test('[AU6] of another resource are worth nothing', async () => {
    const other = (await create(server, 'ledgers')).id
    const answer = await send(server, { path: '/entries', headers: { host: ownHost(server, other), cookie } })
    expect(answer.status).toBe(401)
  })

  test("[AU6] of the operator sign a change in only from our own pages, and open no resource's origin", async () => {
    const operator = await operatorCookie()
    const post = async (origin?: string): Promise<number> => {
      const headers = { host, cookie: operator, ...(origin === undefined ? {} : { origin }) }
      return (await send(server, { method: 'POST', path: '/v1/ledgers', headers, body: '{}' })).status
    }
    expect(await post(`http://${host}`)).toBe(201)
    for (const origin of [undefined, 'null', 'http://evil.example', `http://${ownHost(server, ledger)}`])
      expect([origin, await post(origin)]).toEqual([origin, 403])
    const own = await send(server, { path: '/entries', headers: { host: ownHost(server, ledger), cookie: operator } })
    expect(own.status).toBe(401)
  })

  test('[AU5] the printed sign-in link works once', async () => {
    const fresh = await startServer({ app: LEDGER_APP })
    const link = await printedLink(fresh)
    const headers = { host: `127.0.0.1:${fresh.port}` }
    const first = await send(fresh, { path: link, headers })
    expect([first.status, first.headers['location']]).toEqual([303, '/'])
    expect(first.headers['set-cookie']?.[0]).toMatch(/^__Host-biplane-operator=.*; HttpOnly; Secure; SameSite=Lax$/)
    expect((await send(fresh, { path: link, headers })).status).toBe(401)
    expect((await send(fresh, { path: '/sign-in?code=wrong', headers })).status).toBe(401)
    expect((await send(fresh, { path: '/sign-in', headers })).status).toBe(401)
  })
})

let operator: Promise<string> | undefined

/** The link works once: its cookie is shared by the tests of this file. */
function operatorCookie(): Promise<string> {
  operator ??= printedLink(server).then(async (path) => {
    const { headers } = await send(server, { path, headers: { host } })
    return headers['set-cookie']?.[0]?.split(';')[0] ?? ''
  })
  return operator
}

/** Printed after the ready line. */
async function printedLink(of: TestServer): Promise<string> {
  const find = (): string | undefined =>
    of.stdout.map((line) => /https?:\/\/[^/]+(\/sign-in\S+)/.exec(line)?.[1]).find((path) => path !== undefined)
  await expect.poll(find).toBeDefined()
  return find() ?? ''
}

function get(target: string, hostName: string, lines: string): string {
  return `GET ${target} HTTP/1.1\r\nhost: ${hostName}\r\nconnection: close\r\n${lines === '' ? '' : `${lines}\r\n`}\r\n`
}

function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)
}
