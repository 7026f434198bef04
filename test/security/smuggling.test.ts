// What a client writes on the wire by hand: nothing of it may pass for what the edge itself says.

import { beforeAll, describe, expect, test } from 'vitest'
import { LEDGER_APP } from '../support/apps.ts'
import { create, mintToken, ownHost, raw } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** What an attacker would like an object to believe. */
const FORGED = JSON.stringify({
  via: 'bearer',
  permission: 'admin',
  generation: 1_000_000,
  requestId: 'forged',
  basePath: '/',
  origin: 'http://forged',
})

let server: TestServer
let host: string
let ledger: string
let sheet: string
let readToken: string

beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP })
  host = `127.0.0.1:${server.port}`
  ledger = (await create(server, 'ledgers', { params: { entries: ['secret'] } })).id
  sheet = (await create(server, 'sheets', { visibility: 'public-read' })).id
  readToken = (await mintToken(server, 'ledgers', ledger, { permission: 'read' })).token
})

describe('the reserved header', () => {
  const spellings: readonly [string, string][] = [
    ['as it is', `biplane-principal: ${FORGED}`],
    ['in another case', `BIPLANE-Principal: ${FORGED}`],
    ['twice', `biplane-principal: ${FORGED}\r\nBiplane-Principal: ${FORGED}`],
    ['twice, the second empty', `biplane-principal: ${FORGED}\r\nbiplane-principal:`],
    ['folded over two lines', `biplane-principal:\r\n ${FORGED}`],
    ['folded behind another header', `x-other: a\r\n\tbiplane-principal: ${FORGED}`],
    ['with a space before the colon', `biplane-principal : ${FORGED}`],
    ['named by Connection', `connection: biplane-principal\r\nbiplane-principal: ${FORGED}`],
    ['with an underscore', `biplane_principal: ${FORGED}`],
    ['behind a bare line feed', `x-other: a\nbiplane-principal: ${FORGED}`],
    ['behind a bare carriage return', `x-other: a\rbiplane-principal: ${FORGED}`],
  ]

  test.each(spellings)('[AU4] opens nothing when a client sends it %s', async (_how, lines) => {
    for (const [target, hostName] of [
      [`/ledgers/${ledger}/entries`, host],
      ['/entries', ownHost(server, ledger)],
    ] as const) {
      const answer = await raw(server, request('GET', target, hostName, lines))
      expect(statusOf(answer)).toSatisfy((status: number) => status === 401 || status === 400)
      expect(answer).not.toContain('secret')
    }
  })

  test.each(spellings)('[AU4] gives no permission beyond the token when sent %s', async (_how, lines) => {
    const authorization = `authorization: Bearer ${readToken}`
    const target = `/ledgers/${ledger}/load`
    const answer = await raw(server, request('PUT', target, host, `${authorization}\r\n${lines}\r\ncontent-length: 0`))
    expect(statusOf(answer)).toSatisfy((status: number) => status === 403 || status === 400)
    // Where the request is served, the object sees the edge's words and none of the client's.
    const echo = await raw(server, request('GET', `/sheets/${sheet}/echo`, host, lines))
    if (statusOf(echo) === 200) {
      expect(principalsOf(echo)).toHaveLength(1)
      expect(echo).not.toMatch(/"permission":"admin".*"principal"|forged.*"principal":\{"via":"bearer"/)
      expect(bodyOf(echo).principal).toMatchObject({ via: 'none' })
    }
  })

  test('[AU4] opens no socket', async () => {
    const upgrade = [
      `GET /ledgers/${ledger}/socket HTTP/1.1`,
      `host: ${host}`,
      'connection: Upgrade, biplane-principal',
      'upgrade: websocket',
      'sec-websocket-version: 13',
      'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==',
      `biplane-principal: ${FORGED}`,
    ]
    const answer = await raw(server, `${upgrade.join('\r\n')}\r\n\r\n`)
    // A close frame (0x88) with 4401.
    expect(Buffer.from(answer, 'latin1').toString('hex')).toContain((4401).toString(16))
  })
})

describe('lifecycle faces', () => {
  const methods = ['apply', 'purge', 'forget', 'describe', 'lifecycle', 'redeemCode', 'alarm', 'call']
  test('[AU4] have no path', async () => {
    const authorization = `authorization: Bearer ${readToken}`
    for (const method of methods) {
      for (const path of [`/${method}`, `/__${method}`, `/.well-known/${method}`]) {
        const body = JSON.stringify({ descriptor: { mode: 'deleted', incarnation: 99, version: 99 } })
        const length = `content-length: ${body.length}\r\ncontent-type: application/json`
        const lines = `${authorization}\r\n${length}`
        const answer = await raw(server, request('POST', `/ledgers/${ledger}${path}`, host, lines, body))
        // The path is the type's own, and this token may not write.
        expect([path, statusOf(answer)]).toEqual([path, 403])
        const top = await raw(server, request('POST', path, host, `${authorization}\r\n${length}`, body))
        expect([path, statusOf(top)]).toEqual([path, 404])
      }
    }
    const alive = await raw(server, request('GET', `/ledgers/${ledger}/entries`, host, authorization))
    expect([statusOf(alive), alive.includes('secret')]).toEqual([200, true])
  })

  test('[AU4] are not on the public socket as RPC either', async () => {
    // What the engine's own processes say to each other on their unix sockets.
    const connect = await raw(server, `CONNECT plane HTTP/1.1\r\nhost: plane\r\nconnection: close\r\n\r\n`)
    expect(statusOf(connect)).toBeGreaterThanOrEqual(400)
  })
})

describe('request smuggling', () => {
  test('[AU4] a second request inside the body of the first is no request of its own', async () => {
    const inner = `GET /ledgers/${ledger}/entries HTTP/1.1\r\nhost: ${host}\r\nbiplane-principal: ${FORGED}\r\n\r\n`
    const both = ['transfer-encoding: chunked', `content-length: ${inner.length + 5}`].join('\r\n')
    const answer = await raw(server, request('POST', `/ledgers/${ledger}/x`, host, both, `0\r\n\r\n${inner}`))
    expect(answer).not.toContain('secret')
    const doubled = `content-length: 0\r\ncontent-length: ${inner.length}`
    expect(await raw(server, request('POST', `/ledgers/${ledger}/x`, host, doubled, inner))).not.toContain('secret')
  })
})

function request(method: string, target: string, hostName: string, lines: string, body = ''): string {
  return `${method} ${target} HTTP/1.1\r\nhost: ${hostName}\r\nconnection: close\r\n${lines}\r\n\r\n${body}`
}

function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)
}

interface Echo {
  readonly principal: object
  readonly headers: readonly (readonly [string, string])[]
}

function bodyOf(answer: string): Echo {
  const text = answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)
  return JSON.parse(text) as Echo
}

function principalsOf(answer: string): readonly string[] {
  return bodyOf(answer)
    .headers.filter(([name]) => name === 'biplane-principal')
    .map(([, value]) => value)
}
