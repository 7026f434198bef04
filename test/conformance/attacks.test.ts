// What attacks on the edge have found, so that it stays found.

import { connect } from 'node:net'
import { once } from 'node:events'
import { beforeAll, describe, expect, test } from 'vitest'
import { LEDGER_APP } from '../support/apps.ts'
import { content, create, json, mintToken, openLink, ownHost, raw, send } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let ledger: string
let write: string
beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP })
  ledger = (await create(server, 'ledgers')).id
  write = (await mintToken(server, 'ledgers', ledger)).token
})

describe('a path', () => {
  test.each(['/%2e/load', '/./load', '/x/../load', '/x/%2e%2E/load', '/x\\..\\load'])(
    '[AU3] needs the permission of what the object serves: %s',
    async (path) => {
      const headers = { authorization: `Bearer ${write}`, 'content-length': '2' }
      // `load` needs `admin`; this token has `write`.
      const answer = await send(server, { method: 'PUT', path: `/ledgers/${ledger}${path}`, headers, body: '{}' })
      expect(answer.status).toBe(403)
    },
  )
})

describe('a token', () => {
  test('[AU3] has one spelling', async () => {
    const [header, payload, signature = ''] = write.split('.')
    const spellings = [
      `${signature}=`,
      `${signature.slice(0, 20)} ${signature.slice(20)}`,
      `${signature}${' '.repeat(5000)}x`,
    ]
    for (const other of spellings) {
      const headers = { authorization: `Bearer ${header}.${payload}.${other}` }
      expect((await send(server, { path: `/ledgers/${ledger}/entries`, headers })).status).toBe(401)
    }
  })

  test('[AU3] that was revoked while the body was on its way writes nothing', async () => {
    const { id } = await create(server, 'ledgers')
    const { token } = await mintToken(server, 'ledgers', id)
    const socket = connect(server.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(
      `POST /ledgers/${id}/entries HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nAuthorization: Bearer ${token}\r\nContent-Length: 4\r\n\r\nla`,
    )
    // The object has begun to read when it answers somebody who came later.
    expect((await content(server, `/ledgers/${id}/entries`, token)).status).toBe(200)
    expect((await server.fetch(`/v1/ledgers/${id}/tokens`, { method: 'DELETE' })).status).toBe(200)
    socket.write('te')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 401/)
    const fresh = (await mintToken(server, 'ledgers', id)).token
    expect(await (await content(server, `/ledgers/${id}/entries`, fresh)).json()).toEqual([])
  })
})

describe('a body', () => {
  test('[HT3] without credentials is refused before it is read', async () => {
    const socket = connect(server.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(
      `POST /ledgers/${ledger}/entries HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n`,
    )
    // The body is not at its end, and never will be.
    const [answer] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 401/)
  })

  test('[HT3] of a GET means nothing', async () => {
    const headers = { authorization: `Bearer ${write}`, 'transfer-encoding': 'chunked' }
    expect((await send(server, { path: `/ledgers/${ledger}/entries`, headers, body: 'abc' })).status).toBe(200)
  })

  test('[HT2] that is nested without end, or names __proto__, is refused', async () => {
    const deep = `{"params":${'['.repeat(5_000)}${']'.repeat(5_000)}}`
    for (const body of [deep, '{"labels":{"__proto__":"x"}}']) {
      const response = await server.fetch('/v1/ledgers', { ...json('POST', {}), body })
      expect(response.status).toBe(400)
    }
  })
})

describe('a browser', () => {
  test('[AU6] with a cookie that is no good reads what everybody may read', async () => {
    const { id } = await create(server, 'sheets', { visibility: 'public-read' })
    const { token, url } = await mintToken(server, 'sheets', id)
    const { search } = new URL(url)
    const signedIn = await send(server, { path: `/${search}`, headers: { host: ownHost(server, id) } })
    const cookie = signedIn.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    expect((await server.fetch(`/v1/sheets/${id}/tokens`, { method: 'DELETE' })).status).toBe(200)
    for (const bad of [cookie, '__Host-biplane=junk']) {
      const headers = { host: ownHost(server, id), cookie: bad }
      expect((await send(server, { path: '/entries', headers })).status).toBe(200)
      const origin = `http://${ownHost(server, id)}`
      expect(
        (await send(server, { method: 'POST', path: '/entries', headers: { ...headers, origin }, body: 'x' })).status,
      ).toBe(401)
    }
    // A token that somebody sends on purpose is not ignored.
    expect((await content(server, `/sheets/${id}/entries`, token)).status).toBe(401)
  })

  test('[AU12] has no session by a cookie that only looks like ours', async () => {
    const host = ownHost(server, ledger)
    const cookie = await openLink(server, (await mintToken(server, 'ledgers', ledger)).url)
    // As a browser sends the names that it lets siblings plant: U+00A0, U+2000, U+FEFF in UTF-8, a vertical tab.
    for (const space of ['\xc2\xa0', '\xe2\x80\x80', '\xef\xbb\xbf', '\x0b']) {
      const lines = ['GET /entries HTTP/1.1', `Host: ${host}`, 'Connection: close']
      const answer = await raw(server, [...lines, `Cookie: a=b; ${space}${cookie}`, '', ''].join('\r\n'))
      expect(answer).toMatch(/^HTTP\/1\.1 401/)
    }
    expect((await send(server, { path: '/entries', headers: { host, cookie: `a=b;\t ${cookie}` } })).status).toBe(200)
  })

  test('[AU12] is not signed in by what another page embeds or fetches ahead', async () => {
    const { url } = await mintToken(server, 'ledgers', ledger)
    const { search } = new URL(url)
    const host = ownHost(server, ledger)
    const embedded = ['image', 'iframe', 'empty', 'script'].map((dest) => ({ 'sec-fetch-dest': dest }))
    for (const more of [...embedded, { 'sec-fetch-dest': 'document', 'sec-purpose': 'prefetch' }]) {
      const answer = await send(server, { path: `/${search}`, headers: { host, ...more } })
      expect([answer.status, answer.headers['set-cookie']]).toEqual([403, undefined])
    }
    // And the link is still good.
    const opened = await send(server, { path: `/${search}`, headers: { host, 'sec-fetch-dest': 'document' } })
    expect(opened.status).toBe(303)
  })

  test('[AU5] is led home by its link, whatever the path says', async () => {
    const { url } = await mintToken(server, 'ledgers', ledger)
    const { search } = new URL(url)
    const host = ownHost(server, ledger)
    const answer = await send(server, { path: `//evil.example/${search}`, headers: { host } })
    expect([answer.status, answer.headers.location]).toEqual([303, `http://${host}//evil.example/`])
  })
})
