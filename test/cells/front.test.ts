// Several cells of one machine behind one port.

import { once } from 'node:events'
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { Agent } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { LEDGER_APP } from '../support/apps.ts'
import { runCli } from '../support/cli.ts'
import { content, create, mintToken, ownHost, problem, raw, send } from '../support/http.ts'
import { signHop } from '../support/hop.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'
import { SOON } from '../support/tenant.ts'
import { forgeToken } from '../support/tokens.ts'

const MB = 1024 ** 2
/** Far below the supervisor's longest wait, and any deadline. */
const AT_ONCE_MS = 1_500
const CODES = ['c1', 'c2'] as const
type Code = (typeof CODES)[number]

let server: TestServer
let ledgers: Readonly<Record<Code, { readonly id: string; readonly token: string }>>

beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP, args: ['--cells', 'c1,c2', '--request-log'] })
  ledgers = { c1: await makeLedger('c1'), c2: await makeLedger('c2') }
})

test('[CE18] a first start of several cells is nothing to be warned of', () => {
  expect(server.log.filter(({ event }) => event === 'new_deployment')).toEqual([])
})

test('[CM1] [CE13] the command line says which cells are of this machine, and that none of them is there twice', async () => {
  const { code, stdout } = await runCli(['capabilities', '--data', server.dataDir])
  const here = Array.from(stdout.matchAll(/^(c1|c2) +(yes|this machine|no) /gm), ([, cell, is]) => [cell, is])
  expect([code, here.map(([cell]) => cell), new Set(here.map(([, is]) => is))]).toEqual([
    0,
    ['c1', 'c2'],
    new Set(['yes', 'this machine']),
  ])
  const twice = await runCli(['serve', '--port', '0', '--cells', 'c1,c1'])
  expect([twice.code, twice.stderr]).toEqual([2, expect.stringContaining('"c1" is there twice')])
})

describe('the front', () => {
  test.each(CODES)('[CE10] brings a connection to the cell of its first request: %s', async (code) => {
    const { id, token } = ledgers[code]
    const host = ownHost(server, id)
    const bearer = { authorization: `Bearer ${token}` }
    const hopId = `hop-to-${code}`
    const hop = await signHop(server, { kind: 'request', place: { cell: code }, requestId: hopId, subject: '' })
    const requests: readonly [string, string, Record<string, string>][] = [
      ['by-path', `/ledgers/${id}/entries`, bearer],
      ['by-path-and-query', `/ledgers/${id}?a=/ledgers/${ledgers.c1.id}/`, bearer],
      ['by-whole-url', `${server.url}/ledgers/${id}/entries`, bearer],
      ['by-host', '/entries', { ...bearer, host }],
      [
        'by-hop',
        `/ledgers/${id}/entries`,
        { ...bearer, 'biplane-hop': hop, 'biplane-hop-address': `main ${server.url} ${id}` },
      ],
    ]
    for (const [requestId, path, headers] of requests) {
      const name = `${requestId}-${code}`
      // A connection of its own.
      const agent = new Agent()
      const { status } = await send(server, { path, headers: { ...headers, 'x-request-id': name }, agent })
      expect([name, status < 400]).toEqual([name, true])
      expect([name, await servedBy(requestId === 'by-hop' ? hopId : name)]).toEqual([name, [code]])
    }
  })

  test('[CE10] a later request of a connection is served all the same, by a hop', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (const code of ['c1', 'c2', 'c1'] as const) {
      const { id, token } = ledgers[code]
      const headers = { authorization: `Bearer ${token}`, 'x-request-id': `kept-${code}` }
      expect((await send(server, { path: `/ledgers/${id}/entries`, headers, agent })).status).toBe(200)
    }
    agent.destroy()
    expect((await servedBy('kept-c2')).toSorted()).toEqual(['c1', 'c2'])
    expect(await servedBy('kept-c1')).toEqual(['c1'])
  })

  test('[CE10] [CE2] what belongs to no cell is spread, and so is what is made', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => create(server, 'ledgers')))
    expect(new Set(made.map(({ cell }) => cell))).toEqual(new Set(CODES))
    const list = await Promise.all([1, 2].map(async () => (await server.fetch('/v1/ledgers?limit=200')).json()))
    expect(list[0]).toEqual(list[1])
  })

  test.each(CODES)('[CE10] passes megabytes both ways, and sockets, to %s', async (code) => {
    const { id } = ledgers[code]
    const admin = await forgeToken(server, id, { permission: 'admin' })
    await content(server, `/ledgers/${id}/blob?bytes=${6 * MB}`, admin, { method: 'PUT' })
    const dump = await (await content(server, `/ledgers/${id}/dump`, admin)).arrayBuffer()
    expect(dump.byteLength).toBeGreaterThan(6 * MB)
    const loaded = await content(server, `/ledgers/${id}/load`, admin, { method: 'PUT', body: dump })
    expect(loaded.status).toBe(204)
    const socket = await TestSocket.open(`${server.url}/ledgers/${id}/socket`, { authorization: `Bearer ${admin}` })
    const large = 'x'.repeat(300_000)
    expect(await socket.ask(large)).toBe(large)
    socket.close()
  })

  test('[CE10] takes no more from a cell than its client takes, and answers one that has said all', async () => {
    const { id } = ledgers.c1
    const admin = await forgeToken(server, id, { permission: 'admin' })
    await content(server, `/ledgers/${id}/blob?bytes=${24 * MB}`, admin, { method: 'PUT' })
    const request = `GET /ledgers/${id}/dump HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nAuthorization: Bearer ${admin}\r\nConnection: close\r\n\r\n`
    const front = server.processOf('front').pid ?? 0
    const before = residentBytes(front)
    const slow = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const socket = await open(request)
        socket.once('readable', () => {})
        await once(socket, 'readable')
        return socket
      }),
    )
    const { status } = await content(server, `/ledgers/${ledgers.c1.id}/entries`, admin)
    expect(status).toBe(200)
    expect(residentBytes(front) - before).toBeLessThan(40 * MB)
    for (const socket of slow) expect((await text(socket)).length).toBeGreaterThan(24 * MB)

    const half = await open(request.replace('/dump', '/entries'))
    half.end()
    expect(await text(half)).toMatch(/^HTTP\/1.1 200 /)
  })
})

