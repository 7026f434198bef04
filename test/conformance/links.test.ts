// Links that are shared, and the sessions that they and one-time links become.

import { beforeAll, describe, expect, test } from 'vitest'
import type { Permission } from '../../src/identity/token.ts'
import { LEDGER_APP } from '../support/apps.ts'
import { create, mintToken, openLink, ownHost, send, type Answer } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { claimsOf, forgeToken } from '../support/tokens.ts'

const DAY_SECONDS = 24 * 3_600

let server: TestServer
let ledger: string
beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP })
  ledger = (await create(server, 'ledgers')).id
})

describe('a share link', () => {
  test('[AU8] signs in everybody who opens it, until it ends', async () => {
    const ends = now() + 3 * DAY_SECONDS
    const link = await share('read', ends)
    const answers = await Promise.all(Array.from({ length: 5 }, () => open(`/x?${link}&keep=this`)))
    for (const answer of answers) {
      expect([answer.status, answer.headers.location]).toEqual([303, `http://${ownHost(server, ledger)}/x?keep=this`])
      expect(answer.headers['referrer-policy']).toBe('no-referrer')
      const cookie = cookieOf(answer) ?? ''
      expect(claimsOf(cookie)).toMatchObject({ perm: 'read', end: ends })
      expect((await ask('GET', cookie)).status).toBe(200)
      expect((await ask('POST', cookie)).status).toBe(403)
    }
    // The session of a link that ends within the day ends with it.
    const short = cookieOf(await open(`/?${await share('read', now() + 900)}`)) ?? ''
    expect(claimsOf(short).exp).toBeLessThanOrEqual(now() + 900)
  })

  test('[AU8] that has expired, was revoked, or is for another resource signs nobody in', async () => {
    const other = (await create(server, 'ledgers')).id
    const expired = await share('write', now() - 5)
    const foreign = await share('write', now() + 60, other)
    const revoked = await share('write', now() + 60, other)
    expect((await server.fetch(`/v1/ledgers/${other}/tokens`, { method: 'DELETE' })).status).toBe(200)
    for (const [link, id] of [
      [expired, ledger],
      [foreign, ledger],
      [revoked, other],
    ] as const) {
      const refused = await open(`/?${link}`, undefined, id)
      expect([refused.status, refused.headers['set-cookie']]).toEqual([401, undefined])
      expect(refused.text).toContain('used already, has expired or was revoked: ask for a new one')
    }
    expect((await server.fetch(`/v1/ledgers/${other}`, { method: 'DELETE' })).status).toBe(200)
    expect((await open(`/?${await share('write', now() + 60, other)}`, undefined, other)).status).toBe(410)
  })

  test('[AU8] takes nothing from somebody who may do more, or the same for longer', async () => {
    const soon = now() + 600
    const later = now() + DAY_SECONDS
    const kept: [Permission, number, Permission, number][] = [
      ['write', soon, 'read', later],
      ['admin', soon, 'write', later],
      ['write', later, 'write', soon],
      ['read', soon, 'read', soon],
    ]
    for (const [held, heldUntil, offered, until] of kept) {
      const answer = await open(`/?${await share(offered, until)}`, await session(held, heldUntil))
      expect([held, offered, answer.status, cookieOf(answer)]).toEqual([held, offered, 303, undefined])
    }
    const replaced: [Permission, number, Permission, number][] = [
      ['read', later, 'write', soon],
      ['write', later, 'admin', soon],
      ['read', soon, 'read', later],
    ]
    for (const [held, heldUntil, offered, until] of replaced) {
      const answer = await open(`/?${await share(offered, until)}`, await session(held, heldUntil))
      expect([held, offered, claimsOf(cookieOf(answer) ?? '')]).toMatchObject([
        held,
        offered,
        { perm: offered, end: until },
      ])
    }
  })

  test('[AU8] replaces a session that is worth nothing: revoked, expired, or of another resource', async () => {
    const { id } = await create(server, 'ledgers')
    const stale = await session('admin', now() + DAY_SECONDS, id)
    expect((await server.fetch(`/v1/ledgers/${id}/tokens`, { method: 'DELETE' })).status).toBe(200)
    const fresh = await forgeToken(server, id, { use: 'share', permission: 'read', generation: 2 })
    const foreign = await session('admin', now() + DAY_SECONDS)
    for (const cookie of [stale, foreign, '__Host-biplane=junk', await session('admin', now() - 5, id)]) {
      const answer = await open(`/?sign_in_code=${fresh}`, cookie, id)
      const given = cookieOf(answer) ?? ''
      expect(claimsOf(given)).toMatchObject({ perm: 'read', gen: 2 })
      expect((await ask('GET', given, id)).status).toBe(200)
    }
  })

  test('[AU8] is no token, no session and no one-time code, and none of these is a share link', async () => {
    const token = await forgeToken(server, ledger, { use: 'share' })
    const bearer = { host: `127.0.0.1:${server.port}`, authorization: `Bearer ${token}` }
    expect((await send(server, { path: `/ledgers/${ledger}/entries`, headers: bearer })).status).toBe(401)
    expect((await ask('GET', `__Host-biplane=${token}`)).status).toBe(401)
    for (const use of ['resource', 'session', 'capability', 'operator-code', 'operator-session'] as const) {
      const refused = await open(`/?sign_in_code=${await forgeToken(server, ledger, { use })}`)
      expect([use, refused.status]).toEqual([use, 401])
    }
    const { url } = await mintToken(server, 'ledgers', ledger)
    expect((await open(new URL(url).search)).status).toBe(303)
    expect((await open(new URL(url).search)).status).toBe(401)
  })
})

