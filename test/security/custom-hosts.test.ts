// Host names of an owner's own, behind a proxy that maps each to a resource's own host: who is believed, and what it opens.

import { beforeAll, describe, expect, test } from 'vitest'
import { LEDGER_APP } from '../support/apps.ts'
import { send, type Answer } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { forgeToken } from '../support/tokens.ts'

const CUSTOM = 'notes.example.org'
const ORIGIN = `https://${CUSTOM}`
const PUBLIC = ['--public-url', 'https://wikis.example', '--apex', 'pages.example']

let server: TestServer
/** Names the host; the other one does not. */
let ledger: string
let other: string

beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP, args: ['--trust-proxy', '127.0.0.0/8', ...PUBLIC] })
  ledger = await createWithHost(server, [CUSTOM])
  other = await createWithHost(server, [])
})

describe("a host name of the owner's own", () => {
  test('[AU10] opens its resource: a link there signs in there, and its own pages write', async () => {
    const minted = await toMain(server, 'POST', `/v1/ledgers/${ledger}/tokens`, { permission: 'write', host: CUSTOM })
    const { url } = JSON.parse(minted.text) as { url: string }
    expect(new URL(url).origin).toBe(ORIGIN)
    const signedIn = await ask({ path: `//evil.example/${new URL(url).search}` })
    expect([signedIn.status, signedIn.headers.location]).toEqual([303, `${ORIGIN}//evil.example/`])
    const cookie = signedIn.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    expect((await ask({ headers: { cookie } })).status).toBe(200)
    const write = { method: 'POST', body: 'x' }
    expect((await ask({ ...write, headers: { cookie, origin: ORIGIN } })).status).toBe(204)
    for (const origin of [`http://${CUSTOM}`, `https://${ledger}.pages.example`, 'https://evil.example', 'null'])
      expect([origin, (await ask({ ...write, headers: { cookie, origin } })).status]).toEqual([origin, 403])
    const seen = JSON.parse((await ask({ path: '/x', headers: { cookie } })).text) as { principal: object }
    expect(seen.principal).toMatchObject({ origin: ORIGIN, customHost: CUSTOM, basePath: '/' })
    // The same session at the resource's own host, which has the same name for the proxy and for us.
    expect((await ask({ headers: { cookie, 'x-forwarded-host': `${ledger}.pages.example` } })).status).toBe(200)
  })

  test('[AU10] has the scheme and the port that the proxy says', async () => {
    const link = `/?sign_in_code=${await forgeToken(server, ledger, { use: 'share' })}`
    const locationFor = async (headers: Record<string, string>): Promise<string | undefined> =>
      (await ask({ path: link, headers })).headers.location
    expect(await locationFor({ 'x-forwarded-proto': 'http' })).toBe(`http://${CUSTOM}/`)
    expect(await locationFor({ 'x-forwarded-proto': 'javascript' })).toBe(`${ORIGIN}/`)
    expect(await locationFor({ 'x-forwarded-host': `${CUSTOM}:8443` })).toBe(`${ORIGIN}:8443/`)
    expect(await locationFor({ 'x-forwarded-host': CUSTOM.toUpperCase() })).toBe(`${ORIGIN}/`)
  })

  test('[AU10] that the descriptor does not name opens nothing, and signs nobody in', async () => {
    const token = await forgeToken(server, other)
    for (const [id, custom] of [
      [other, CUSTOM],
      [ledger, 'evil.example'],
      [ledger, `x.${CUSTOM}`],
      [ledger, `${CUSTOM}.evil.example`],
    ] as const) {
      const host = `${id}.pages.example`
      const headers = { host, 'x-forwarded-host': custom }
      const authorization = `Bearer ${id === other ? token : await forgeToken(server, id)}`
      const refused = await ask({ headers: { ...headers, authorization } })
      expect([custom, refused.status, refused.text]).toEqual([custom, 404, expect.stringContaining('this host name')])
      for (const use of ['code', 'share'] as const) {
        const code = await forgeToken(server, id, { use })
        const unsigned = await ask({ path: `/?sign_in_code=${code}`, headers })
        expect([custom, unsigned.status, unsigned.headers['set-cookie'], unsigned.headers.location]).toEqual([
          custom,
          404,
          undefined,
          undefined,
        ])
        // And the code is not used up by the attempt.
        const own = await ask({ path: `/?sign_in_code=${code}`, headers: { host, 'x-forwarded-host': host } })
        expect([custom, own.status]).toEqual([custom, 303])
      }
    }
  })

  test('[AU10] ends with the descriptor that named it', async () => {
    const id = await createWithHost(server, ['short.example.org'])
    const headers = {
      host: `${id}.pages.example`,
      'x-forwarded-host': 'short.example.org',
      authorization: `Bearer ${await forgeToken(server, id)}`,
    }
    expect((await ask({ headers })).status).toBe(200)
    await changeHosts(server, id, [])
    expect((await ask({ headers })).status).toBe(404)
  })

  test('[AU10] is nobody else than the trusted proxies to say, and needs an identifier that was issued', async () => {
    const authorization = `Bearer ${await forgeToken(server, ledger)}`
    const forged = ledger.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
    const files = server.sqliteFiles()
    for (const [host, status] of [
      [`${forged}.pages.example`, 404],
      ['pages.example', 400],
      ['10.0.0.1', 400],
      [CUSTOM, 400],
      [`${ledger}.pages.example.evil.example`, 400],
    ] as const)
      expect([host, (await ask({ headers: { host, authorization } })).status]).toEqual([host, status])
    // The main origin's host with a foreign name before it is no resource.
    expect((await ask({ path: '/v1/ledgers', headers: { host: 'wikis.example' } })).status).toBe(400)
    expect(server.sqliteFiles()).toEqual(files)

    const untrusting = await startServer({ app: LEDGER_APP, args: ['--trust-proxy', '10.0.0.0/8', ...PUBLIC] })
    const id = await createWithHost(untrusting, [CUSTOM])
    const code = await forgeToken(untrusting, id, { use: 'share' })
    const answer = await ask({ path: `/?sign_in_code=${code}`, headers: { host: `${id}.pages.example` } }, untrusting)
    expect([answer.status, answer.headers.location]).toEqual([303, `https://${id}.pages.example/`])
  })
})

/** As the proxy passes it on: the resource's own host, and beside it the name that the browser asked for. */
function ask(
  options: {
    readonly method?: string
    readonly path?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: string
  },
  of = server,
): Promise<Answer> {
  const mapped = { host: `${ledger}.pages.example`, 'x-forwarded-host': CUSTOM, 'x-forwarded-proto': 'https' }
  return send(of, { path: '/entries', ...options, headers: { ...mapped, ...options.headers } })
}

async function createWithHost(of: TestServer, hosts: readonly string[]): Promise<string> {
  const answer = await toMain(of, 'POST', '/v1/ledgers', {})
  const { id } = JSON.parse(answer.text) as { id: string }
  if (hosts.length > 0) await changeHosts(of, id, hosts)
  return id
}

async function changeHosts(of: TestServer, id: string, hosts: readonly string[]): Promise<void> {
  expect((await toMain(of, 'PATCH', `/v1/ledgers/${id}`, { hosts })).status).toBe(200)
}

/** `fetch` cannot set the Host header. */
function toMain(of: TestServer, method: string, path: string, body: object): Promise<Answer> {
  const headers = {
    host: 'wikis.example',
    'content-type': 'application/json',
    authorization: `Bearer ${of.operatorKey}`,
  }
  return send(of, { method, path, headers, body: JSON.stringify(body) })
}
