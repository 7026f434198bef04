import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ownOriginOf, toAddress, toHosts } from '../../src/edge/address.ts'
import { withoutCapability } from '../../src/edge/capability.ts'
import { readCookie } from '../../src/edge/credentials.ts'
import { shareLink, signInLink } from '../../src/edge/links.ts'
import { readBody } from '../../src/edge/read-body.ts'
import { resourceRoutes } from '../../src/edge/resource-routes.ts'
import { createTokenSigner, type TokenClaims, type TokenUse } from '../../src/identity/token.ts'
import { defineResourceType } from '../../src/resource-type.ts'
import type { DeploymentConfig } from '../../src/wire/deployment.ts'

const hostsOf = (publicUrl: string, apex: string): ReturnType<typeof toHosts> =>
  toHosts({ publicUrl, apex } as DeploymentConfig)
const local = hostsOf('http://127.0.0.1:8787', 'localhost')
const planet = hostsOf('https://biplane.example', 'wikis.example')

describe('addresses', () => {
  test.each([
    ['http://127.0.0.1:8787/', { path: '/', query: '' }],
    ['http://127.0.0.1:8787/a/b?c=d?e', { path: '/a/b', query: '?c=d?e' }],
    ['http://localhost:8787/v1/wikis?limit=1', { path: '/v1/wikis', query: '?limit=1' }],
    ['http://[::1]:8787//x', { path: '//x', query: '' }],
    ['http://LOCALHOST:8787/%2e%2e', { path: '/%2e%2e', query: '' }],
    ['http://127.0.0.1:8787/?', { path: '/', query: '?' }],
  ])('[HT5] %s is the main origin', (url, expected) => {
    expect(toAddress(local, url)).toMatchObject({ kind: 'main', ...expected })
  })

  test.each([
    ['http://x.localhost:8787/a?b', 'x'],
    ['http://X-Y.LOCALHOST:8787/a?b', 'x-y'],
    ['http://a.b.localhost:8787/a?b', 'a.b'],
  ])('[HT5] %s is an own origin', (url, label) => {
    expect(toAddress(local, url)).toMatchObject({ kind: 'own', label, path: '/a', query: '?b' })
  })

  test.each([
    'http://127.0.0.1/',
    'http://127.0.0.1:8788/',
    'http://localhost/',
    'http://localhost.:8787/',
    'http://x.localhost/',
    'http://x.localhost:8788/',
    'http://xlocalhost:8787/',
    'http://x.localhost.evil.example:8787/',
    'http://127.0.0.1:8787.evil.example/',
    'http://127.0.0.1:8787@evil.example/',
    'http://biplane.example/',
    'http://evil.example/127.0.0.1:8787/',
    'http://evil.example/?http://127.0.0.1:8787/',
  ])('[HT5] %s is foreign', (url) => {
    expect(toAddress(local, url).kind).toBe('foreign')
  })

  test('[HT5] a public URL has no other names, and the apex its own hosts', () => {
    const kindOf = (url: string): string => toAddress(planet, url).kind
    expect(kindOf('https://biplane.example/')).toBe('main')
    expect(kindOf('https://x.wikis.example/')).toBe('own')
    for (const host of ['localhost', '127.0.0.1', 'wikis.example', 'x.biplane.example', 'biplane.example:8443'])
      expect([host, kindOf(`https://${host}/`)]).toEqual([host, 'foreign'])
    expect(ownOriginOf(planet, 'x')).toBe('https://x.wikis.example')
    expect(ownOriginOf(local, 'x')).toBe('http://x.localhost:8787')
  })

  test("[HT5] a trusted proxy's host replaces the request's", () => {
    expect(toAddress(planet, 'http://10.0.0.1:8787/a', { host: 'biplane.example' })).toMatchObject({
      kind: 'main',
      path: '/a',
      origin: 'https://biplane.example',
    })
    expect(toAddress(planet, 'http://10.0.0.1:8787/a', { host: 'x.wikis.example' })).toMatchObject({
      kind: 'own',
      label: 'x',
    })
    expect(toAddress(planet, 'https://biplane.example/', { host: 'evil.example' }).kind).toBe('foreign')
  })

  test('[AU10] a host name of its own is where the proxy says whose it is, by a host of ours', () => {
    const own = 'http://x.wikis.example/a?b'
    expect(toAddress(planet, own, { host: 'Notes.Example.org' })).toEqual({
      kind: 'own',
      label: 'x',
      path: '/a',
      query: '?b',
      origin: 'https://notes.example.org',
      customHost: 'notes.example.org',
    })
    expect(toAddress(planet, own, { host: 'notes.example.org:8443', scheme: 'http:' })).toMatchObject({
      origin: 'http://notes.example.org:8443',
      customHost: 'notes.example.org',
    })
    // Ours stay ours, and are at our own scheme.
    const other = toAddress(planet, own, { host: 'y.wikis.example', scheme: 'http:' })
    expect(other).toMatchObject({ kind: 'own', label: 'y', origin: 'https://y.wikis.example' })
    expect(other).not.toHaveProperty('customHost')
    expect(toAddress(planet, own, { host: 'biplane.example' }).kind).toBe('main')
    for (const host of ['a b', 'a,b', '', 'a/b', 'a@b', '[::1]', 'a:b', 'a\tb', '-', 'a"b'])
      expect([host, toAddress(planet, own, { host }).kind]).toEqual([host, 'foreign'])
    expect(toAddress(planet, 'http://10.0.0.1/', { host: 'notes.example.org' }).kind).toBe('foreign')
  })

  test('[HT5] agree with the URL parser on every path and query', () => {
    fc.assert(
      fc.property(fc.webPath(), fc.webQueryParameters(), (path, query) => {
        const url = new URL(`http://127.0.0.1:8787${path === '' ? '/' : path}${query === '' ? '' : `?${query}`}`)
        expect(toAddress(local, url.href)).toMatchObject({ path: url.pathname, query: url.search })
      }),
    )
  })
})

