import { beforeAll, describe, expect, test } from 'vitest'
import { createKeyring } from '../../src/identity/keyring.ts'
import { mintResourceId } from '../../src/identity/resource-id.ts'
import { createTokenSigner, type TokenClaims } from '../../src/identity/token.ts'
import { LEDGER_APP } from '../support/apps.ts'
import { content, create, json, mintToken, openLink, ownHost, problem, send, type Answer } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let ledger: string
let path: string

beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP })
  ledger = (await create(server, 'ledgers')).id
  path = `/ledgers/${ledger}/entries`
})

describe('the control plane', () => {
  test.each([
    ['GET', '/v1/ledgers'],
    ['POST', '/v1/ledgers'],
    ['GET', '/v1/ledgers/nonsense'],
    ['DELETE', '/v1/ledgers/ledger-0000000000000000-local-00000000'],
    ['GET', '/v1/nothing'],
    ['POST', '/v1/ledgers/x/tokens'],
    ['GET', '/v1'],
  ])('[AU1] needs a caller before it says what there is: %s %s', async (method, route) => {
    const wrong = [undefined, 'Bearer wrong', 'Bearer', `Basic ${btoa(`x:${server.operatorKey}`)}`, server.operatorKey]
    for (const authorization of wrong) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
      const refused = await fetch(server.url + route, { method, headers })
      expect([authorization, refused.status, (await problem(refused)).code]).toEqual([
        authorization,
        401,
        'unauthenticated',
      ])
    }
  })

  test('[AU1] does not take a token of a resource for a caller', async () => {
    const { token } = await mintToken(server, 'ledgers', ledger, { permission: 'admin' })
    expect((await content(server, '/v1/ledgers', token)).status).toBe(401)
    expect((await content(server, `/v1/ledgers/${ledger}`, token)).status).toBe(401)
  })

  test('[AU1] the scheme is case-insensitive, the key is not', async () => {
    const ask = async (authorization: string): Promise<number> =>
      (await fetch(`${server.url}/v1/ledgers`, { headers: { authorization } })).status
    expect(await ask(`bearer ${server.operatorKey}`)).toBe(200)
    expect(await ask(`Bearer ${server.operatorKey}x`)).toBe(401)
    expect(await ask(`Bearer ${server.operatorKey.slice(0, -1)}`)).toBe(401)
    expect(await ask(`Bearer ${server.operatorKey.toLowerCase()}`)).toBe(401)
  })
})

