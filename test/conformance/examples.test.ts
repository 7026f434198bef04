import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { mintApiKey } from '../../src/identity/api-key.ts'
import { createKeyring } from '../../src/identity/keyring.ts'
import { mintResourceId } from '../../src/identity/resource-id.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { content, create, json, mintToken, openLink, ownHost, problem, send } from '../support/http.ts'
import { ROOT, startServer, type TestServer } from '../support/server.ts'

describe('examples/own-type', () => {
  test('[FW1] a type of thirty lines is created, written, listed, kept over kill -9, and deleted', async () => {
    const server = await startServer({ app: join(ROOT, 'examples/own-type/app.ts') })
    const { id, url } = await create(server, 'tallies', { name: 'Visitors' })
    const path = new URL(url).pathname
    const { token } = await mintToken(server, 'tallies', id)
    expect(await (await content(server, path, token)).json()).toEqual({ value: 0 })
    expect(await (await content(server, path, token, { method: 'POST' })).json()).toEqual({ value: 1 })
    expect((await content(server, path)).status).toBe(401)
    expect((await content(server, path, token, { method: 'PUT', body: 'x' })).status).toBe(400)

    await server.kill9()
    await server.start()
    expect(await (await content(server, path, token)).json()).toEqual({ value: 1 })
    const { data } = (await (await server.fetch('/v1/tallies')).json()) as { data: ResourceJson[] }
    expect(data.map(({ name }) => name)).toEqual(['Visitors'])

    expect((await server.fetch(`/v1/tallies/${id}`, { method: 'DELETE' })).status).toBe(200)
    expect((await content(server, path, token)).status).toBe(410)
  })
})

