// What may be saved, and that an upload is stored whole or not at all.

import { once } from 'node:events'
import { connect } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'
import { createWiki } from './own-origin.ts'
import { HTML, page, wikiApi } from './wiki-api.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})

const { api, versionCount } = wikiApi(() => server)

describe('an upload', () => {
  test.each([
    ['nothing', '', HTML],
    ['something else', 'hello', { 'content-type': 'text/plain' }],
    ['a compressed page', '<p>', { ...HTML, 'content-encoding': 'gzip' }],
  ])('[WK3] of %s is refused', async (_, body, headers) => {
    const wiki = await createWiki(server)
    const refused = await api(wiki, 'PUT', '', { body, headers })
    expect(refused.status).toBe(400)
    expect(refused.headers.get('content-type')).toContain('text/plain')
    expect(await versionCount(wiki)).toBe(0)
  })

  test('[WK3] may be streamed without a declared length', async () => {
    const wiki = await createWiki(server)
    const text = page('x'.repeat(300_000))
    const init = { body: new Blob([text]).stream(), headers: HTML, duplex: 'half' }
    expect((await api(wiki, 'PUT', '', init)).status).toBe(204)
    expect((await (await api(wiki, 'GET')).text()) === text).toBe(true)
  })

  test.each([
    ['declared', (bytes: Uint8Array<ArrayBuffer>) => ({ body: bytes })],
    ['streamed', (bytes: Uint8Array<ArrayBuffer>) => ({ body: new Blob([bytes]).stream(), duplex: 'half' })],
  ])('[WK3] of more than a wiki may have, %s, is refused', async (_, init) => {
    const wiki = await createWiki(server)
    for (const megabytes of [33, 49]) {
      const bytes = new Uint8Array(megabytes * 1024 ** 2).fill(60)
      // The server may close the connection while the client is still sending: then Node never gets to read the answer.
      const answer = await api(wiki, 'PUT', '', { ...init(bytes), headers: HTML }).catch(() => undefined)
      if (answer === undefined) continue
      expect([answer.status, answer.headers.get('content-type')]).toEqual([413, 'text/plain; charset=utf-8'])
      expect(await answer.text()).toContain('Nothing was saved.')
    }
    expect(await versionCount(wiki)).toBe(0)
  })

  test.each(['content-length: 500000', 'transfer-encoding: chunked'])(
    '[WK3] that breaks off (%s) changes nothing',
    async (length) => {
      const wiki = await createWiki(server)
      await api(wiki, 'PUT', '', { body: page('whole'), headers: HTML })
      const socket = connect(server.port, '127.0.0.1')
      await once(socket, 'connect')
      const head = [
        `PUT /wikis/${wiki.id}/ HTTP/1.1`,
        `host: 127.0.0.1:${server.port}`,
        `authorization: Bearer ${wiki.token}`,
      ]
      const part = page('torn').repeat(1000)
      const chunk = length.startsWith('transfer') ? `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n` : part
      socket.write(`${[...head, 'content-type: text/html', length].join('\r\n')}\r\n\r\n${chunk}`)
      // A request on another connection is answered after the part has arrived.
      await api(wiki, 'GET')
      socket.destroy()
      await once(socket, 'close')
      expect(await (await api(wiki, 'GET')).text()).toBe(page('whole'))
      expect(await versionCount(wiki)).toBe(1)
    },
  )
})