describe('a logged path', () => {
  test.each([
    ['/wikis/x/~abc.def/y', '/wikis/x/~/y'],
    ['/wikis/x/~abc', '/wikis/x/~'],
    ['/wikis/x/%7Eabc/', '/wikis/x/~/'],
    ['/wikis/x/%7eabc/~def', '/wikis/x/~/~'],
    ['/wikis/x/a~b', '/wikis/x/a~b'],
  ])('[AU9] of %s is %s', (path, expected) => {
    expect(withoutCapability(path)).toBe(expected)
  })
})

describe('cookies', () => {
  test.each([
    ['a=1', 'a', '1'],
    ['a=1; b=2', 'b', '2'],
    ['a=1;b=2', 'b', '2'],
    ['  a = 1 ', 'a', '1'],
    ['a=1=2', 'a', '1=2'],
    ['a=', 'a', ''],
    ['a=first; a=second', 'a', 'first'],
    ['__Host-biplane=x', '__Host-biplane', 'x'],
  ])('[AU5] in %j %s is %j', (cookie, name, value) => {
    expect(read(cookie, name)).toBe(value)
  })

  test.each([
    [undefined, 'a'],
    ['', 'a'],
    ['a', 'a'],
    ['ab=1', 'a'],
    ['xa=1', 'a'],
    ['A=1', 'a'],
    ['b="a=1"', 'a'],
    ['x__Host-biplane=1', '__Host-biplane'],
  ])('[AU5] in %j there is no %s', (cookie, name) => {
    expect(read(cookie, name)).toBeUndefined()
  })
})