describe('examples/embedded', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ app: join(ROOT, 'examples/embedded/app.ts') })
  })

  test("[FW2] the builder's own routes are served beside the application's", async () => {
    expect(await (await fetch(`${server.url}/`)).text()).toContain('Welcome to Example')
    expect((await fetch(`${server.url}/dashboard`)).status).toBe(401)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    const ada = await logIn('ada', 'analytical')
    await ada('POST', '/v1/wikis', { name: 'Notes' })
    expect(await (await ada('GET', '/dashboard')).text()).toBe('Wikis of engines:\n- Notes\n')
  })

  test('[AU7] authenticate decides who is calling, and whose resources he sees', async () => {
    const [ada, bob, eve] = await Promise.all([
      logIn('ada', 'analytical'),
      logIn('bob', 'builder'),
      logIn('eve', 'dropper'),
    ])
    const created = await ada('POST', '/v1/wikis', { name: 'Ours' })
    expect(created.status).toBe(201)
    const { id, account } = (await created.json()) as ResourceJson
    expect(account).toBe('engines')
    expect((await bob('GET', `/v1/wikis/${id}`)).status).toBe(200)
    expect((await eve('GET', `/v1/wikis/${id}`)).status).toBe(404)
    expect(((await (await eve('GET', '/v1/wikis')).json()) as { data: unknown[] }).data).toEqual([])
    // The operator key is not his sign-in, and neither is another site's page with his cookie.
    expect((await server.fetch('/v1/wikis')).status).toBe(401)
    expect((await ada('POST', '/v1/wikis', {}, { origin: 'http://elsewhere.example' })).status).toBe(401)
  })

  test('[AC10] there are no accounts of ours, and no API key signs anybody in', async () => {
    const ada = await logIn('ada', 'analytical')
    const { identifierKeys, defaultAccount } = server.secrets
    for (const path of ['/v1/accounts', `/v1/accounts/${defaultAccount}`, `/v1/accounts/${defaultAccount}/keys`])
      expect([path, (await ada('GET', path)).status]).toEqual([path, 404])
    const key = await mintApiKey(createKeyring(identifierKeys), defaultAccount)
    expect((await content(server, '/v1/wikis', key.text)).status).toBe(401)
    expect((await ada('GET', '/v1/wikis?account=droppers')).status).toBe(403)
  })

  test("[CP9] another account's resource is answered like one that never existed", async () => {
    const [ada, eve] = await Promise.all([logIn('ada', 'analytical'), logIn('eve', 'dropper')])
    const { id } = (await (await ada('POST', '/v1/wikis', {})).json()) as ResourceJson
    const { id: never } = await mintResourceId(createKeyring(server.secrets.identifierKeys), 'wiki', 'local')
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { name: 'Mine' }],
      ['DELETE', '', undefined],
      ['POST', '/tokens', {}],
      ['DELETE', '/tokens', undefined],
    ] as const) {
      const [theirs, nobodys] = await Promise.all(
        [id, never].map(async (one) => {
          const { request_id: _, ...rest } = await problem(await eve(method, `/v1/wikis/${one}${path}`, body))
          return rest
        }),
      )
      expect(theirs).toMatchObject({ status: 404, code: 'not_found' })
      expect(theirs).toEqual(nobodys)
    }
    // Still there, until its owner deletes it; the quota is small.
    expect((await ada('DELETE', `/v1/wikis/${id}`)).status).toBe(200)
  })

  test('[AU7] authorize decides what a caller may do', async () => {
    const [ada, bob] = await Promise.all([logIn('ada', 'analytical'), logIn('bob', 'builder')])
    const { id } = (await (await bob('POST', '/v1/wikis', { name: 'To be deleted' })).json()) as ResourceJson
    const refused = await bob('DELETE', `/v1/wikis/${id}`)
    expect([refused.status, (await problem(refused)).code]).toEqual([403, 'permission_denied'])
    expect((await bob('GET', `/v1/wikis/${id}/inspect`)).status).toBe(403)
    expect((await ada('DELETE', `/v1/wikis/${id}`)).status).toBe(200)
  })

  test('[CP5] the quota that authenticate answers is kept, also by creations at the same time', async () => {
    const eve = await logIn('eve', 'dropper')
    const answers = await Promise.all(Array.from({ length: 12 }, () => eve('POST', '/v1/wikis', {})))
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(3)
    expect(statuses.filter((status) => status === 403)).toHaveLength(9)
    const refused = answers.find(({ status }) => status === 403) as Response
    expect(await problem(refused)).toMatchObject({ code: 'quota_exceeded', limit: 3, used: 3 })
    const { data } = (await (await eve('GET', '/v1/wikis')).json()) as { data: ResourceJson[] }
    expect(data).toHaveLength(3)
    expect((await eve('DELETE', `/v1/wikis/${data[0]?.id}`)).status).toBe(200)
    expect((await eve('POST', '/v1/wikis', {})).status).toBe(201)
  })

  test("[FW2] a resource's own origin is served through the builder's Worker", async () => {
    const bob = await logIn('bob', 'builder')
    const { id } = (await (await bob('POST', '/v1/wikis', {})).json()) as ResourceJson
    const { url } = (await (await bob('POST', `/v1/wikis/${id}/tokens`, {})).json()) as { url: string }
    const cookie = await openLink(server, url)
    const page = await send(server, { path: '/', headers: { host: ownHost(server, id), cookie } })
    expect([page.status, page.headers['content-type']]).toEqual([200, expect.stringContaining('text/html')])
  })

  type Client = (method: string, path: string, body?: object, headers?: Record<string, string>) => Promise<Response>

  async function logIn(person: string, password: string): Promise<Client> {
    const form = new URLSearchParams({ person, password })
    const answer = await fetch(`${server.url}/log-in`, { method: 'POST', body: form, redirect: 'manual' })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/dashboard'])
    const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
    return (method, path, body, headers = {}) =>
      fetch(server.url + path, {
        ...(body === undefined ? { method } : json(method, body)),
        headers: { cookie, origin: server.url, ...headers },
        redirect: 'manual',
      })
  }
})
