// Requests that reach another cell than their resource's: whatever a client may send arrives there, and is judged there.

import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LEDGER_APP } from '../support/apps.ts'
import { disposeCells, startCells, type Cells } from '../support/cells.ts'
import { content, create, json, mintToken, openLink, ownHost, problem, send } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'
import { forgeToken } from '../support/tokens.ts'

type Code = 'alpha' | 'beta'

const MB = 1024 ** 2

let world: Cells<Code>
let alpha: TestServer
let beta: TestServer
/** One in each cell, and a writer's token for it. */
let ledgers: Readonly<Record<Code, { readonly id: string; readonly token: string }>>

beforeAll(async () => {
  world = await startCells(['alpha', 'beta'], { app: LEDGER_APP })
  ;({ alpha, beta } = world.servers)
  ledgers = { alpha: await makeLedger(alpha, 'alpha'), beta: await makeLedger(alpha, 'beta') }
})
afterAll(() => disposeCells(world))

/** Of each server with what lives in the other cell. */
const CROSSED: readonly [Code, Code][] = [
  ['alpha', 'beta'],
  ['beta', 'alpha'],
]

describe('a request reaches its resource from every cell', () => {
  test('[CE3] [CE2] a resource is made where its client asks, or where the request says', async () => {
    expect((await create(beta, 'ledgers')).cell).toBe('beta')
    expect((await create(beta, 'ledgers', { cell: 'alpha' })).cell).toBe('alpha')
    const refused = await beta.fetch('/v1/ledgers', json('POST', { cell: 'gamma' }))
    expect([refused.status, (await problem(refused)).code]).toEqual([400, 'invalid_request'])
  })

  test.each(CROSSED)(
    '[CE3] from %s: methods, status, headers and the address as its client wrote it',
    async (at, of) => {
      const { id, token } = ledgers[of]
      const server = world.servers[at]
      const path = `/ledgers/${id}/entries`
      expect((await content(server, path, token, { method: 'POST', body: 'from afar' })).status).toBe(204)
      expect(await (await content(world.servers[of], path, token)).json()).toContain('from afar')
      expect((await content(server, path, token, { method: 'HEAD' })).status).toBe(200)
      expect((await content(server, `/ledgers/${id}`, token)).headers.get('location')).toBe(`/ledgers/${id}/`)
      const headers = { 'x-request-id': 'from-a-client', 'x-more': 'kept', authorization: `Bearer ${token}` }
      const answer = await send(server, { path: `/ledgers/${id}/a%20b//c?d=%2F&e`, headers })
      const seen = JSON.parse(answer.text) as { url: string; principal: object; headers: [string, string][] }
      expect(seen.url).toBe('http://resource/a%20b//c?d=%2F&e')
      expect(seen.principal).toMatchObject({
        requestId: 'from-a-client',
        origin: server.url,
        basePath: `/ledgers/${id}/`,
      })
      const names = seen.headers.map(([name]) => name)
      expect(names).toContain('x-more')
      expect(names.filter((name) => /hop|authorization|moved/.test(name))).toEqual([])
      expect(Object.keys(answer.headers).filter((name) => /hop|moved/.test(name))).toEqual([])
    },
  )

  test.each(CROSSED)('[CE3] from %s: what is refused there is refused in the same words', async (at, of) => {
    const { id, token } = ledgers[of]
    const ask = async (server: TestServer, path: string, init?: RequestInit, as = token): Promise<unknown> => {
      const answer = await content(server, path, as, { ...init, headers: { 'x-request-id': 'same' } })
      const { 'retry-after': retryAfter, 'www-authenticate': challenge } = Object.fromEntries(answer.headers)
      return [answer.status, await answer.text(), retryAfter, challenge]
    }
    const reader = await forgeToken(alpha, id, { permission: 'read' })
    for (const [path, init, as] of [
      [`/ledgers/${id}/entries`, { method: 'POST', body: 'throw' }, token],
      [`/ledgers/${id}/entries`, { method: 'POST', body: 'x' }, reader],
      [`/ledgers/${id}/entries`, {}, 'nonsense'],
      [`/ledgers/${id}/fail`, {}, token],
      [`/ledgers/${id}/load`, { method: 'PUT', body: '{}' }, token],
    ] as const)
      expect(await ask(world.servers[at], path, init, as)).toEqual(await ask(world.servers[of], path, init, as))
  })

  test.each(CROSSED)('[CE3] from %s: content of megabytes streams both ways', async (at, of) => {
    const { id } = ledgers[of]
    const admin = await forgeToken(alpha, id, { permission: 'admin' })
    const filled = await content(world.servers[at], `/ledgers/${id}/blob?bytes=${6 * MB}`, admin, { method: 'PUT' })
    expect(filled.status).toBe(204)
    const dump = await (await content(world.servers[at], `/ledgers/${id}/dump`, admin)).arrayBuffer()
    expect(dump.byteLength).toBeGreaterThan(6 * MB)
    const copy = await create(alpha, 'ledgers', { cell: of })
    const asAdmin = await forgeToken(alpha, copy.id, { permission: 'admin' })
    const loaded = await content(world.servers[at], `/ledgers/${copy.id}/load`, asAdmin, { method: 'PUT', body: dump })
    expect(loaded.status).toBe(204)
    const again = await (await content(world.servers[of], `/ledgers/${copy.id}/dump`, asAdmin)).arrayBuffer()
    expect(Buffer.from(again).equals(Buffer.from(dump))).toBe(true)
  })

  test('[CE3] a body of unknown length, and one that is too large', async () => {
    const { id, token } = ledgers.beta
    const chunks = Array.from({ length: 20 }, (_, index) => `${index} `.repeat(1_000))
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk))
        controller.close()
      },
    })
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit
    expect((await content(alpha, `/ledgers/${id}/entries`, token, init)).status).toBe(204)
    expect(await (await content(beta, `/ledgers/${id}/entries`, token)).json()).toContain(chunks.join(''))
    const sheet = await create(beta, 'sheets')
    const writer = await forgeToken(alpha, sheet.id)
    const large = {
      method: 'POST',
      body: gzipSync('x')
        .toString('hex')
        .padEnd(64 * 1024 + 1),
    }
    expect((await content(alpha, `/sheets/${sheet.id}/entries`, writer, large)).status).toBe(413)
  })

  test.each(CROSSED)('[CE3] from %s: sockets', async (at, of) => {
    const { id, token } = ledgers[of]
    const url = `${world.servers[at].url}/ledgers/${id}/socket`
    const socket = await TestSocket.open(url, { authorization: `Bearer ${token}` })
    expect(await socket.ask('one')).toBe('one')
    const large = 'x'.repeat(200_000)
    expect(await socket.ask(large)).toBe(large)
    // Revoked where it lives: the socket at the other cell ends.
    await alpha.fetch(`/v1/ledgers/${id}/tokens`, { method: 'DELETE' })
    expect((await socket.closed).code).toBe(4401)
    const refused = await TestSocket.open(url, { authorization: `Bearer ${token}` })
    expect((await refused.closed).code).toBe(4401)
  })
})

