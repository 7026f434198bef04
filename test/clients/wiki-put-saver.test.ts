// Wikis at their own address, saved by the real saver of TiddlyWiki and by API clients.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { TIDDLYWIKI_VERSION } from '../../src/types/wiki/generated/assets.ts'
import { ROOT, startServer, type TestServer } from '../support/server.ts'
import { createTokenSigner } from '../../src/identity/token.ts'
import { createWiki, grant, OwnOrigin } from './own-origin.ts'
import { OpenTab } from './tiddlywiki-saver.ts'
import { HTML, page, wikiApi } from './wiki-api.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})

const { api, versionCount } = wikiApi(() => server)

describe('a new wiki', () => {
  test('[WK1] is a TiddlyWiki, the same at both its addresses, and stores nothing', async () => {
    const wiki = await createWiki(server)
    const main = await api(wiki, 'GET')
    expect(main.status).toBe(200)
    expect(main.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const text = await main.text()
    expect(text).toContain(`<meta name="tiddlywiki-version" content="${TIDDLYWIKI_VERSION}"`)
    const own = await OwnOrigin.open(server, wiki)
    expect((await own.send('GET', '/')).text).toBe(text)
    expect(await versionCount(wiki)).toBe(0)
  })

  test('[WK1] finds its core at its address on every host, and at the relative name below the wiki', async () => {
    const wiki = await createWiki(server)
    const own = await OwnOrigin.open(server, wiki)
    const address = /<script src="(\/assets\/[^"]+)"/.exec((await own.send('GET', '/')).text)?.[1] ?? ''
    const onOwn = await own.send('GET', address)
    expect(onOwn.status).toBe(200)
    expect(onOwn.headers['content-type']).toContain('text/javascript')
    expect(onOwn.headers['cache-control']).toContain('immutable')
    expect(onOwn.text).toContain('preloadTiddlerArray')
    expect(await (await fetch(server.url + address)).text()).toBe(onOwn.text)
    const relative = await own.send('GET', `/tiddlywikicore-${TIDDLYWIKI_VERSION}.js`)
    expect(relative.status).toBe(200)
    expect(relative.text).toBe(onOwn.text)
    const compressed = await own.send('GET', address, { 'accept-encoding': 'gzip' })
    expect(compressed.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(compressed.body).toString()).toBe(onOwn.text)
  })
})

test('[WK13] the core of every release is at its address, and at the name that TiddlyWiki assumes beside a wiki', async () => {
  const list = readFileSync(join(ROOT, 'scripts/released-cores.json'), 'utf8')
  const released = JSON.parse(list) as { version: string; hash: string }[]
  // Lines are only ever added: a wiki that was saved with one of them names it for ever.
  expect(released).toContainEqual({ version: '5.4.1', hash: 'c14181be79d0' })
  expect(released.map(({ version }) => version)).toContain(TIDDLYWIKI_VERSION)
  const wiki = await createWiki(server)
  for (const { version, hash } of released) {
    const core = await (await fetch(`${server.url}/assets/tiddlywikicore-${version}.${hash}.js`)).text()
    expect(createHash('sha256').update(core).digest('hex').slice(0, 12)).toBe(hash)
    expect((await (await api(wiki, 'GET', `tiddlywikicore-${version}.js`)).text()) === core).toBe(true)
  }
})