describe('what is no request', () => {
  test('[CE11] a head that comes in pieces is one', async () => {
    const { id, token } = ledgers.c2
    const head = `GET /ledgers/${id}/entries HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nx-request-id: in-pieces\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`
    const socket = await open('')
    for (const piece of [head.slice(0, 3), head.slice(3, -3), head.slice(-3, -1), head.slice(-1)]) {
      await new Promise((resolve) => socket.write(piece, resolve))
      await new Promise(setImmediate)
    }
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200 /)
    expect(await servedBy('in-pieces')).toEqual(['c2'])
  })

  test.each([
    ["a TLS client's hello", '\u0016\u0003\u0001\u0002\u0000', /^HTTP\/1.1 400 /],
    ['garbage', '\u0000\u0001', /^HTTP\/1.1 400 /],
    ['an empty line', '\r\n\r\n', /^HTTP\/1.1 400 /],
    ['a head without an end', `GET / HTTP/1.1\r\nx: ${'x'.repeat(40_000)}`, /^HTTP\/1.1 431 /],
    ['words', 'HELO there\r\n\r\n', /^HTTP\/1.1 (400|501) /],
    ['no host', 'GET / HTTP/1.0\r\n\r\n', /^HTTP\/1.\d 400 /],
    ['a host of nobody', 'GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n', /^HTTP\/1.1 400 /],
    ['headers without names', `GET / HTTP/1.1\r\n${':\r\n'.repeat(100)}\r\n`, /^HTTP\/1.1 400 /],
  ])('[CE11] %s is refused, and its connection closed', async (_, bytes, answer) => {
    expect(await raw(server, bytes)).toMatch(answer)
  })

  test('[CE11] a client that goes away, before or in the middle of anything, leaves nothing behind', async () => {
    const { id, token } = ledgers.c1
    const front = server.processOf('front').pid ?? 0
    for (const bytes of [
      '',
      'G',
      `PUT /ledgers/${id}/load HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: 1000000\r\n\r\nhalf`,
    ]) {
      const sockets = await Promise.all(Array.from({ length: 20 }, () => open(bytes)))
      for (const socket of sockets) socket.resetAndDestroy()
    }
    expect((await content(server, `/ledgers/${id}/entries`, token)).status).toBe(200)
    await vi.waitFor(() => expect(openSockets(front)).toBeLessThan(12), SOON)
    expect(server.processOf('front').pid).toBe(front)
  })
})

