import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKeyring } from '../../src/identity/keyring.ts'
import { mintResourceId } from '../../src/identity/resource-id.ts'
import { createTokenSigner } from '../../src/identity/token.ts'
import { LEDGER_APP } from '../support/apps.ts'
import {
  content,
  create,
  json,
  makeResource,
  mintToken,
  openLink,
  ownHost,
  problem,
  send,
  type OwnedResource,
} from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

let server: TestServer
const sockets: TestSocket[] = []
beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP })
})
afterAll(() => sockets.forEach((socket) => socket.close()))

describe('an object', () => {
  test('[DP2] that was never created answers 404 to everything, and has no table', async () => {
    const own = await startServer({ app: LEDGER_APP })
    const { deployment, identifierKeys, tokenKeys } = own.secrets
    const { id } = await mintResourceId(createKeyring(identifierKeys), 'ledger', 'local')
    const expiresAt = Math.floor(Date.now() / 1000) + 60
    const claims = { use: 'resource', type: 'ledger', resource: id, permission: 'admin', generation: 1 } as const
    const token = await createTokenSigner(deployment, tokenKeys).mint({ ...claims, expiresAt, endsAt: expiresAt })
    for (const [method, path] of [
      ['GET', 'entries'],
      ['POST', 'entries'],
      ['PUT', 'load'],
      ['GET', 'tables'],
      ['GET', 'dump'],
    ] as const) {
      const refused = await content(own, `/ledgers/${id}/${path}`, token, { method })
      expect([method, path, refused.status, (await problem(refused)).code]).toEqual([method, path, 404, 'not_found'])
    }
    const socket = await track(TestSocket.open(`${own.url}/ledgers/${id}/socket`, { authorization: `Bearer ${token}` }))
    expect((await socket.closed).code).toBe(4404)
    await own.stop()
    // The engine leaves one page for an object that was addressed; a table would be a second one.
    expect(objectFilesOf(own).map((file) => statSync(file).size)).toEqual([4_096])
  })

  test('[DP11] loses its memory with its content, also by a load', async () => {
    const { ask } = await make()
    const count = async (): Promise<unknown> => (await ask('memory')).json()
    expect(await count()).toEqual({ count: 1 })
    expect(await count()).toEqual({ count: 2 })
    const dump = await (await ask('dump')).text()
    expect((await ask('load', { method: 'PUT', body: dump })).status).toBe(204)
    expect(await count()).toEqual({ count: 1 })
  })

  test('[DP11] closes its sockets when it is purged, and answers 410 from then on', async () => {
    const { id, token, ask } = await make()
    const socket = await openSocket(id, token)
    expect(await socket.ask('alive?')).toBe('alive?')
    expect((await server.fetch(`/v1/ledgers/${id}`, { method: 'DELETE' })).status).toBe(200)
    expect(await socket.closed).toMatchObject({ code: 4410 })
    expect((await ask('memory')).status).toBe(410)
    expect((await ask('entries', { method: 'POST', body: 'x' })).status).toBe(410)
  })
})

describe('writing', () => {
  test('[DP5] a writer that throws rolls back alone', async () => {
    const { ask } = await make()
    const texts = Array.from({ length: 30 }, (_, index) => (index % 3 === 0 ? 'throw' : `entry ${index}`))
    const answers = await Promise.all(texts.map((body) => ask('entries', { method: 'POST', body })))
    expect(answers.map(({ status }) => status)).toEqual(texts.map((text) => (text === 'throw' ? 400 : 204)))
    const kept = (await (await ask('entries')).json()) as string[]
    expect(kept.toSorted()).toEqual(texts.filter((text) => text !== 'throw').toSorted())
  })

  test('[DP6] beyond the byte limit is 507 and leaves nothing half written; less is always allowed', async () => {
    const { ask } = await make('sheets')
    expect((await ask('entries', { method: 'POST', body: 'kept' })).status).toBe(204)
    const before = await (await ask('dump')).text()
    const refused = await ask('blob?bytes=900000', { method: 'PUT' })
    expect(refused.status).toBe(507)
    expect(await problem(refused)).toMatchObject({ code: 'storage_full', applied: 'no', limit: 512 * 1024 })
    expect(await (await ask('dump')).text()).toBe(before)
    expect((await ask('blob?bytes=300000', { method: 'PUT' })).status).toBe(204)
    expect((await ask('blob', { method: 'DELETE' })).status).toBe(204)
    expect(await (await ask('entries')).json()).toEqual(['kept'])
  })
})

describe('timers', () => {
  test('[DP7] share one alarm, and each runs at its time', async () => {
    const { ask } = await make()
    for (const [name, ms] of [
      ['late', 900],
      ['soon', 100],
      ['middle', 500],
    ] as const)
      expect((await ask(`timer?name=${name}&ms=${ms}`, { method: 'POST' })).status).toBe(204)
    await expect
      .poll(async () => (await ask('entries')).json(), { timeout: 10_000 })
      .toEqual(['timer soon', 'timer middle', 'timer late'])
  })

  test('[DP7] that throw are retried, and hold up no other', async () => {
    const { ask } = await make()
    await ask('timer?name=stubborn&ms=10&fail=1', { method: 'POST' })
    await ask('timer?name=good&ms=20', { method: 'POST' })
    await expect
      .poll(async () => (await ask('entries')).json(), { timeout: 20_000 })
      .toEqual(['timer good', 'timer stubborn'])
  })

  test("[DP7] of the base class are out of a type's reach", async () => {
    const { ask } = await make()
    expect((await ask('timer?name=biplane:usage 1&ms=0', { method: 'POST' })).status).toBe(500)
    expect((await ask('timer?name=usage&ms=0', { method: 'POST' })).status).toBe(204)
    await expect.poll(async () => (await ask('entries')).json(), { timeout: 10_000 }).toEqual(['timer usage'])
  })

  test('[DP7] that were due while the engine was down run at its start', async () => {
    const own = await startServer({ app: LEDGER_APP })
    const { id } = await create(own, 'ledgers')
    const { token } = await mintToken(own, 'ledgers', id)
    await content(own, `/ledgers/${id}/timer?name=kept&ms=1500`, token, { method: 'POST' })
    await own.kill9()
    await own.start()
    const entries = async (): Promise<unknown> => (await content(own, `/ledgers/${id}/entries`, token)).json()
    await expect.poll(entries, { timeout: 15_000 }).toEqual(['timer kept'])
  })
})

