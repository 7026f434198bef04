// From a file to tiddlers and back.

import { beforeAll, describe, expect, test } from 'vitest'
import { json } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { core, makeSingleFile, pageWithStores, tiddlersIn, type Fields } from './made-wikis.ts'
import { createWiki, grant, OwnOrigin, type CreatedWiki } from './own-origin.ts'
import { historyOf, pathOf, tiddlyWebApi } from './tiddlyweb-api.ts'
import { HTML } from './wiki-api.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
const { api, make, put, remove, get } = tiddlyWebApi(() => server)

const NASTY = '</script><script>alert(1)</script><!-- \u2028 \\ " $& \u{1f600}'
const WRITTEN: readonly Fields[] = [
  { title: 'Monday', text: 'We met.', tags: '[[a b]] c', created: '20260101000000000', custom: 'x' },
  { title: `Odd ${NASTY}`, text: NASTY },
  { title: 'No text', _canonical_uri: './picture.png' },
  { title: '$:/SiteTitle', text: 'Ships & Sails' },
]

interface Info {
  readonly storage: string
  readonly size_bytes: number
  readonly tiddlers?: number
  readonly versions: number
}

const to = (wiki: CreatedWiki, storage: string): Promise<Response> =>
  api(wiki, 'POST', 'convert', json('POST', { storage }))
const bring = (wiki: CreatedWiki, html: string): Promise<Response> =>
  api(wiki, 'POST', 'import', { body: html, headers: HTML })
const info = (wiki: CreatedWiki): Promise<Info> => get<Info>(wiki, 'info')
/** Without what is true of one page or one person only, and is no content. */
const byTitle = (tiddlers: readonly Fields[]): Map<string | undefined, Fields> =>
  new Map(
    tiddlers
      .filter(({ title = '' }) => !/^\$:\/(isEncrypted$|StoryList$|status\/|boot\/)/.test(title))
      .map((fields) => [fields['title'], fields]),
  )
const contentOf = async (wiki: CreatedWiki): Promise<Map<string | undefined, Fields>> =>
  byTitle(await get<Fields[]>(wiki, 'tiddlers.json'))
const pageOf = async (wiki: CreatedWiki, path = ''): Promise<string> => (await api(wiki, 'GET', path)).text()