describe('a process that ends', () => {
  test('[CE12] a cell whose process is away is told by name at once, the other one goes on, and it comes back by itself', async () => {
    const { id, token } = ledgers.c2
    const ask = (of: Code): Promise<Response> =>
      content(server, `/ledgers/${ledgers[of].id}/entries`, ledgers[of].token)
    const data = server.processOf('data', 'c2')
    // The supervisor waits longer after each end that follows a start.
    for (let times = 0; times < 5; times++) {
      await vi.waitFor(() => expect(data.pid).toBeDefined(), SOON)
      await data.kill9()
    }
    const begin = performance.now()
    const away = await vi.waitFor(async () => {
      // One that came before the front had heard of it waits in the queue.
      const answer = await content(server, `/ledgers/${id}/entries`, token, { signal: AbortSignal.timeout(200) })
      expect(answer.status).toBe(503)
      return answer
    }, SOON)
    expect(performance.now() - begin).toBeLessThan(AT_ONCE_MS)
    expect([away.headers.get('retry-after'), away.headers.get('content-type'), await problem(away)]).toEqual([
      '1',
      'application/problem+json',
      expect.objectContaining({ code: 'unavailable', cell: 'c2', retryable: true }),
    ])
    const head = await fetch(`${server.url}/ledgers/${id}/entries`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([503, ''])
    expect((await ask('c1')).status).toBe(200)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    await data.ready()
    await vi.waitFor(async () => expect((await ask('c2')).status).toBe(200), SOON)
  })

  test('[CE12] without the front nobody is turned away: who comes meanwhile waits until it is back', async () => {
    const front = server.processOf('front')
    const { id, token } = ledgers.c1
    await front.kill9()
    expect((await content(server, `/ledgers/${id}/entries`, token)).status).toBe(200)
  })

  test('[CE12] a stop lets what is under way come to its end', async () => {
    const one = await startServer({ app: LEDGER_APP, args: ['--cells', 'c1,c2', '--grace', '5'] })
    const { id } = await create(one, 'ledgers', { cell: 'c2' })
    const { token } = await mintToken(one, 'ledgers', id, { permission: 'admin' })
    const host = new URL(one.url).host
    const front = one.processOf('front').pid ?? 0
    const before = openSockets(front)
    const socket = connect(one.port, '127.0.0.1')
    socket.write(
      `POST /ledgers/${id}/entries HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nContent-Length: 4\r\nConnection: close\r\n\r\nab`,
    )
    await vi.waitFor(() => expect(openSockets(front)).toBe(before + 2), SOON)
    const stopped = one.stop()
    await vi.waitFor(async () => await expect(fetch(one.url)).rejects.toThrow('fetch failed'), SOON)
    socket.write('cd')
    expect(await text(socket)).toMatch(/^HTTP\/1.1 204 /)
    expect(await stopped).toBe(0)
  })
})

async function makeLedger(cell: Code): Promise<{ id: string; token: string }> {
  const { id } = await create(server, 'ledgers', { cell })
  return { id, token: (await mintToken(server, 'ledgers', id)).token }
}

/** The cells that logged a request of that name, whoever began. */
async function servedBy(requestId: string): Promise<string[]> {
  const lines = (): string[] =>
    server.log
      .filter(({ message }) => message.includes(`"${requestId}"`) && message.includes('"event":"request"'))
      .map(({ cell = '' }) => cell)
  await vi.waitFor(() => expect(lines()).not.toEqual([]), SOON)
  return [...new Set(lines())]
}

async function open(bytes: string): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(bytes)
  return socket
}

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}

function openSockets(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:'))
    .length
}
