import { beforeAll, describe, expect, test } from 'vitest'
import { createTokenSigner, type TokenClaims, type TokenUse } from '../../src/identity/token.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { create, json, problem, send, type Answer, type Token } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

const DAY_SECONDS = 24 * 3_600
const HOST = 'notes.example.org'

let server: TestServer
let id: string
beforeAll(async () => {
  server = await startServer()
  id = (await create(server, 'wikis')).id
})

describe('host names of the owner’s own', () => {
  test('[AU10] [CP7] are declared by PATCH, reach the object, and are shown', async () => {
    expect((await (await server.fetch(`/v1/wikis/${id}`)).json()) as ResourceJson).toMatchObject({ hosts: [] })
    const hosts = [HOST, 'xn--mnchen-3ya.example']
    const changed = await patch({ hosts })
    expect([changed.status, ((await changed.json()) as ResourceJson).hosts]).toEqual([200, hosts])
    const { object } = (await (await server.fetch(`/v1/wikis/${id}/inspect`)).json()) as { object: object }
    expect(object).toMatchObject({ descriptor: { hosts } })
    expect(await (await patch({ hosts: [] })).json()).toMatchObject({ hosts: [] })
  })

  test.each([
    'NOTES.example.org',
    'notes',
    'notes.example.org.',
    'notes.example.org:80',
    'https://notes.example.org',
    'münchen.example',
    '-notes.example.org',
    'notes-.example.org',
    'no_tes.example.org',
    '192.168.0.1',
    '[::1]',
    'notes..example.org',
    `${'a'.repeat(64)}.example.org`,
    `${'a.'.repeat(126)}example`,
    '',
    'localhost',
    'wiki.localhost',
    '127.0.0.1',
  ])('[AU10] [HT2] %j is none', async (host) => {
    const refused = await patch({ hosts: [host] })
    expect([refused.status, (await problem(refused)).code]).toEqual([400, 'invalid_request'])
  })

  test('[AU10] [HT2] are ten at most, each once, and not named at the creation', async () => {
    const many = Array.from({ length: 11 }, (_, index) => `n${index}.example.org`)
    for (const hosts of [many, [HOST, HOST]]) expect((await patch({ hosts })).status).toBe(400)
    expect((await patch({ hosts: many.slice(1) })).status).toBe(200)
    expect((await server.fetch('/v1/wikis', json('POST', { hosts: [HOST] }))).status).toBe(400)
    await patch({ hosts: [] })
  })

  test('[AU10] a name of the deployment itself is refused', async () => {
    const args = ['--public-url=https://wikis.example.com', '--apex=wikis.example.net']
    const own = await startServer({ args })
    const ask = (method: string, path: string, body: object): Promise<Answer> =>
      send(own, {
        method,
        path,
        body: JSON.stringify(body),
        headers: { host: 'wikis.example.com', authorization: `Bearer ${own.operatorKey}` },
      })
    const { id: wiki } = JSON.parse((await ask('POST', '/v1/wikis', {})).text) as ResourceJson
    for (const name of ['wikis.example.com', 'wikis.example.net', 'any.wikis.example.net', HOST]) {
      const { status } = await ask('PATCH', `/v1/wikis/${wiki}`, { hosts: [name] })
      expect([name, status]).toEqual([name, name === HOST ? 200 : 400])
    }
  })
})

describe('a link that shares', () => {
  test('[AU8] leads to the resource’s own origin, with its permission, for a week', async () => {
    const response = await server.fetch(`/v1/wikis/${id}/links`, json('POST', {}))
    expect([response.status, response.headers.get('cache-control')]).toEqual([201, 'no-store'])
    const link = (await response.json()) as Token
    const url = new URL(link.url)
    expect(url.origin + url.pathname).toBe(`http://${id}.localhost:${server.port}/`)
    const claims = await verify(url.searchParams.get('sign_in_code') ?? '', 'share')
    expect(claims).toMatchObject({ resource: id, type: 'wiki', permission: 'read', generation: 1 })
    expect([claims?.endsAt, claims?.expiresAt]).toEqual([seconds(link), seconds(link)])
    expect(Math.abs(seconds(link) - Date.now() / 1000 - 7 * DAY_SECONDS)).toBeLessThan(60)
  })

  test('[AU8] [HT2] lasts 30 days at most, and is made by who may mint tokens', async () => {
    const links = `/v1/wikis/${id}/links`
    for (const body of [{ expires_in: 30 * DAY_SECONDS + 1 }, { expires_in: 0 }, { permission: 'own' }, { more: 1 }]) {
      expect((await server.fetch(links, json('POST', body))).status).toBe(400)
    }
    const longest = await server.fetch(links, json('POST', { expires_in: 30 * DAY_SECONDS, permission: 'admin' }))
    const { url } = (await longest.json()) as Token
    const claims = await verify(new URL(url).searchParams.get('sign_in_code') ?? '', 'share')
    expect(claims).toMatchObject({ permission: 'admin' })
    expect((await fetch(server.url + links, json('POST', {}))).status).toBe(401)
  })

  test('[AU8] [AU10] leads to a host name of the owner’s own if asked, and to no other', async () => {
    await patch({ hosts: [HOST] })
    for (const [route, use] of [
      ['links', 'share'],
      ['tokens', 'code'],
    ] as const) {
      const made = await server.fetch(`/v1/wikis/${id}/${route}`, json('POST', { host: HOST }))
      const url = new URL(((await made.json()) as Token).url)
      expect([route, url.host, url.pathname]).toEqual([route, HOST, '/'])
      expect(await verify(url.searchParams.get('sign_in_code') ?? '', use)).toMatchObject({ resource: id })
      const refused = await server.fetch(`/v1/wikis/${id}/${route}`, json('POST', { host: 'evil.example.org' }))
      expect([refused.status, (await problem(refused))['parameter']]).toEqual([400, 'host'])
    }
  })
})

function patch(body: object): Promise<Response> {
  return server.fetch(`/v1/wikis/${id}`, json('PATCH', body))
}

function seconds({ expire_time: time }: Token): number {
  return Math.floor(Date.parse(time) / 1000)
}

function verify(token: string, use: TokenUse): Promise<TokenClaims | undefined> {
  return createTokenSigner(server.secrets.deployment, server.secrets.tokenKeys).verify(token, use)
}