describe('a wiki that is converted', () => {
  test('[WK12] to tiddlers and back has what it had, and what was changed between', async () => {
    const wiki = await createWiki(server)
    await bring(wiki, makeSingleFile([...WRITTEN]))
    const [before, page] = [await contentOf(wiki), await pageOf(wiki)]
    expect(await info(wiki)).toMatchObject({ storage: 'file', size_bytes: Buffer.byteLength(page), versions: 1 })

    expect(await (await to(wiki, 'tiddlers')).json()).toEqual({ storage: 'tiddlers' })
    expect(await contentOf(wiki)).toEqual(before)
    expect(await info(wiki)).toMatchObject({ storage: 'tiddlers', encrypted: false, versions: 1 })
    expect((await api(wiki, 'OPTIONS')).headers.get('dav')).toBe(null)
    // The file as it was is still a version, which is not what the wiki is now.
    expect(await pageOf(wiki, 'versions/1')).toBe(page)
    expect(await get(wiki, 'versions')).toMatchObject({ data: [{ version: 1, current: false }] })
    expect((await api(wiki, 'POST', 'versions/1/restore')).status).toBe(403)
    await put(wiki, 'Monday', { text: 'We met again.' })
    await remove(wiki, 'No text')

    expect((await to(wiki, 'file')).status).toBe(200)
    const after = await contentOf(wiki)
    expect(after.get('Monday')).toEqual({ title: 'Monday', text: 'We met again.' })
    expect(after.has('No text')).toBe(false)
    expect(after.get(`Odd ${NASTY}`)).toEqual(before.get(`Odd ${NASTY}`))
    expect((await api(wiki, 'OPTIONS')).headers.get('dav')).toBe('1')
    expect((await api(wiki, 'GET', pathOf('Monday'))).status).toBe(404)
    expect(await info(wiki)).toMatchObject({ storage: 'file', versions: 2 })
    const titles = tiddlersIn(await pageOf(wiki)).map(({ title }) => title)
    expect(titles).toContain('$:/plugins/biplane/hosting')
    expect(titles).not.toContain('$:/plugins/tiddlywiki/tiddlyweb')
    expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([])

    // Once more: what was earlier is still known.
    expect((await to(wiki, 'tiddlers')).status).toBe(200)
    expect(await contentOf(wiki)).toEqual(after)
    expect(await get(wiki, 'bags/default/deleted')).toMatchObject({ data: [{ title: 'No text' }] })
    expect((await get<{ data: unknown[] }>(wiki, historyOf('Monday'))).data.length).toBeGreaterThan(1)
  })

  test('[WK12] to what it is already stays as it is, and to anything else is refused', async () => {
    const wiki = await make()
    await put(wiki, 'A', { text: 'a' })
    expect(await (await to(wiki, 'tiddlers')).json()).toEqual({ storage: 'tiddlers' })
    expect((await to(wiki, 'paper')).status).toBe(400)
    expect((await api(wiki, 'POST', 'convert', { body: 'x'.repeat(5000) })).status).toBe(400)
    expect(await get(wiki, pathOf('A'))).toMatchObject({ revision: 1 })
  })

  test('[WK12] empty is empty, and one that was never saved is never saved', async () => {
    const wiki = await createWiki(server)
    expect((await to(wiki, 'tiddlers')).status).toBe(200)
    expect(await info(wiki)).toMatchObject({ tiddlers: 0, versions: 0 })
    expect((await to(wiki, 'file')).status).toBe(200)
    expect(await contentOf(wiki)).toEqual(new Map())
  })

  test.each([
    ['encrypted', '<html><body><pre id="encryptedStoreArea" type="text/plain">{}</pre></body></html>', /encrypted/],
    ['too old', '<html><div id="storeArea"><div title="Old"><pre>x</pre></div></div></html>', /before TiddlyWiki 5.2/],
    ['of a newer release', pageWithStores(`[${core('99.0.0')}]`), /99\.0\.0/],
    ['no TiddlyWiki', '<html><body>hello</body></html>', /no store/],
  ])('[WK12] is refused when it is %s, and stays as it is', async (_, html, words) => {
    const wiki = await createWiki(server)
    await api(wiki, 'PUT', '', { body: html, headers: HTML })
    const refused = await to(wiki, 'tiddlers')
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringMatching(words)])
    expect([await pageOf(wiki), (await info(wiki)).storage]).toEqual([html, 'file'])
  })

  test('[WK12] needs the permission to write, and a script of the page when a cookie asks for it', async () => {
    const wiki = await createWiki(server)
    expect((await to(await grant(server, wiki.id, 'read'), 'tiddlers')).status).toBe(403)
    const own = await OwnOrigin.open(server, wiki)
    const body = '{"storage":"tiddlers"}'
    expect((await own.send('POST', '/convert', {}, body)).status).toBe(403)
    expect((await own.send('POST', '/convert', { 'x-requested-with': 'x' }, body)).status).toBe(200)
  })
})

/** Enough for a conversion to take several turns. */
const many = (count: number): Fields[] =>
  Array.from({ length: count }, (_, index) => ({
    title: `Tiddler ${index}`,
    text: `${index} `.repeat(200),
    n: `${index}`,
  }))