describe('a browser', () => {
  test.each(CROSSED)('[CE3] signs in by a link, and writes, at %s', async (at, of) => {
    const server = world.servers[at]
    const { id } = await create(alpha, 'ledgers', { cell: of })
    const { url } = await mintToken(server, 'ledgers', id)
    // Whichever server the name leads to.
    const link = url.replace(/:\d+\//, `:${server.port}/`)
    const host = ownHost(server, id)
    const cookie = await openLink(server, link)
    const origin = `http://${host}`
    const write = { method: 'POST', path: '/entries', body: 'x' }
    expect((await send(server, { ...write, headers: { host, cookie, origin } })).status).toBe(204)
    for (const wrong of [`http://${ownHost(world.servers[of], id)}`, 'null'])
      expect((await send(server, { ...write, headers: { host, cookie, origin: wrong } })).status).toBe(403)
    const used = new URL(link)
    expect((await send(server, { path: used.pathname + used.search, headers: { host } })).status).toBe(401)
    expect((await send(server, { path: '/entries', headers: { host } })).status).toBe(401)
  })

  test.each(CROSSED)('[CE3] of the operator opens a resource by its address at %s', async (at, of) => {
    const server = world.servers[at]
    const { id } = ledgers[of]
    const login = await send(server, {
      method: 'POST',
      path: '/sign-in',
      headers: { 'content-type': 'application/json', origin: server.url, host: new URL(server.url).host },
      body: JSON.stringify({ key: server.operatorKey }),
    })
    const cookie = login.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    const headers = { cookie, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const sent = await send(server, { path: `/ledgers/${id}/entries`, headers })
    expect([sent.status, sent.headers.location]).toEqual([303, expect.stringContaining('sign_in_code=')])
    const stranger = await send(server, { path: `/ledgers/${id}/entries`, headers: { ...headers, cookie: '' } })
    expect([stranger.status, stranger.headers.location?.includes('sign_in_code')]).toEqual([303, false])
  })

  test("[CE3] the console's sign-in link works once, at whichever cell", async () => {
    const expiresAt = Math.floor(Date.now() / 1000) + 60
    const code = await forgeToken(beta, alpha.secrets.deployment, {
      use: 'operator-code',
      type: 'operator',
      permission: 'admin',
      generation: 0,
      expiresAt,
    })
    const redeem = (server: TestServer): Promise<Response> =>
      fetch(`${server.url}/sign-in?code=${code}`, { redirect: 'manual' })
    expect((await redeem(beta)).status).toBe(303)
    expect((await redeem(alpha)).status).toBe(401)
  })
})

async function makeLedger(server: TestServer, cell: Code): Promise<{ id: string; token: string }> {
  const { id } = await create(server, 'ledgers', { cell })
  return { id, token: (await mintToken(server, 'ledgers', id)).token }
}
