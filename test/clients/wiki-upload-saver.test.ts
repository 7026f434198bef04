// Saving as UploadSaver does, over HTTP. The real saver, in a real browser, is in test/browser/wiki-saving.test.ts.

import { beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'
import { createWiki, grant, OwnOrigin, type Answer } from './own-origin.ts'
import { page, wikiApi } from './wiki-api.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})

const { api, versionCount } = wikiApi(() => server)

const BOUNDARY = '---------------------------AaB03x'
const UPLOAD = { 'content-type': `multipart/form-data; charset=UTF-8; boundary=${BOUNDARY}` }

/** As core/modules/savers/upload.js puts it together. */
function form(html: string): string {
  return [
    `--${BOUNDARY}\r\nContent-disposition: form-data; name="UploadPlugin"\r\n`,
    'backupDir=.;user=m\u00fc;password=secret;uploaddir=.;;',
    `\r\n--${BOUNDARY}`,
    'Content-disposition: form-data; name="userfile"; filename="index.html"',
    'Content-Type: text/html;charset=UTF-8',
    `Content-Length: ${html.length}\r\n`,
    `${html}\r\n--${BOUNDARY}--\r\n`,
  ].join('\r\n')
}

async function expectRefused(answer: Promise<Answer>, words: RegExp): Promise<void> {
  const { status, text } = await answer
  expect([status, text.startsWith('0 - ')]).toEqual([200, false])
  expect(text).toMatch(words)
}

describe('an upload by UploadSaver', () => {
  test.each(['/', '/store.php'])('[WK8] to %s saves, and keeps the version before', async (path) => {
    const wiki = await createWiki(server)
    const own = await OwnOrigin.open(server, wiki)
    // A page may contain what looks like the end of the form.
    const pages = [page('one \u00fc'), page(`two\r\n--${BOUNDARY}--\r\nContent-disposition: name="userfile"\r\n\r\n`)]
    for (const html of pages) {
      const saved = await own.send('POST', path, UPLOAD, form(html))
      expect([saved.status, saved.text.slice(0, 4)]).toEqual([200, '0 - '])
      expect((await own.send('GET', '/')).text).toBe(html)
    }
    expect(await (await api(wiki, 'GET', 'versions/1')).text()).toBe(pages[0])
  })

  test('[WK8] carries its token as a password or in the address, where there is no session', async () => {
    const wiki = await createWiki(server)
    const url = `${server.url}/wikis/${wiki.id}/`
    const basic = `Basic ${Buffer.from(`anybody:${wiki.token}`).toString('base64')}`
    const init = { method: 'POST', body: form(page('x')) }
    const answers = [
      await fetch(url, { ...init, headers: { ...UPLOAD, authorization: basic } }),
      await fetch(`${url}?access_token=${wiki.token}`, { ...init, headers: UPLOAD }),
    ]
    for (const answer of answers) expect(await answer.text()).toMatch(/^0 - /)
  })

  test('[WK8] may be made by any other client that sends forms', async () => {
    const wiki = await createWiki(server)
    const body = new FormData()
    body.append('UploadPlugin', 'backupDir=.;;')
    body.append('userfile', new File([page('by a form')], 'index.html', { type: 'text/html' }))
    expect(await (await api(wiki, 'POST', '', { body })).text()).toMatch(/^0 - /)
    expect(await (await api(wiki, 'GET')).text()).toBe(page('by a form'))
  })

  test('[WK8] that is refused is told in the only way that this saver shows', async () => {
    const wiki = await createWiki(server)
    const own = await OwnOrigin.open(server, wiki)
    const body = form(page('no'))
    const reader = await OwnOrigin.open(server, await grant(server, wiki.id, 'read'))
    await expectRefused(reader.send('POST', '/', UPLOAD, body), /allows "read".* Nothing was saved/s)
    await expectRefused(new OwnOrigin(server, wiki.id).send('POST', '/', UPLOAD, body), /Nothing was saved/)
    await expectRefused(own.send('POST', '/', { ...UPLOAD, authorization: 'Bearer no' }, body), /Nothing was saved/)
    await expectRefused(
      own.send('POST', '/', { ...UPLOAD, origin: 'http://evil.localhost' }, body),
      /Nothing was saved/,
    )
    await expectRefused(own.send('POST', '/', UPLOAD, form('')), /empty/)
    await expectRefused(own.send('POST', '/', UPLOAD, form('{}')), /no HTML page|text\/html/)
    await expectRefused(own.send('POST', '/', UPLOAD, body.slice(0, -8)), /no file/)
    await expectRefused(own.send('POST', '/', UPLOAD, body.replace('userfile', 'other')), /no file/)
    await expectRefused(own.send('POST', '/', { 'content-type': 'multipart/form-data' }, body), /no file/)
    expect(await versionCount(wiki)).toBe(0)
    await server.fetch(`/v1/wikis/${wiki.id}`, { method: 'DELETE' })
    await expectRefused(own.send('POST', '/', UPLOAD, body), /deleted/)
  })

  test('[WK8] [WK11] to a wiki that is stored by tiddlers is refused, too', async () => {
    const wiki = await createWiki(server, 'write', { params: { storage: 'tiddlers' } })
    const own = await OwnOrigin.open(server, wiki)
    for (const path of ['/', '/store.php'])
      expect((await own.send('POST', path, UPLOAD, form(page('no')))).text).toMatch(/^This wiki is stored by tiddlers/)
  })

  test('[WK8] is the only change that a cookie makes without X-Requested-With', async () => {
    const wiki = await createWiki(server)
    const own = await OwnOrigin.open(server, wiki)
    expect((await own.send('POST', '/import', UPLOAD, form(page('x')))).text).toContain('X-Requested-With')
    expect((await own.send('POST', '/', { 'content-type': 'text/html' }, page('x'))).status).toBe(403)
    expect(await versionCount(wiki)).toBe(0)
  })
})