describe("TiddlyWiki's saver", () => {
  test('[WK2] turns itself on, saves with the tag it was given, and saves again', async () => {
    const wiki = await createWiki(server)
    const own = await OwnOrigin.open(server, wiki)
    const tab = await OpenTab.open(own)
    expect(await tab.save(page('one'))).toBeNull()
    expect(await tab.save(page('two'))).toBeNull()
    const [loaded, ...rest] = tab.exchanges
    expect(rest.map(({ method }) => method).toSorted()).toEqual(['HEAD', 'OPTIONS', 'PUT', 'PUT'])
    const [first, second] = rest.filter(({ method }) => method === 'PUT')
    expect(first?.headers).toMatchObject({ 'if-match': loaded?.answer.headers.etag, 'x-requested-with': 'TiddlyWiki' })
    expect(second?.headers['if-match']).toBe(first?.answer.headers.etag)
    expect((await own.send('GET', '/')).text).toBe(page('two'))
  })

  test('[WK2] in a second tab that is behind is told so, and overwrites nothing', async () => {
    const wiki = await createWiki(server)
    const own = await OwnOrigin.open(server, wiki)
    const [left, right] = await Promise.all([OpenTab.open(own), OpenTab.open(own)])
    expect(await left.save(page('left'))).toBeNull()
    const alert = await right.save(page('right'))
    expect(alert).toMatch(
      /^Error\/PutEditConflict\n\nThis wiki was saved by somebody else.*Nothing was overwritten\..*reload/s,
    )
    expect((await own.send('GET', '/')).text).toBe(page('left'))
    expect(await left.save(page('left again'))).toBeNull()
  })

  test('[WK2] of a reader is on, so that its refusal can say that nothing was saved', async () => {
    const wiki = await createWiki(server)
    const own = await OwnOrigin.open(server, await grant(server, wiki.id, 'read'))
    const tab = await OpenTab.open(own)
    expect(await tab.save(page('no'))).toMatch(/^Error\/PutForbidden\n\n.*Nothing was saved\./s)
    expect(await versionCount(wiki)).toBe(0)
  })

  test('[WK2] without a session learns what to do', async () => {
    const wiki = await createWiki(server, 'write', { visibility: 'public-read' })
    const tab = await OpenTab.open(new OwnOrigin(server, wiki.id))
    expect(tab.exchanges[0]?.answer.status).toBe(200)
    expect(await tab.save(page('no'))).toMatch(/^Error\/PutUnauthorized\n\n.*open the link to the wiki again/s)
  })

  test('[WK2] of a deleted wiki learns that it is gone', async () => {
    const wiki = await createWiki(server)
    const tab = await OpenTab.open(await OwnOrigin.open(server, wiki))
    expect((await server.fetch(`/v1/wikis/${wiki.id}`, { method: 'DELETE' })).status).toBe(200)
    expect(await tab.save(page('late'))).toMatch(/deleted.*Nothing was saved\./s)
  })

  test('[WK3] keeps working at the size of a wiki with its core inside', async () => {
    const wiki = await createWiki(server)
    const own = await OwnOrigin.open(server, wiki)
    const tab = await OpenTab.open(own)
    const large = await (await api(wiki, 'GET', 'export')).text()
    expect(large.length).toBeGreaterThan(2_000_000)
    expect(await tab.save(large)).toBeNull()
    expect((await own.send('GET', '/')).text === large).toBe(true)
    const compressed = await own.send('GET', '/', { 'accept-encoding': 'gzip' })
    expect(gunzipSync(compressed.body).toString() === large).toBe(true)
    const hash = createHash('sha256').update(large).digest('hex').slice(0, 32)
    expect(compressed.headers.etag).toBe(`"${hash}"`)
  })
})

describe('a cookie', () => {
  test('[WK2] changes nothing without X-Requested-With, and nothing from another origin', async () => {
    const wiki = await createWiki(server)
    const own = await OwnOrigin.open(server, wiki)
    expect((await own.send('PUT', '/', HTML, page('no'))).status).toBe(403)
    const scripted = { ...HTML, 'x-requested-with': 'TiddlyWiki' }
    expect((await own.send('PUT', '/', { ...scripted, origin: 'http://evil.localhost' }, page('no'))).status).toBe(403)
    expect((await own.send('POST', '/versions/1/restore')).status).toBe(403)
    expect(await versionCount(wiki)).toBe(0)
    expect((await own.send('PUT', '/', scripted, page('yes'))).status).toBe(204)
  })
})

describe('a session', () => {
  test('[WK3] that is renewed on the way gets the same page, in the same form', async () => {
    const wiki = await createWiki(server)
    const fresh = await OwnOrigin.open(server, wiki)
    const { deployment, tokenKeys } = server.secrets
    const now = Math.floor(Date.now() / 1000)
    const claims = { use: 'session', type: 'wiki', resource: wiki.id, permission: 'write', generation: 1 } as const
    const signer = createTokenSigner(deployment, tokenKeys)
    const old = await signer.mint({ ...claims, expiresAt: now + 3600, endsAt: now + 30 * 86_400 })
    for (const coding of ['gzip', 'identity']) {
      const wanted = await fresh.send('GET', '/', { 'accept-encoding': coding })
      const headers = { 'accept-encoding': coding, cookie: `__Host-biplane=${old}` }
      const renewed = await new OwnOrigin(server, wiki.id).send('GET', '/', headers)
      expect(renewed.headers['set-cookie']?.[0]).toMatch(/^__Host-biplane=.*HttpOnly; Secure; SameSite=Lax$/)
      expect(renewed.headers['content-encoding']).toBe(wanted.headers['content-encoding'])
      expect(renewed.body.equals(wanted.body)).toBe(true)
    }
  })
})