describe('sockets', () => {
  test('[DP9] work through the edge, with a token or on the own origin', async () => {
    const { id, token } = await make()
    const bearer = await openSocket(id, token)
    expect(await bearer.ask('hello')).toBe('hello')
    const cookie = await openLink(server, (await mintToken(server, 'ledgers', id)).url)
    const host = ownHost(server, id)
    const browser = await track(TestSocket.open(`${server.url}/socket`, { host, cookie, origin: `http://${host}` }))
    expect(await browser.ask('from a page')).toBe('from a page')
  })

  test('[DP9] a refused one is accepted, then closed with a code that says why', async () => {
    const { id, token } = await make()
    expect(await (await openSocket(id)).closed).toMatchObject({ code: 4401 })
    expect(await (await openSocket(id, 'wrong')).closed).toMatchObject({ code: 4401 })
    const forged = id.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
    expect(await (await openSocket(forged, token)).closed).toMatchObject({ code: 4404 })
    await server.fetch(`/v1/ledgers/${id}`, json('PATCH', { mode: 'suspended' }))
    const suspended = await (await openSocket(id, token)).closed
    expect(suspended).toMatchObject({ code: 4403, reason: expect.stringMatching(/^suspended: /) })
    await server.fetch(`/v1/ledgers/${id}`, { method: 'DELETE' })
    expect(await (await openSocket(id, token)).closed).toMatchObject({ code: 4410 })
  })

  test("[DP9] another site's page with the cookie is refused", async () => {
    const { id } = await make()
    const cookie = await openLink(server, (await mintToken(server, 'ledgers', id)).url)
    const host = ownHost(server, id)
    for (const origin of ['http://evil.example', `http://${host}.evil.example`, `https://${host}`, 'null', undefined]) {
      const headers = { host, cookie, ...(origin === undefined ? {} : { origin }) }
      const socket = await track(TestSocket.open(`${server.url}/socket`, headers))
      expect([origin, (await socket.closed).code]).toEqual([origin, 4403])
    }
  })

  test.each([
    ['suspension', 4403, (id: string) => server.fetch(`/v1/ledgers/${id}`, json('PATCH', { mode: 'suspended' }))],
    ['revocation', 4401, (id: string) => server.fetch(`/v1/ledgers/${id}/tokens`, { method: 'DELETE' })],
    ['deletion', 4410, (id: string) => server.fetch(`/v1/ledgers/${id}`, { method: 'DELETE' })],
  ] as const)('[DP9] %s closes open ones with %i', async (_what, code, change) => {
    const { id, token } = await make()
    const [one, two] = await Promise.all([openSocket(id, token), openSocket(id, token)])
    expect(await one.ask('open')).toBe('open')
    expect((await change(id)).status).toBe(200)
    expect((await one.closed).code).toBe(code)
    expect((await two.closed).code).toBe(code)
  })

  test('[DP9] a change of the name leaves open ones open', async () => {
    const { id, token } = await make()
    const socket = await openSocket(id, token)
    await server.fetch(`/v1/ledgers/${id}`, json('PATCH', { name: 'Renamed under a socket', labels: { a: 'b' } }))
    expect(await socket.ask('still here')).toBe('still here')
  })
})

describe('what the edge forwards', () => {
  test('[AU4] has the path below the resource, no credentials, and the principal', async () => {
    const { id, token } = await make()
    const headers = { 'x-own': 'kept', cookie: 'a=b' }
    const answer = await send(server, {
      path: `/ledgers/${id}/deep/x%2Fy?q=1&q=2`,
      headers: { ...headers, authorization: `Bearer ${token}` },
    })
    const seen = JSON.parse(answer.text) as { url: string; headers: [string, string][]; principal: object }
    expect(seen.url).toBe('http://resource/deep/x%2Fy?q=1&q=2')
    const names = seen.headers.map(([name]) => name)
    expect(names).toContain('x-own')
    for (const name of ['authorization', 'cookie']) expect(names).not.toContain(name)
    expect(seen.principal).toMatchObject({ via: 'bearer', permission: 'admin', basePath: `/ledgers/${id}/` })
    const own = await send(server, {
      path: '/',
      headers: { host: ownHost(server, id), authorization: `Bearer ${token}` },
    })
    expect((JSON.parse(own.text) as { principal: object }).principal).toMatchObject({
      basePath: '/',
      origin: `http://${ownHost(server, id)}`,
    })
  })
})

function objectFilesOf(of: TestServer): string[] {
  const folder = join(of.dataDir, 'data')
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((name) => /[0-9a-f]{64}\.sqlite(-wal)?$/.test(name))
}

function make(plural?: string): Promise<OwnedResource> {
  return makeResource(server, plural)
}

function openSocket(id: string, token?: string): Promise<TestSocket> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return track(TestSocket.open(`${server.url}/ledgers/${id}/socket`, headers))
}

async function track(opening: Promise<TestSocket>): Promise<TestSocket> {
  const socket = await opening
  sockets.push(socket)
  return socket
}
