// Resources that are reached by account and name: the same lives, other addresses.

import { beforeAll, describe, expect, test } from 'vitest'
import { nameHomeOf, namedResourceId } from '../../src/identity/caller-name.ts'
import { createKeyring } from '../../src/identity/keyring.ts'
import { namedPath } from '../../src/identity/named-path.ts'
import { mintResourceId } from '../../src/identity/resource-id.ts'
import { createTokenSigner } from '../../src/identity/token.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { makeAccount } from '../support/accounts.ts'
import { ADDRESSING_APP, WIKIS_APP } from '../support/apps.ts'
import { content, create, json, mintToken, ownHost, problem, send } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: ADDRESSING_APP, timers: { deleteRetentionMs: 3_600_000 } })
})

const account = (): string => server.secrets.defaultAccount
const byName = (name: string, below = '', plural = 'folios', owner = account()): string =>
  `/${plural}/by-name/${owner}/${encodeURIComponent(name)}${below}`

async function idOf(type: string, name: string, owner = account()): Promise<string> {
  const keyring = createKeyring(server.secrets.identifierKeys)
  return (await namedResourceId(keyring, type, await nameHomeOf(keyring, owner, 'local'), name)).id
}

async function tokenFor(type: string, resource: string, generation = 1): Promise<string> {
  const { deployment, tokenKeys } = server.secrets
  const expiresAt = Math.floor(Date.now() / 1000) + 600
  const claims = {
    use: 'resource',
    type,
    resource,
    permission: 'write',
    generation,
    expiresAt,
    endsAt: expiresAt,
  } as const
  return createTokenSigner(deployment, tokenKeys).mint(claims)
}

async function entries(path: string, token?: string): Promise<unknown> {
  const response = await content(server, path, token)
  return response.status === 200 ? response.json() : response.status
}

async function refusal(response: Promise<Response>): Promise<[number, string, string]> {
  const refused = await response
  const { code, detail } = await problem(refused)
  return [refused.status, code, detail]
}