describe('API clients', () => {
  test('[WK2] without If-Match overwrite, and the version before is kept', async () => {
    const wiki = await createWiki(server)
    for (const text of ['one', 'two'])
      expect((await api(wiki, 'PUT', '', { body: page(text), headers: HTML })).status).toBe(204)
    expect(await (await api(wiki, 'GET')).text()).toBe(page('two'))
    expect(await (await api(wiki, 'GET', 'versions/1')).text()).toBe(page('one'))
  })

  test.each(['weak', 'strong', 'unquoted', 'any'])('[WK2] may send a tag in %s form', async (form) => {
    const wiki = await createWiki(server)
    const etag = (await api(wiki, 'HEAD')).headers.get('etag') ?? ''
    const forms: Record<string, string> = { weak: `W/${etag}`, strong: etag, unquoted: etag.slice(1, -1), any: '*' }
    const saved = await api(wiki, 'PUT', '', { body: page('x'), headers: { ...HTML, 'if-match': forms[form] ?? '' } })
    expect(saved.status).toBe(204)
    const cached = await api(wiki, 'GET', '', { headers: { 'if-none-match': `W/${saved.headers.get('etag')}` } })
    expect(cached.status).toBe(304)
    expect(cached.headers.get('etag')).toBe(saved.headers.get('etag'))
  })

  test('[WK2] of ten concurrent saves with one tag, exactly one is stored', async () => {
    const wiki = await createWiki(server)
    const etag = (await api(wiki, 'HEAD')).headers.get('etag') ?? ''
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        api(wiki, 'PUT', '', { body: page(`${index}`), headers: { ...HTML, 'if-match': etag } }),
      ),
    )
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      204,
      ...Array.from({ length: 9 }, () => 412),
    ])
    const winner = answers.findIndex(({ status }) => status === 204)
    expect(await (await api(wiki, 'GET')).text()).toBe(page(`${winner}`))
    expect(await versionCount(wiki)).toBe(1)
  })

  test('[WK2] If-None-Match: * saves only a wiki that was never saved', async () => {
    const wiki = await createWiki(server)
    const headers = { ...HTML, 'if-none-match': '*' }
    expect((await api(wiki, 'PUT', '', { body: page('one'), headers })).status).toBe(204)
    expect((await api(wiki, 'PUT', '', { body: page('two'), headers })).status).toBe(412)
  })

  test('[WK2] may repeat a save whose answer was lost', async () => {
    const wiki = await createWiki(server)
    const etag = (await api(wiki, 'HEAD')).headers.get('etag') ?? ''
    const init = { body: page('once'), headers: { ...HTML, 'if-match': etag } }
    const [first, again] = [await api(wiki, 'PUT', '', init), await api(wiki, 'PUT', '', init)]
    expect([first.status, again.status]).toEqual([204, 204])
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'))
    expect(await versionCount(wiki)).toBe(1)
  })

  test('[WK3] get the same bytes compressed and plain, and caches keep the two apart', async () => {
    const wiki = await createWiki(server)
    const text = page(`\u{feff}é\u{1f600}\r\n${'x'.repeat(5000)}`)
    await api(wiki, 'PUT', '', { body: text, headers: HTML })
    const headers = { authorization: `Bearer ${wiki.token}` }
    const other = new OwnOrigin(server, wiki.id)
    const plain = await other.send('GET', '/', headers)
    const gzip = await other.send('GET', '/', { ...headers, 'accept-encoding': 'gzip' })
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(gzip.headers['content-encoding']).toBe('gzip')
    expect(gzip.body.length).toBeLessThan(500)
    expect(plain.body).toEqual(Buffer.from(text))
    expect(gunzipSync(gzip.body)).toEqual(Buffer.from(text))
    expect([plain.headers.vary, gzip.headers.vary]).toEqual(['Accept-Encoding', 'Accept-Encoding'])
    expect(gzip.headers.etag).toBe(plain.headers.etag)
  })

  test('[WK2] get problem documents everywhere but on a save', async () => {
    const wiki = await createWiki(server)
    const missing = await api(wiki, 'GET', 'nothing')
    expect(missing.status).toBe(404)
    expect(missing.headers.get('content-type')).toBe('application/problem+json')
  })
})

test('[WK3] a save that was answered is there after everything was killed', async () => {
  const own = await startServer()
  const wiki = await createWiki(own)
  const url = `${own.url}/wikis/${wiki.id}/`
  const headers = { authorization: `Bearer ${wiki.token}`, ...HTML }
  expect((await fetch(url, { method: 'PUT', body: page('kept'), headers })).status).toBe(204)
  await own.kill9()
  await own.start()
  expect(await (await fetch(url, { headers })).text()).toBe(page('kept'))
})