describe('a token', () => {
  test('[AU3] works for its resource only', async () => {
    const other = await create(server, 'ledgers')
    const { token } = await mintToken(server, 'ledgers', other.id)
    expect((await content(server, `/ledgers/${other.id}/entries`, token)).status).toBe(200)
    expect((await content(server, path, token)).status).toBe(401)
    const sheet = await create(server, 'sheets')
    expect((await content(server, `/sheets/${sheet.id}/entries`, token)).status).toBe(401)
  })

  test('[AU3] works for its permission only; each includes the ones before', async () => {
    const post = { method: 'POST', body: 'x' }
    const reader = await mintToken(server, 'ledgers', ledger)
    const load = { method: 'PUT', body: await (await content(server, `/ledgers/${ledger}/dump`, reader.token)).text() }
    const expected = { read: [200, 403, 403], write: [200, 204, 403], admin: [200, 204, 204] }
    for (const permission of ['read', 'write', 'admin'] as const) {
      const { token } = await mintToken(server, 'ledgers', ledger, { permission })
      const statuses = [
        (await content(server, path, token)).status,
        (await content(server, path, token, post)).status,
        (await content(server, `/ledgers/${ledger}/load`, token, load)).status,
      ]
      expect([permission, statuses]).toEqual([permission, expected[permission]])
    }
  })

  test('[AU3] works until it expires, also when it was used before', async () => {
    const now = Math.floor(Date.now() / 1000)
    expect((await content(server, path, await forge({ expiresAt: now - 5 }))).status).toBe(401)
    // The cache of verified tokens looks at the time again; a second of tolerance, and the second's own rounding.
    const short = await forge({ expiresAt: now + 1 })
    expect((await content(server, path, short)).status).toBe(200)
    await expect.poll(async () => (await content(server, path, short)).status, { timeout: 5_000 }).toBe(401)
    const { token, expire_time } = await mintToken(server, 'ledgers', ledger, { expires_in: 60 })
    expect(Date.parse(expire_time) - Date.now()).toBeGreaterThan(55_000)
    expect((await content(server, path, token)).status).toBe(200)
  })

  test('[AU3] works for its use, type, deployment and key only', async () => {
    const { deployment, tokenKeys } = server.secrets
    expect((await content(server, path, await forge({}))).status).toBe(200)
    for (const use of ['code', 'session', 'operator-code', 'operator-session'] as const)
      expect([use, (await content(server, path, await forge({ use }))).status]).toEqual([use, 401])
    expect((await content(server, path, await forge({ type: 'sheet' }))).status).toBe(401)
    const foreign = createTokenSigner('another deployment', tokenKeys)
    expect((await content(server, path, await foreign.mint(claims({})))).status).toBe(401)
    const key = Buffer.alloc(32, 1).toString('base64url')
    const unknown = createTokenSigner(deployment, [{ id: tokenKeys[0]?.id ?? '', key }])
    expect((await content(server, path, await unknown.mint(claims({})))).status).toBe(401)
  })

  test('[AU3] is not what `alg: none`, another algorithm or a changed payload make', async () => {
    const token = await forge({ permission: 'read' })
    const [header = '', payload = '', signature = ''] = token.split('.')
    const admin = encode({ ...decode(payload), perm: 'admin' })
    for (const bad of [
      `${encode({ ...decode(header), alg: 'none' })}.${admin}.`,
      `${encode({ ...decode(header), alg: 'none' })}.${payload}.${signature}`,
      `${encode({ ...decode(header), alg: 'HS512' })}.${payload}.${signature}`,
      `${encode({ ...decode(header), kid: 'x' })}.${payload}.${signature}`,
      `${header}.${admin}.${signature}`,
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${token}x`,
      'x',
    ]) {
      expect([bad, (await content(server, path, bad)).status]).toEqual([bad, 401])
    }
  })

  test('[AU2] that is wrong touches no object, and neither does a wrong identifier', async () => {
    // Nothing was ever created here: an object that is touched leaves a file.
    const fresh = await startServer({ app: LEDGER_APP })
    const { id } = await create(fresh, 'ledgers')
    const files = fresh.sqliteFiles()
    const other = id.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
    const refused = await content(fresh, `/ledgers/${other}/entries`, 'wrong')
    expect([refused.status, (await problem(refused)).code]).toEqual([404, 'not_found'])
    // Tag before token: whoever has no identifier learns nothing from his token.
    expect((await content(fresh, `/ledgers/${id}/entries`, 'wrong')).status).toBe(401)
    expect(fresh.sqliteFiles()).toEqual(files)
  })

  test('[AU2] of a resource that was never created touches nothing but its own object, which answers 404', async () => {
    const fresh = await startServer({ app: LEDGER_APP })
    const ghost = await mintResourceId(createKeyring(fresh.secrets.identifierKeys), 'ledger', 'local')
    const before = fresh.sqliteFiles()
    expect((await content(fresh, `/ledgers/${ghost.id}/entries`, 'wrong')).status).toBe(401)
    expect(fresh.sqliteFiles()).toEqual(before)
    expect((await content(fresh, `/ledgers/${ghost.id}/entries`)).status).toBe(404)
  })
})

describe('ways to carry a token', () => {
  test('[AU3] a type takes what it declares: bearer, basic, query, cookie', async () => {
    const sheet = await create(server, 'sheets')
    const { token } = await mintToken(server, 'sheets', sheet.id)
    const ledgerToken = (await mintToken(server, 'ledgers', ledger)).token
    expect((await content(server, `/sheets/${sheet.id}/entries`, undefined, basic(token))).status).toBe(200)
    expect((await content(server, path, undefined, basic(ledgerToken))).status).toBe(401)
    expect((await content(server, `/sheets/${sheet.id}/entries?access_token=${token}`)).status).toBe(200)
    expect((await content(server, `${path}?access_token=${ledgerToken}`)).status).toBe(401)
    // The object does not get to see it.
    const seen = (await (await content(server, `/sheets/${sheet.id}/x?access_token=${token}&a=b`)).json()) as {
      url: string
    }
    expect(seen.url).toBe('http://resource/x?a=b')
  })

  test('[AU3] visibility decides what needs no token', async () => {
    const expected = { private: [401, 401], 'public-read': [200, 401], public: [200, 204] }
    for (const visibility of ['private', 'public-read', 'public'] as const) {
      const { id } = await create(server, 'sheets', { visibility })
      const statuses = [
        (await content(server, `/sheets/${id}/entries`)).status,
        (await content(server, `/sheets/${id}/entries`, undefined, { method: 'POST', body: 'x' })).status,
      ]
      expect([visibility, statuses]).toEqual([visibility, expected[visibility]])
      // A wrong token is refused where none would do.
      expect((await content(server, `/sheets/${id}/entries`, 'wrong')).status).toBe(401)
    }
    const { id } = await create(server, 'sheets', { visibility: 'public' })
    await server.fetch(`/v1/sheets/${id}`, json('PATCH', { visibility: 'private' }))
    expect((await content(server, `/sheets/${id}/entries`)).status).toBe(401)
  })
})

describe('a sign-in link', () => {
  test('[AU5] works once, and leads to the clean URL with a session', async () => {
    const { url } = await mintToken(server, 'ledgers', ledger)
    const link = new URL(url)
    expect(link.host).toBe(ownHost(server, ledger))
    const first = await onOrigin(`/?${link.search.slice(1)}&keep=this`)
    expect([first.status, locationOf(first)]).toEqual([303, `http://${ownHost(server, ledger)}/?keep=this`])
    expect(first.headers['referrer-policy']).toBe('no-referrer')
    const [cookie = ''] = first.headers['set-cookie'] ?? []
    expect(cookie).toMatch(/^__Host-biplane=[^;]+; Path=\/; Max-Age=\d+; HttpOnly; Secure; SameSite=Lax$/)
    expect((await onOrigin(link.pathname + link.search)).status).toBe(401)
    const session = cookie.split(';')[0] ?? ''
    expect((await onOrigin('/entries', { cookie: session })).status).toBe(200)
    // Going back in the history to the used link keeps the session.
    expect((await onOrigin(link.pathname + link.search, { cookie: session })).status).toBe(303)
  })

  test.each(['//evil.example/', '/%2f/evil.example/', '/\\evil.example/', '///evil.example', '/.//evil.example/'])(
    '[AU5] leads nowhere else, also for the path %s',
    async (target) => {
      const { url } = await mintToken(server, 'ledgers', ledger)
      const answer = await onOrigin(target + new URL(url).search)
      expect([target, answer.status]).toEqual([target, 303])
      expect(new URL(locationOf(answer)).host).toBe(ownHost(server, ledger))
    },
  )

  test('[AU5] opened by many at once signs one of them in', async () => {
    const { url } = await mintToken(server, 'ledgers', ledger)
    const { pathname, search } = new URL(url)
    const answers = await Promise.all(Array.from({ length: 10 }, () => onOrigin(pathname + search)))
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(9)
  })

  test("[AU5] does not work on another resource's origin, and a token is no code", async () => {
    const other = await create(server, 'ledgers')
    const { url, token } = await mintToken(server, 'ledgers', other.id)
    expect((await onOrigin(`/${new URL(url).search}`)).status).toBe(401)
    expect((await onOrigin(`/?sign_in_code=${token}`)).status).toBe(401)
    expect((await onOrigin('/?sign_in_code=')).status).toBe(401)
  })

  test('[AU5] the session is renewed in its second half, and never beyond its end', async () => {
    const now = Math.floor(Date.now() / 1000)
    const session = (expiresIn: number, endsIn: number): Promise<string> =>
      forge({ use: 'session', expiresAt: now + expiresIn, endsAt: now + endsIn })
    const day = 24 * 3_600
    expect(await renewal(await session(day - 10, 30 * day))).toBeUndefined()
    expect(await renewal(await session(day / 3, day / 3))).toBeUndefined()
    expect(await renewal(await session(day / 3, 30 * day))).toContain(`Max-Age=${day};`)
    const last = (await renewal(await session(600, 900))) ?? ''
    expect(Number(/Max-Age=(\d+)/.exec(last)?.[1])).toBeLessThanOrEqual(900)
  })

  test('[AU5] a session ends with the revocation of its tokens', async () => {
    const { id } = await create(server, 'ledgers')
    const cookie = await openLink(server, (await mintToken(server, 'ledgers', id)).url)
    const ask = (): Promise<Answer> =>
      send(server, { path: '/entries', headers: { host: ownHost(server, id), cookie } })
    expect((await ask()).status).toBe(200)
    await server.fetch(`/v1/ledgers/${id}/tokens`, { method: 'DELETE' })
    expect((await ask()).status).toBe(401)
  })
})

function onOrigin(target: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return send(server, { path: target, headers: { host: ownHost(server, ledger), ...headers } })
}

function claims(changes: Partial<TokenClaims>): Omit<TokenClaims, 'tokenId'> {
  const expiresAt = changes.expiresAt ?? Math.floor(Date.now() / 1000) + 60
  const base = { use: 'resource', type: 'ledger', resource: ledger, permission: 'write', generation: 1 } as const
  return { ...base, endsAt: expiresAt, ...changes, expiresAt }
}

/** Signed with this server's keys: what only the server itself could make. */
function forge(changes: Partial<TokenClaims>): Promise<string> {
  const { deployment, tokenKeys } = server.secrets
  return createTokenSigner(deployment, tokenKeys).mint(claims(changes))
}

/** As a browser resolves it. */
function locationOf({ headers }: Answer): string {
  return new URL(headers['location'] ?? '', `http://${ownHost(server, ledger)}`).href
}

/** The cookie that an answer to a session sets, or undefined. */
async function renewal(session: string): Promise<string | undefined> {
  const { status, headers } = await onOrigin('/entries', { cookie: `__Host-biplane=${session}` })
  expect(status).toBe(200)
  return headers['set-cookie']?.[0]
}

function basic(secret: string): RequestInit {
  return { headers: { authorization: `Basic ${btoa(`any:${secret}`)}` } }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(text: string): object {
  return JSON.parse(Buffer.from(text, 'base64url').toString()) as object
}
