// Revoking one token or link, while the others go on.

import { beforeAll, expect, test } from 'vitest'
import { CATALOG_APP, LEDGER_APP } from '../support/apps.ts'
import {
  content,
  create,
  json,
  mintToken,
  openLink,
  ownHost,
  problem,
  send,
  type Answer,
  type Token,
} from '../support/http.ts'
import { runSql } from '../faults/control-calls.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

type Link = Token & { readonly token_id: string }

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP })
})

test('[AU13] a token is refused at once, in reads, writes and new sockets; the one beside it goes on', async () => {
  const { id } = await create(server, 'ledgers')
  const path = `/ledgers/${id}/entries`
  const [one, other] = [await mint(id), await mint(id)]
  expect((await content(server, path, one.token)).status).toBe(200)
  const open = await TestSocket.open(`${server.url}/ledgers/${id}/socket`, { authorization: `Bearer ${other.token}` })
  expect(await open.ask('alive?')).toBe('alive?')

  expect((await revoke(id, one.token_id)).status).toBe(200)
  const refused = await content(server, path, one.token)
  expect([refused.status, (await problem(refused)).code]).toEqual([401, 'unauthenticated'])
  expect((await content(server, path, one.token, { method: 'POST', body: 'x' })).status).toBe(401)
  expect((await content(server, path, other.token, { method: 'POST', body: 'x' })).status).toBe(204)
  // Nobody wrote down which socket came with which token: all are cut, and who may comes again.
  expect((await open.closed).code).toBe(4401)
  const socket = (token: string): Promise<TestSocket> =>
    TestSocket.open(`${server.url}/ledgers/${id}/socket`, { authorization: `Bearer ${token}` })
  expect((await (await socket(one.token)).closed).code).toBe(4401)
  const again = await socket(other.token)
  expect(await again.ask('alive?')).toBe('alive?')
  again.close()

  // The same again changes nothing; an identifier that no token has is remembered all the same.
  const etag = (await revoke(id, one.token_id)).headers.get('etag')
  expect((await revoke(id, one.token_id)).headers.get('etag')).toBe(etag)
  expect((await revoke(id, 'never-minted')).headers.get('etag')).not.toBe(etag)
  expect((await revoke(id, 'not%20one')).status).toBe(400)
})

test('[AU13] a one-time link takes its token with it, and the session that it became', async () => {
  const { id } = await create(server, 'ledgers')
  const [used, unused] = [await mint(id), await mint(id)]
  const cookie = await openLink(server, used.url)
  expect((await onOrigin(id, '/entries', { cookie })).status).toBe(200)
  for (const { token_id: tokenId } of [used, unused]) await revoke(id, tokenId)
  expect((await onOrigin(id, '/entries', { cookie })).status).toBe(401)
  const { pathname, search } = new URL(unused.url)
  expect((await onOrigin(id, pathname + search)).status).toBe(401)
})

test('[AU13] [AU8] a share link ends for all whom it let in, who are let in by another one', async () => {
  const { id } = await create(server, 'ledgers')
  const [leaked, good] = [await share(id), await share(id)]
  const [first, second] = [await openLink(server, leaked.url), await openLink(server, leaked.url)]
  const apart = await openLink(server, good.url)
  await revoke(id, leaked.token_id)
  for (const cookie of [first, second]) expect((await onOrigin(id, '/entries', { cookie })).status).toBe(401)
  expect((await onOrigin(id, '/entries', { cookie: apart })).status).toBe(200)
  expect((await onOrigin(id, `/${new URL(leaked.url).search}`)).status).toBe(401)
  // The revoked session looks as good as the link: it must not stand in its way.
  const renewed = await onOrigin(id, `/${new URL(good.url).search}`, { cookie: first })
  const [cookie = ''] = renewed.headers['set-cookie'] ?? []
  expect(renewed.status).toBe(303)
  expect((await onOrigin(id, '/entries', { cookie: cookie.split(';')[0] ?? '' })).status).toBe(200)
  // A session that is good is kept.
  const kept = await onOrigin(id, `/${new URL(good.url).search}`, { cookie: apart })
  expect([kept.status, kept.headers['set-cookie']]).toEqual([303, undefined])
})

test('[AU13] two hundred at most; revoking all makes room, and what has ended by itself does', async () => {
  const casks = await startServer({ app: CATALOG_APP })
  const { id } = await create(casks, 'casks')
  const end = Date.now() + 3_600_000
  const list = Array.from({ length: 200 }, (_, index) => ({ tokenId: `t${index}`, expiresAtMs: end }))
  const setList = (revoked: object[]): Promise<unknown> =>
    runSql(
      casks,
      `UPDATE resource SET descriptor = json_set(descriptor, '$.revoked', json('${JSON.stringify(revoked)}'))`,
    )
  const one = (tokenId: string): Promise<Response> =>
    casks.fetch(`/v1/casks/${id}/tokens/${tokenId}`, { method: 'DELETE' })
  await setList(list)
  const refused = await one('one-more')
  expect([refused.status, await problem(refused)]).toEqual([
    403,
    expect.objectContaining({ code: 'quota_exceeded', limit: 200, used: 200 }),
  ])
  expect((await one('t7')).status).toBe(200)
  await setList([...list.slice(1), { tokenId: 'ended', expiresAtMs: Date.now() - 1 }])
  expect((await one('one-more')).status).toBe(200)
  const { token } = await mintToken(casks, 'casks', id)
  expect((await casks.fetch(`/v1/casks/${id}/tokens`, { method: 'DELETE' })).status).toBe(200)
  expect((await content(casks, `/casks/${id}/`, token)).status).toBe(401)
  expect((await one('one-more')).status).toBe(200)
  const { object } = (await (await casks.fetch(`/v1/casks/${id}/inspect`)).json()) as { object: object }
  expect(object).toMatchObject({ descriptor: { generation: 2, revoked: [{ tokenId: 'one-more' }] } })
})

async function mint(id: string): Promise<Link> {
  return (await mintToken(server, 'ledgers', id)) as Link
}

async function share(id: string): Promise<Link> {
  const response = await server.fetch(`/v1/ledgers/${id}/links`, json('POST', { permission: 'write' }))
  return (await response.json()) as Link
}

function revoke(id: string, tokenId: string): Promise<Response> {
  return server.fetch(`/v1/ledgers/${id}/tokens/${tokenId}`, { method: 'DELETE' })
}

function onOrigin(id: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return send(server, { path, headers: { host: ownHost(server, id), ...headers } })
}