describe('what happens during a conversion', () => {
  test('[WK12] no save is lost: it is in the wiki, or refused, or a version', async () => {
    const file = makeSingleFile(many(1500))
    const wiki = await createWiki(server)
    await bring(wiki, file)
    const html = await pageOf(wiki)
    const done = new AbortController()
    const converting = to(wiki, 'tiddlers').then(async (answer) => {
      done.abort()
      return [answer.status, await answer.text()] as const
    })
    const saved: string[] = []
    for (let save = 0; !done.signal.aborted && save < 20; save++) {
      const text = `saved as ${save}`
      const body = html.replace('"title":"Tiddler 7",', `"title":"Tiddler 7","mark":"${text}",`)
      const { status } = await api(wiki, 'PUT', '', { body, headers: HTML })
      if (status === 204) saved.push(text)
      else expect(status === 412 || status === 403).toBe(true)
    }
    const [status, words] = await converting
    expect(status === 200 || (status === 409 && words.includes('a little later'))).toBe(true)
    const now = (await contentOf(wiki)).get('Tiddler 7')?.['mark']
    expect(now).toBe(saved.at(-1))
    expect((await contentOf(wiki)).size).toBe(1500)
    expect((await info(wiki)).versions).toBe(1 + saved.length)
  })

  test('[WK12] no tiddler is lost that is saved while the wiki becomes a file', async () => {
    const file = makeSingleFile(many(1500))
    const wiki = await make()
    await bring(wiki, file)
    const done = new AbortController()
    const converting = to(wiki, 'file').then(({ status }) => {
      done.abort()
      return status
    })
    const saved: string[] = []
    for (let save = 0; !done.signal.aborted && save < 40; save++) {
      const { status } = await put(wiki, `Late ${save}`, { text: 'x' })
      if (status === 204) saved.push(`Late ${save}`)
      else expect(status === 412 || status === 404).toBe(true)
    }
    expect([200, 409]).toContain(await converting)
    const content = await contentOf(wiki)
    expect(saved.filter((title) => !content.has(title))).toEqual([])
    expect(content.size).toBe(1500 + saved.length)
  })

  test('[WK12] kill -9 leaves it as it was, or converted as a whole', async () => {
    const own = await startServer()
    const local = tiddlyWebApi(() => own)
    const html = makeSingleFile(many(1500))
    const wiki = await createWiki(own)
    await local.api(wiki, 'POST', 'import', { body: html, headers: HTML })
    const outcomes: string[] = []
    for (const [round, pauseMs] of [20, 120, 400].entries()) {
      const storage = round % 2 === 0 ? 'tiddlers' : 'file'
      const converting = local.api(wiki, 'POST', 'convert', json('POST', { storage })).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
      await own.kill9()
      await converting
      await own.start()
      const { storage: now } = await local.get<Info>(wiki, 'info')
      outcomes.push(now)
      expect(byTitle(await local.get<Fields[]>(wiki, 'tiddlers.json'))).toEqual(byTitle(many(1500)))
    }
    expect((await local.api(wiki, 'POST', 'convert', json('POST', { storage: 'tiddlers' }))).status).toBe(200)
    expect(byTitle(await local.get<Fields[]>(wiki, 'tiddlers.json'))).toEqual(byTitle(many(1500)))
    expect(outcomes).toHaveLength(3)
  })
})

describe('bringing and taking away', () => {
  test('[WK11] the tiddlers of a file join those of the wiki, and what they replace is in its history', async () => {
    const wiki = await make()
    await put(wiki, 'Monday', { text: 'mine' })
    await put(wiki, 'Own', { text: 'stays' })
    const answer = await bring(wiki, makeSingleFile([...WRITTEN, { title: '$:/StoryList', list: 'Monday' }]))
    expect(await answer.json()).toMatchObject({ converted: true, tiddlers: WRITTEN.length })
    const content = await contentOf(wiki)
    expect(content).toEqual(new Map([...byTitle(WRITTEN), ['Own', { title: 'Own', text: 'stays' }]]))
    const { data } = await get<{ data: { revision: number }[] }>(wiki, historyOf('Monday'))
    expect(data).toHaveLength(2)
    expect(await get(wiki, `${historyOf('Monday')}/${data[1]?.revision}`)).toMatchObject({ text: 'mine' })
    const refused = await bring(wiki, '<html><pre id="encryptedStoreArea">x</pre></html>')
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('encrypted')])
    expect(await contentOf(wiki)).toEqual(content)
  })

  test('[WK11, WK5] the export is one file with its core, and without what belongs to this server', async () => {
    const wiki = await make()
    await bring(wiki, makeSingleFile([...WRITTEN]))
    const answer = await api(wiki, 'GET', 'export')
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${wiki.id}.html"`)
    const tiddlers = byTitle(tiddlersIn(await answer.text()))
    for (const fields of WRITTEN) expect(tiddlers.get(fields['title'])).toEqual(fields)
    expect(tiddlers.has('$:/core')).toBe(true)
    for (const plugin of ['biplane/hosting', 'biplane/syncing', 'tiddlywiki/tiddlyweb'])
      expect(tiddlers.has(`$:/plugins/${plugin}`)).toBe(false)
  })
})
