// What a cell believes of a request, and of whom: hops are signed, and say no more than whose a request is.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LEDGER_APP } from '../support/apps.ts'
import { disposeCells, startCells, type Cells } from '../support/cells.ts'
import { sendCall, sendForwarded, signHop } from '../support/hop.ts'
import { send, type Answer, type SendOptions } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { forgeToken } from '../support/tokens.ts'

const CUSTOM = 'notes.example.org'
const MAIN = 'wikis.example'

let world: Cells<'alpha' | 'beta'>
let alpha: TestServer
let beta: TestServer
/** In beta, with a host name of its owner's own. */
let ledger: string
let token: string

beforeAll(async () => {
  const args = ['--trust-proxy', '127.0.0.0/8', '--public-url', `https://${MAIN}`, '--apex', 'pages.example']
  world = await startCells(['alpha', 'beta'], { app: LEDGER_APP, args: [...args, '--path-capabilities'] })
  ;({ alpha, beta } = world.servers)
  const made = await control(alpha, 'POST', '/v1/ledgers', { cell: 'beta' })
  ledger = (JSON.parse(made.text) as { id: string }).id
  expect((await control(alpha, 'PATCH', `/v1/ledgers/${ledger}`, { hosts: [CUSTOM] })).status).toBe(200)
  token = await forgeToken(alpha, ledger)
})
afterAll(() => disposeCells(world))

describe('behind a trusted proxy', () => {
  test("[CE3] a host name of the owner's own leads through the other cell", async () => {
    const mapped = { host: `${ledger}.pages.example`, 'x-forwarded-host': CUSTOM, 'x-forwarded-proto': 'https' }
    const code = await forgeToken(alpha, ledger, { use: 'share' })
    const signedIn = await send(alpha, { path: `/?sign_in_code=${code}`, headers: mapped })
    expect([signedIn.status, signedIn.headers.location]).toEqual([303, `https://${CUSTOM}/`])
    const cookie = signedIn.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    const write = { method: 'POST', path: '/entries', body: 'x' }
    const from = (origin: string): Promise<Answer> => send(alpha, { ...write, headers: { ...mapped, cookie, origin } })
    expect((await from(`https://${CUSTOM}`)).status).toBe(204)
    expect((await from(`https://${ledger}.pages.example`)).status).toBe(403)
    const other = await send(alpha, {
      path: '/entries',
      headers: { ...mapped, 'x-forwarded-host': 'evil.example', cookie },
    })
    expect(other.status).toBe(404)
  })

  test('[CE3] a capability in the path opens the resource at the other cell', async () => {
    const capability = await forgeToken(alpha, ledger, { use: 'capability' })
    const base = `/ledgers/${ledger}/~${capability}`
    const headers = { host: MAIN, origin: 'null' }
    expect((await send(alpha, { path: `${base}/entries`, headers })).status).toBe(200)
    const seen = await send(alpha, { path: `${base}/a`, headers })
    expect(JSON.parse(seen.text)).toMatchObject({ principal: { via: 'capability', basePath: `${base}/` } })
    expect((await send(alpha, { path: base, headers })).headers.location).toBe(`${base}/`)
  })
})

describe('a hop header', () => {
  const hop = { kind: 'request', place: { cell: 'beta' }, requestId: 'from-alpha', subject: '192.0.2.7' } as const

  test('[CE5] that a cell has made says who the client is, and opens nothing', async () => {
    const header = await signHop(beta, hop)
    const answer = await sendForwarded(beta, header, `/ledgers/${ledger}/x`, bearer())
    expect(JSON.parse(answer.text)).toMatchObject({ principal: { requestId: 'from-alpha', via: 'bearer' } })
    expect((await sendForwarded(beta, header, `/ledgers/${ledger}/x`, { host: MAIN })).status).toBe(401)
    const revoked = await forgeToken(alpha, ledger, { generation: 0 })
    const asRevoked = { host: MAIN, authorization: `Bearer ${revoked}` }
    expect((await sendForwarded(beta, header, `/ledgers/${ledger}/x`, asRevoked)).status).toBe(401)
    // Nothing but resources, and none but the one that the other cell has looked at.
    expect((await sendForwarded(beta, header, '/v1/ledgers', { host: MAIN })).status).toBe(421)
    expect((await sendForwarded(beta, header, `/ledgers/${ledger}/x`, bearer(), 'another')).status).toBe(421)
    const forged = ledger.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
    expect((await sendForwarded(beta, header, `/ledgers/${forged}/x`, bearer())).status).toBe(404)
  })

  test('[CE5] from anybody else is nothing: forged, cut, or of another deployment; an old one, or of the future, is refused', async () => {
    const stranger = await startServer({ app: LEDGER_APP })
    const good = await signHop(beta, hop)
    for (const nowMs of [Date.now() - 62_000, Date.now() + 62_000]) {
      const answer = await sendForwarded(beta, await signHop(beta, hop, nowMs), `/ledgers/${ledger}/x`, bearer())
      expect([answer.status, JSON.parse(answer.text)]).toEqual([421, expect.objectContaining({ code: 'misdirected' })])
    }
    for (const header of [
      await signHop(stranger, hop),
      good.replace('192.0.2.7', '192.0.2.8'),
      good.replace('beta', 'alpha'),
      good.replace('beta', 'beta@'),
      good.replace('request', 'follow'),
      good.replace('request', 'call'),
      good.replace('from-alpha', 'from-elsewhere'),
      good.slice(0, -1),
      good.replace(/\S+$/, ''),
      `${good} more`,
      'request',
      ' '.repeat(10),
      'x'.repeat(8_000),
    ]) {
      const answer = await sendForwarded(beta, header, `/ledgers/${ledger}/x`, bearer())
      const { principal, headers } = JSON.parse(answer.text) as { principal: object; headers: [string, string][] }
      expect([header, answer.status, principal]).toEqual([header, 200, expect.objectContaining({ via: 'bearer' })])
      expect(principal).not.toMatchObject({ requestId: 'from-alpha' })
      expect(headers.filter(([name]) => name.startsWith('biplane-hop'))).toEqual([])
    }
  })

  test('[CE5] from a client does not get through a cell that passes its request on', async () => {
    const headers = {
      ...bearer(),
      'biplane-hop': 'request 0 alpha x y z',
      'biplane-hop-address': 'main https://evil.example',
    }
    const answer = await send(alpha, { path: `/ledgers/${ledger}/x`, headers: { ...headers, 'biplane-hop-call': 'x' } })
    const seen = JSON.parse(answer.text) as { principal: { origin: string }; headers: [string, string][] }
    expect(seen.principal.origin).toBe(`https://${MAIN}`)
    expect(seen.headers.filter(([name]) => name.startsWith('biplane-hop'))).toEqual([])
  })

  test('[CE5] with a path that becomes another one on its way is for nothing', async () => {
    const made = await control(alpha, 'POST', '/v1/ledgers', { cell: 'beta' })
    const { id } = JSON.parse(made.text) as { id: string }
    for (const dots of ['..', '%2e%2e', '.%2E']) {
      const answer = await send(alpha, {
        path: `/ledgers/${ledger}/${dots}/${id}/x`,
        headers: { host: MAIN, ...bearer() },
      })
      expect([dots, answer.status]).toEqual([dots, 421])
    }
  })

  test('[CE4] that sends a request to a cell which is not there is answered 421, and nothing goes on from there', async () => {
    const crossings = world.links.alpha.crossings
    const files = beta.sqliteFiles()
    for (const [cell, status] of [
      ['alpha', 421],
      ['gamma', 421],
      ['beta', 200],
    ] as const) {
      const header = await signHop(beta, { ...hop, place: { cell } })
      const answer = await sendForwarded(beta, header, `/ledgers/${ledger}/x`, bearer())
      expect([cell, answer.status]).toEqual([cell, status])
      if (status === 421) expect(JSON.parse(answer.text)).toMatchObject({ code: 'misdirected', retryable: true })
    }
    expect([world.links.alpha.crossings, beta.sqliteFiles()]).toEqual([crossings, files])
  })
})