describe('by name', () => {
  test('[AD1] [AD2] one object by identifier and by name, whatever its case, with the same token', async () => {
    const made = await create(server, 'folios', { name: 'Caf\u00e9 & Co/1', params: { entries: ['first'] } })
    expect(made.id).toBe(await idOf('folio', 'CAFE\u0301 & CO/1'))
    expect(made.named_url).toBe(server.url + namedPath('folios', account(), 'Caf\u00e9 & Co/1'))
    const { token } = await mintToken(server, 'folios', made.id)
    for (const name of ['Caf\u00e9 & Co/1', 'cafe\u0301 & co/1', 'CAF\u00c9 & CO/1'])
      expect(await entries(byName(name, '/entries'), token)).toEqual(['first'])
    const write = content(server, byName('caf\u00e9 & co/1', '/entries'), token, { method: 'POST', body: 'second' })
    expect((await write).status).toBe(204)
    expect(await entries(`/folios/${made.id}/entries`, token)).toEqual(['first', 'second'])
    const seen = (await (await content(server, byName('caf\u00e9 & co/1', '/x%2Fy'), token)).json()) as {
      path: string
      principal: { basePath: string }
    }
    expect(seen.path).toBe('/x%2Fy')
    expect(seen.principal.basePath).toBe(namedPath('folios', account(), 'caf\u00e9 & co/1'))
    // Once: what is encoded twice is another name.
    expect(await entries(byName(encodeURIComponent('Caf\u00e9 & Co/1'), '/entries'), token)).toBe(401)
    const listed = (await (await server.fetch('/v1/folios?q=caf')).json()) as { data: ResourceJson[] }
    expect(listed.data.map(({ named_url }) => named_url)).toEqual([made.named_url])
  })

  test('[AD2] without the slash the client is sent to the one with it, and a browser to the own origin', async () => {
    const { id } = await create(server, 'folios', { name: 'Doors', visibility: 'public-read' })
    const bare = await content(server, `${byName('doors')}?a=1`)
    expect([bare.status, bare.headers.get('location')]).toEqual([308, `${byName('doors')}/?a=1`])
    const navigation = await send(server, {
      path: byName('doors', '/page?a=1'),
      headers: { 'sec-fetch-mode': 'navigate' },
    })
    expect([navigation.status, navigation.headers.location]).toEqual([303, `http://${ownHost(server, id)}/page?a=1`])
    expect(await entries(byName('doors', '/entries'))).toEqual([])
  })

  test('[AD2] [AD3] what can be no name, or is of nobody who was issued here, is 404; without a token a private type is 401: no object is touched', async () => {
    const foreign = createKeyring([{ id: '1', key: Buffer.alloc(32, 9).toString('base64url') }])
    const stranger = (await mintResourceId(foreign, 'account', 'local')).id
    const forged = account().slice(0, -1) + (account().endsWith('0') ? '1' : '0')
    const own = await idOf('folio', 'x')
    const before = server.sqliteFiles().data
    const nowhere = [
      ...[stranger, forged, account().toUpperCase(), 'acme', own, '', '%ff'].map((who) =>
        byName('x', '/', 'folios', who),
      ),
      ...['', '%', '%ff', '%00', '%0a', '%20x', 'a%E2%80%AE', '%ED%A0%80', 'x'.repeat(101), '%F3%A0%BF%BF'].map(
        (name) => `/folios/by-name/${account()}/${name}/entries`,
      ),
      `/folios/by-name/${account()}`,
      `/folios/by-name/`,
      `/folios/by-name`,
      `/leaves/by-name/${account()}/x/`,
      `/v1/folios/by-name`,
    ]
    for (const path of nowhere) {
      const { status } = await send(server, { path, headers: { authorization: `Bearer ${server.operatorKey}` } })
      expect([path, status]).toEqual([path, 404])
    }
    for (const path of [byName('nobody', '/', 'vaults'), `/vaults/${await idOf('vault', 'nobody')}/`]) {
      expect((await refusal(content(server, path))).slice(0, 2)).toEqual([401, 'unauthenticated'])
      expect((await content(server, path, 'garbage')).status).toBe(401)
      expect((await content(server, path, await tokenFor('vault', await idOf('vault', 'other')))).status).toBe(401)
    }
    const writing = content(server, byName('nobody', '/entries', 'vaults'), undefined, { method: 'POST', body: 'x' })
    expect((await writing).status).toBe(401)
    expect(server.sqliteFiles().data).toBe(before)
    // Where everybody may be let in only the object knows: this is what one costs.
    expect(await entries(byName('nobody', '/entries'))).toBe(404)
    expect(await entries(byName('nobody', '/entries'), await tokenFor('folio', await idOf('folio', 'nobody')))).toBe(
      404,
    )
    expect(server.sqliteFiles().data).toBe(before + 1)
  })

  test('[AD2] dots are segments of a path to every client, and no names; what only looks like another name is another', async () => {
    for (const name of ['.', '..'])
      expect((await refusal(server.fetch('/v1/folios', json('POST', { name }))))[1]).toBe('invalid_request')
    const names = [
      'paypal',
      'p\u0430yp\u0430l',
      '\uFF50aypal',
      'pay\u200Bpal',
      '...',
      'by-name',
      'a%2Fb',
      'a/b',
      '~x',
      '?#',
    ]
    const made = await Promise.all(names.map((name) => create(server, 'folios', { name, params: { entries: [name] } })))
    expect(new Set(made.map(({ id }) => id)).size).toBe(names.length)
    for (const { id, name } of made) {
      const { token } = await mintToken(server, 'folios', id)
      expect(await entries(byName(name ?? '', '/entries'), token)).toEqual([name])
    }
  })

  test('[AD4] a name is required, stays, and leads to one cell and one account', async () => {
    const { id, etag } = await create(server, 'folios', { name: 'Kept' })
    const post = (path: string, body: object): Promise<Response> =>
      server.fetch(`/v1/folios${path}`, json('POST', body))
    const patch = (body: object): Promise<Response> => server.fetch(`/v1/folios/${id}`, json('PATCH', body))
    const to = (await makeAccount(server)).id
    for (const [why, refused] of [
      ['name: must be given', post('', {})],
      ['name: must be given', post('/bulk', { resources: [{}] })],
      ['reached by its name', patch({ name: 'Other' })],
      ['reached by its name', patch({ name: null })],
      ['cannot belong to another account', post(`/${id}/transfer`, { account: to })],
    ] as const) {
      const [status, code, detail] = await refusal(refused)
      expect([status, code]).toEqual([400, 'invalid_request'])
      expect(detail).toContain(why)
    }
    const respelled = (await (await patch({ name: 'KEPT' })).json()) as ResourceJson
    expect(respelled).toMatchObject({ id, name: 'KEPT' })
    expect(respelled.etag).not.toBe(etag)
    expect((await server.fetch(`/v1/folios/${id}`, { method: 'DELETE' })).status).toBe(200)
    expect((await refusal(post(`/${id}/restore`, { name: 'Other' })))[2]).toContain('reached by its name')
    expect((await post(`/${id}/restore`, { name: 'Kept' })).status).toBe(200)
  })

  test('[AD1] [AD4] each account has its own names', async () => {
    const other = await makeAccount(server)
    const [mine, theirs] = await Promise.all([
      create(server, 'folios', { name: 'Shared' }),
      other
        .ask('/v1/folios', json('POST', { name: 'Shared' }))
        .then((answer) => answer.json() as Promise<ResourceJson>),
    ])
    expect(theirs.id).not.toBe(mine.id)
    const { token } = await mintToken(server, 'folios', mine.id)
    expect(await entries(byName('shared', '/entries'), token)).toEqual([])
    expect(await entries(byName('shared', '/entries', 'folios', other.id), token)).toBe(401)
  })

  test('[AD5] a name comes free with the purge; the next one has its address and nothing else', async () => {
    const body = { name: 'Phoenix', params: { entries: ['old'] } }
    const keyed = json('POST', body, { 'idempotency-key': 'first' })
    const first = (await (await server.fetch('/v1/folios', keyed)).json()) as ResourceJson
    const { id } = first
    const { token: old } = await mintToken(server, 'folios', id)
    expect(await refusal(server.fetch('/v1/folios', json('POST', body)))).toEqual([
      409,
      'already_exists',
      'Another resource of this account has that name: choose another one.',
    ])
    await server.fetch(`/v1/folios/${id}`, { method: 'DELETE' })
    const [status, code, detail] = await refusal(server.fetch('/v1/folios', json('POST', body)))
    expect([status, code]).toEqual([409, 'already_exists'])
    expect(detail).toContain('?purge=true')
    expect((await server.fetch(`/v1/folios/${id}?purge=true`, { method: 'DELETE' })).status).toBe(200)
    expect(await entries(byName('phoenix', '/entries'), old)).toBe(410)

    const again = await create(server, 'folios', { name: 'PHOENIX', labels: { again: 'yes' } })
    expect([again.id, again.token_generation]).toEqual([id, 2])
    expect(again.create_time > first.create_time).toBe(true)
    expect(await entries(byName('phoenix', '/entries'), old)).toBe(401)
    const { token } = await mintToken(server, 'folios', id)
    expect(await entries(byName('phoenix', '/entries'), token)).toEqual([])
    // What the first key made is gone, and not made once more.
    expect((await refusal(server.fetch('/v1/folios', keyed))).slice(0, 2)).toEqual([404, 'not_found'])
    const counted = (await (await server.fetch('/v1/folios/count?label=again:yes')).json()) as { count: number }
    expect(counted.count).toBe(1)
    // One that the type refuses ends no token of before either, nor what fences them.
    await server.fetch(`/v1/folios/${id}?purge=true`, { method: 'DELETE' })
    const refused = server.fetch('/v1/folios', json('POST', { name: 'Phoenix', params: { refuse: 'no' } }))
    expect((await refusal(refused))[2]).toBe('no')
    expect((await create(server, 'folios', { name: 'Phoenix' })).token_generation).toBe(4)
    expect(await entries(byName('phoenix', '/entries'), token)).toBe(401)
  })

  test('[AD5] creations of one name at once make one, also after a purge, and by bulk', async () => {
    const post = (): Promise<Response> => server.fetch('/v1/folios', json('POST', { name: 'Wanted' }))
    for (const generation of [1, 2]) {
      const statuses = await Promise.all(Array.from({ length: 5 }, async () => (await post()).status))
      expect(statuses.toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409, 409])
      const found = (await (await server.fetch('/v1/folios?name_prefix=wanted')).json()) as { data: ResourceJson[] }
      expect(found.data.map(({ token_generation }) => token_generation)).toEqual([generation])
      await server.fetch(`/v1/folios/${found.data[0]?.id}?purge=true`, { method: 'DELETE' })
    }
    const twice = server.fetch('/v1/folios/bulk', json('POST', { resources: [{ name: 'Wanted' }, { name: 'WANTED' }] }))
    expect((await refusal(twice))[1]).toBe('already_exists')
    const bulk = server.fetch('/v1/folios/bulk', json('POST', { resources: [{ name: 'Wanted' }] }))
    expect((await bulk).status).toBe(202)
  })
})

test('[AD2] a type that its caller does not name has no addresses by name', async () => {
  const wikis = await startServer({ app: WIKIS_APP })
  const { secrets, operatorKey } = wikis
  const path = `/wikis/by-name/${secrets.defaultAccount}/x/`
  expect((await content(wikis, path, operatorKey)).status).toBe(404)
  expect(wikis.sqliteFiles().data).toBe(0)
})