describe('links', () => {
  const signer = createTokenSigner('here', [{ id: '1', key: 'A'.repeat(43) }])
  const endsAt = Math.floor(Date.now() / 1000) + 3_600
  const claims = { type: 'box', resource: 'box-1', permission: 'write', generation: 3, endsAt } as const
  const at = (pathCapabilities: boolean): Parameters<typeof shareLink>[0] => {
    const config = { publicUrl: 'https://biplane.example', apex: 'wikis.example', pathCapabilities } as DeploymentConfig
    return { context: { signer, config }, hosts: toHosts(config) }
  }
  const verify = (token: string | undefined, use: TokenUse): Promise<TokenClaims | undefined> =>
    signer.verify(token ?? '', use)

  test('[AU8] [AU5] lead to the own origin, or to the host that the grant names', async () => {
    const grant = { claims, plural: 'boxes' }
    const own = new URL(await shareLink(at(false), grant))
    expect(own.origin + own.pathname).toBe('https://box-1.wikis.example/')
    expect(await verify(own.searchParams.get('sign_in_code') ?? '', 'share')).toMatchObject({ expiresAt: endsAt })
    const page = new URL(await signInLink(at(false), { ...grant, host: 'notes.example.org' }, '/page?x=1'))
    expect(`${page.origin}${page.pathname}${page.search}`).toMatch(
      /^https:\/\/notes\.example\.org\/page\?x=1&sign_in_code=/,
    )
    const code = await verify(page.searchParams.get('sign_in_code') ?? '', 'code')
    expect(code).toMatchObject({ ...claims, use: 'code' })
    expect((code?.expiresAt ?? 0) - endsAt).toBeLessThan(-2_000)
  })

  test('[AU9] hold a capability in the path, where the deployment has no wildcard name', async () => {
    for (const link of [
      await shareLink(at(true), { claims, plural: 'boxes' }),
      await signInLink(at(true), { claims, plural: 'boxes' }),
    ]) {
      const [, capability] = /^https:\/\/biplane\.example\/boxes\/box-1\/~([^/]+)\/$/.exec(link) ?? []
      expect(await verify(capability, 'capability')).toMatchObject({ ...claims, expiresAt: endsAt })
      expect(await verify(capability, 'share')).toBeUndefined()
    }
    const named = await shareLink(at(true), { claims, plural: 'boxes', host: 'notes.example.org' })
    expect(named).toMatch(/^https:\/\/notes\.example\.org\/\?sign_in_code=/)
  })
})

describe('routes', () => {
  const type = defineResourceType({ name: 'box', plural: 'boxes', object: Object })
  const routes = resourceRoutes(type)

  test('[HT7] are this table', () => {
    expect(routes.map(({ method, path, action }) => `${method} ${path} ${action}`)).toEqual([
      'POST /v1/boxes create',
      'GET /v1/boxes list',
      'GET /v1/boxes/count list',
      'POST /v1/boxes/bulk create',
      'POST /v1/boxes/purge delete',
      'GET /v1/boxes/export export',
      'POST /v1/boxes/import import',
      'GET /v1/boxes/:id/archive export',
      'PUT /v1/boxes/:id/archive import',
      'GET /v1/boxes/:id get',
      'PATCH /v1/boxes/:id update',
      'DELETE /v1/boxes/:id delete',
      'POST /v1/boxes/:id/restore restore',
      'POST /v1/boxes/:id/transfer transfer',
      'POST /v1/boxes/:id/move move',
      'POST /v1/boxes/:id/tokens mint_token',
      'POST /v1/boxes/:id/links mint_token',
      'DELETE /v1/boxes/:id/tokens revoke_tokens',
      'DELETE /v1/boxes/:id/tokens/:token revoke_tokens',
      'GET /v1/boxes/:id/inspect inspect',
    ])
  })

  test('[HT7] each have a schema of the body that knows its members, and a summary', () => {
    for (const { method, path, body, summary } of routes) {
      expect([method, path, body.safeParse({ unknown: 1 }).success]).toEqual([method, path, false])
      expect(summary).toMatch(/^[A-Z].{10,}/)
    }
  })
})

function read(cookie: string | undefined, name: string): string | undefined {
  return readCookie(new Request('http://x/', { headers: cookie === undefined ? {} : { cookie } }), name)
}

const body = (bytes: number): ReadableStream<Uint8Array> => new Blob([new Uint8Array(bytes)]).stream()

test('[HT3] bodies without a length together have a limit, and what was refused counts no more', async () => {
  await expect(readBody(body(2_000), 4_000, 1_000)).rejects.toMatchObject({ code: 'overloaded' })
  await expect(readBody(body(4_001), 4_000, 8_000)).rejects.toMatchObject({ code: 'too_large' })
  expect((await readBody(body(1_000), 4_000, 1_000)).size).toBe(1_000)
})