describe('a call between planes', () => {
  test('[CE6] is answered to a cell of this deployment', async () => {
    const answer = await sendCall(beta, 'beta', 'data', describeCall())
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, expect.objectContaining({ ok: true })])
  })

  test('[CE6] is nothing for anybody else, whatever it asks for', async () => {
    const files = beta.sqliteFiles()
    const call = describeCall()
    const subject = 'x'
    for (const kind of ['control', 'account', 'data', 'dump', 'restore', 'other', '']) {
      for (const header of [
        '',
        'call 1 beta test x x',
        await signHop(beta, { kind: 'call', place: { cell: 'beta' }, requestId: 'test', subject }),
      ]) {
        const answer = await sendCall(beta, 'beta', kind, call, header)
        expect([kind, header === '', answer.status]).toEqual([kind, header === '', expect.toSatisfy(isRefusal)])
        expect(answer.text).not.toContain('"ok"')
      }
      const asRequest = await signHop(beta, { kind: 'request', place: { cell: 'beta' }, requestId: 'test', subject })
      expect((await sendCall(beta, 'beta', kind, call, asRequest)).status).toBeGreaterThanOrEqual(400)
    }
    expect(beta.sqliteFiles()).toEqual(files)
  })

  test('[CE6] for an object that is not here is refused, and not passed on', async () => {
    const crossings = world.links.beta.crossings
    for (const [kind, call] of [
      ['data', describeCall()],
      ['dump', reference()],
      ['account', { account: beta.secrets.defaultAccount.replace('-alpha-', '-beta-'), method: 'describe', args: {} }],
      ['control', { type: 'ledger', object: 'control-plane-ledger-r-beta', method: 'list', args: {}, caller: {} }],
    ] as const) {
      const answer = await sendCall(alpha, 'alpha', kind, call)
      expect([kind, answer.status]).toEqual([kind, 421])
    }
    expect(world.links.beta.crossings).toBe(crossings)
  })

  test('[CE6] that is broken is refused in the words of an error', async () => {
    for (const [kind, call] of [
      ['nonsense', {}],
      ['data', {}],
      ['control', {}],
      ['account', {}],
      ['restore', {}],
    ] as const) {
      const answer = await sendCall(beta, 'beta', kind, call)
      expect([kind, answer.status >= 400]).toEqual([kind, true])
      expect(JSON.parse(answer.text)).toMatchObject({ code: expect.any(String) as string })
    }
  })
})

function bearer(): Record<string, string> {
  return { host: MAIN, authorization: `Bearer ${token}` }
}

function reference(): { v: number; type: string; resource: string; requestId: string } {
  return { v: 1, type: 'ledger', resource: ledger, requestId: 'test' }
}

function describeCall(): object {
  return { ...reference(), method: 'describe', args: {} }
}

function isRefusal(status: number): boolean {
  return [400, 401, 404, 421].includes(status)
}

function control(server: TestServer, method: string, path: string, body: object): Promise<Answer> {
  const headers = { host: MAIN, 'content-type': 'application/json', authorization: `Bearer ${server.operatorKey}` }
  const options: SendOptions = { method, path, headers, body: JSON.stringify(body) }
  return send(server, options)
}