test('[AU5] [DP10] links sign in, and sessions go on for thirty days, while the control plane is dead', async () => {
  const own = await startServer({ app: LEDGER_APP })
  const { id } = await create(own, 'ledgers')
  const { id: revoked } = await create(own, 'ledgers')
  const { url } = await mintToken(own, 'ledgers', id)
  const old = await openLink(own, (await mintToken(own, 'ledgers', revoked)).url)
  expect((await own.fetch(`/v1/ledgers/${revoked}/tokens`, { method: 'DELETE' })).status).toBe(200)
  // Stopped, not killed: the supervisor would start another one.
  const { pid } = own.control
  if (pid === undefined) throw new Error('there is no control process')
  process.kill(pid, 'SIGSTOP')
  try {
    const headers = (of: string, cookie: string): Record<string, string> => ({ host: ownHost(own, of), cookie })
    const read = (of: string, cookie: string): Promise<Answer> =>
      send(own, { path: '/entries', headers: headers(of, cookie) })
    const half = async (of: string, endsAt: number, expiresAt = now() + DAY_SECONDS / 3): Promise<string> =>
      `__Host-biplane=${await forgeToken(own, of, { use: 'session', expiresAt, endsAt })}`
    expect((await read(id, await openLink(own, url))).status).toBe(200)
    const shared = await forgeToken(own, id, { use: 'share', expiresAt: now() + 600 })
    expect((await read(id, await openLink(own, `http://${ownHost(own, id)}/?sign_in_code=${shared}`))).status).toBe(200)

    // Renewed day by day: each cookie is renewed when it is in its second half, and the last one ends with the link.
    const end = now() + 30 * DAY_SECONDS
    const renewed = cookieOf(await read(id, await half(id, end))) ?? ''
    expect(claimsOf(renewed)).toMatchObject({ end })
    expect(claimsOf(renewed).exp).toBeGreaterThan(now() + DAY_SECONDS - 60)
    expect((await read(id, renewed)).status).toBe(200)
    const last = cookieOf(await read(id, await half(id, now() + DAY_SECONDS / 2))) ?? ''
    expect(claimsOf(last).exp).toBe(claimsOf(last).end)
    expect(cookieOf(await read(id, await half(id, claimsOf(last).exp, claimsOf(last).exp)))).toBeUndefined()

    for (const cookie of [old, await half(revoked, end)]) {
      const answer = await read(revoked, cookie)
      expect([answer.status, cookieOf(answer)]).toEqual([401, undefined])
    }
  } finally {
    process.kill(pid, 'SIGCONT')
  }
})

function now(): number {
  return Math.floor(Date.now() / 1000)
}

/** The query of a share link. */
async function share(permission: Permission, endsAt: number, id = ledger): Promise<string> {
  return `sign_in_code=${await forgeToken(server, id, { use: 'share', permission, expiresAt: endsAt })}`
}

/** A cookie that lasts until then, by way of renewals. */
async function session(permission: Permission, endsAt: number, id = ledger): Promise<string> {
  const expiresAt = Math.min(endsAt, now() + DAY_SECONDS)
  return `__Host-biplane=${await forgeToken(server, id, { use: 'session', permission, expiresAt, endsAt })}`
}

function open(pathOrQuery: string, cookie?: string, id = ledger): Promise<Answer> {
  const path = pathOrQuery.startsWith('?') ? `/${pathOrQuery}` : pathOrQuery
  return send(server, { path, headers: { host: ownHost(server, id), ...(cookie === undefined ? {} : { cookie }) } })
}

/** A request of the resource's own page. */
function ask(method: string, cookie: string, id = ledger): Promise<Answer> {
  const host = ownHost(server, id)
  const body = method === 'POST' ? { body: 'x' } : {}
  return send(server, { method, path: '/entries', headers: { host, cookie, origin: `http://${host}` }, ...body })
}

function cookieOf({ headers }: Answer): string | undefined {
  return headers['set-cookie']?.[0]?.split(';')[0]
}
