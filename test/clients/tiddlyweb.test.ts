// Wikis that are stored by tiddlers, as TiddlyWeb's clients see them.

import { beforeAll, describe, expect, test } from 'vitest'
import { json } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { createWiki } from './own-origin.ts'
import { historyOf, LIST, pathOf, storeOf, tiddlyWebApi } from './tiddlyweb-api.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
const { api, make, put, remove, get } = tiddlyWebApi(() => server)

const STRANGE_TITLES = [
  'Plain',
  'a/b',
  'a%2Fb',
  '100 % sure?',
  '#hash & plus+',
  'Größe: ½ 漢字 👩‍👧',
  'it\'s "quoted" <b>',
  'back\\slash',
  'revisions/1',
  '  spaces  ',
]

describe('a tiddler', () => {
  test('[WK11] is stored under any title, and served as the reference server does', async () => {
    const wiki = await make()
    for (const [index, title] of STRANGE_TITLES.entries()) {
      const fields = {
        title,
        tags: ['one', 'two words'],
        text: `text ${index}`,
        type: 'text/plain',
        fields: { color: 'red' },
      }
      const saved = await put(wiki, title, fields)
      expect([saved.status, saved.headers.get('etag')]).toEqual([
        204,
        `"default/${encodeURIComponent(title)}/${index + 1}:"`,
      ])
      const answer = await api(wiki, 'GET', pathOf(title))
      expect(answer.headers.get('etag')).toBe(saved.headers.get('etag'))
      expect(await answer.json()).toEqual({
        title,
        tags: 'one [[two words]]',
        text: `text ${index}`,
        type: 'text/plain',
        fields: { color: 'red' },
        bag: 'default',
        revision: index + 1,
      })
    }
    const titles = (await get<{ title: string }[]>(wiki, LIST)).map(({ title }) => title)
    expect(new Set(titles)).toEqual(new Set(STRANGE_TITLES))
    for (const title of STRANGE_TITLES) {
      expect((await remove(wiki, title)).status).toBe(204)
      expect((await api(wiki, 'GET', pathOf(title))).status).toBe(404)
    }
    expect(await get(wiki, LIST)).toEqual([])
  })

  test('[WK11] keeps its text when only the rest is sent', async () => {
    const wiki = await make()
    await put(wiki, 'Long', { text: 'kept', tags: 'old' })
    expect((await put(wiki, 'Long', { tags: 'new', fields: { _is_skinny: '' } })).headers.get('etag')).toContain('/2:')
    expect(await get(wiki, pathOf('Long'))).toMatchObject({ text: 'kept', tags: 'new' })
    await put(wiki, 'Long', { tags: 'new' })
    expect(await get(wiki, pathOf('Long'))).not.toHaveProperty('text')
  })

  test('[WK11] keeps every field, whatever its name', async () => {
    const wiki = await make()
    const fields = JSON.parse('{"__proto__":"a","constructor":"b","fields":"c","Ünï":"d","empty":""}') as object
    await put(wiki, 'Odd', { text: '', fields })
    const { fields: stored } = await get<{ fields: object }>(wiki, pathOf('Odd'))
    expect(new Map(Object.entries(stored))).toEqual(new Map(Object.entries(fields)))
  })

  test('[WK11] may be large, and is refused in words when it is too large', async () => {
    const wiki = await make()
    const text = 'ü<'.repeat(1_500_000)
    expect((await put(wiki, 'Large', { text })).status).toBe(204)
    expect((await get<{ text: string }>(wiki, pathOf('Large'))).text === text).toBe(true)
    const refused = await put(wiki, 'Huge', { text: 'x'.repeat(17 * 1024 ** 2) })
    expect([refused.status, await refused.text()]).toEqual([413, expect.stringContaining('at most 16777216 bytes')])
    const page = await (await api(wiki, 'GET')).text()
    expect(storeOf(page).find(({ title }) => title === 'Large')?.['text'] === text).toBe(true)
  })

  test.each([
    ['[]', 'a JSON object of its fields'],
    ['{"text":{}}', 'The field "text" is no text'],
    ['{"fields":{"a":[1]}}', 'The field "a" is no text'],
    ['{"text":', 'no JSON'],
    ['"\xff"', 'a JSON object'],
  ])('[WK11] %j is refused, and changes nothing', async (body, words) => {
    const wiki = await make()
    const answer = await api(wiki, 'PUT', pathOf('Bad'), { body, headers: { 'content-type': 'application/json' } })
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(words)])
    expect(await get(wiki, LIST)).toEqual([])
    expect((await api(wiki, 'GET', 'recipes/default/tiddlers/%zz')).status).toBe(400)
  })

  test('[WK11] is not overwritten by somebody who names the revision that he knows', async () => {
    const wiki = await make()
    const first = (await put(wiki, 'Shared', { text: 'one' })).headers.get('etag') ?? ''
    const second = (await put(wiki, 'Shared', { text: 'two' }, { 'if-match': first })).headers.get('etag') ?? ''
    const late = await put(wiki, 'Shared', { text: 'three' }, { 'if-match': first })
    expect([late.status, await late.text()]).toEqual([412, expect.stringContaining('changed by somebody else')])
    expect((await remove(wiki, 'Shared', { 'if-match': first })).status).toBe(412)
    expect((await put(wiki, 'Shared', { text: 'x' }, { 'if-none-match': '*' })).status).toBe(412)
    expect((await remove(wiki, 'Shared', { 'if-match': second })).status).toBe(204)
    expect((await put(wiki, 'Shared', { text: 'x' }, { 'if-match': second })).status).toBe(412)
  })
})

describe('the list that clients poll', () => {
  test('[WK11] has no texts, says what changed by the revision, and costs nothing when nothing did', async () => {
    const wiki = await make()
    await put(wiki, 'A', { text: 'a', tags: 't', type: 'text/plain' })
    await put(wiki, '$:/Mine', { text: 'system' })
    const first = await api(wiki, 'GET', LIST)
    expect(await first.json()).toEqual([{ title: 'A', tags: 't', type: 'text/plain', bag: 'default', revision: 1 }])
    const etag = first.headers.get('etag') ?? ''
    const again = (): Promise<Response> => api(wiki, 'GET', LIST, { headers: { 'if-none-match': etag } })
    expect((await again()).status).toBe(304)
    // The answer to the first attempt was lost: nothing changes by the second.
    expect((await put(wiki, 'A', { text: 'a', tags: 't', type: 'text/plain' })).headers.get('etag')).toContain('/1:')
    expect((await again()).status).toBe(304)
    await put(wiki, 'A', { text: 'b' })
    expect(await (await again()).json()).toEqual([
      { title: 'A', type: 'text/vnd.tiddlywiki', bag: 'default', revision: 3 },
    ])
    await remove(wiki, 'A')
    expect(await (await again()).json()).toEqual([])
  })

  test('[WK11] has system tiddlers when the wiki says so, with all that the page has beside them', async () => {
    const wiki = await make()
    await put(wiki, '$:/config/SyncSystemTiddlersFromServer', { text: 'yes' })
    const titles = (await get<{ title: string }[]>(wiki, LIST)).map(({ title }) => title)
    const page = storeOf(await (await api(wiki, 'GET')).text()).map(({ title }) => title)
    expect(new Set(titles)).toEqual(new Set(page))
    expect(page).toContain('$:/themes/tiddlywiki/vanilla')
  })

  test('[WK11] knows the two filters of the reference server, and no other', async () => {
    const wiki = await make()
    expect(await get(wiki, 'recipes/default/tiddlers.json')).toEqual([])
    expect((await api(wiki, 'GET', 'recipes/default/tiddlers.json?filter=[all[]]')).status).toBe(403)
    expect((await api(wiki, 'GET', 'recipes/default/tiddlers.json?exclude=tags')).status).toBe(400)
  })
})

describe('the page', () => {
  test('[WK11] is the shell with all tiddlers and their revisions, and nothing of a tiddler leaves its store', async () => {
    const wiki = await make()
    const evil = '</script><script>alert(1)</script><!--<script>'
    await put(wiki, evil, { text: evil, tags: [evil], fields: { [evil]: evil } })
    await put(wiki, 'No text', { fields: { _canonical_uri: 'a.png' } })
    const answer = await api(wiki, 'GET')
    const html = await answer.text()
    expect(html.slice(html.indexOf('<body')).match(/<script/g)).toHaveLength(2)
    const store = storeOf(html)
    expect(store.slice(-2)).toEqual([
      { title: evil, text: evil, tags: evil, [evil]: evil, bag: 'default', revision: '1' },
      { title: 'No text', _canonical_uri: 'a.png', bag: 'default', revision: '2' },
    ])
    expect(store.map(({ title }) => title)).toContain('$:/plugins/tiddlywiki/tiddlyweb')
    const etag = answer.headers.get('etag') ?? ''
    expect((await api(wiki, 'GET', '', { headers: { 'if-none-match': etag } })).status).toBe(304)
    await put(wiki, 'More', { text: '' })
    expect((await api(wiki, 'GET', '', { headers: { 'if-none-match': etag } })).status).toBe(200)
  })

  test('[WK11] cannot be saved as a whole, and does not ask to be', async () => {
    const wiki = await make()
    const options = await api(wiki, 'OPTIONS')
    expect([options.status, options.headers.get('dav')]).toEqual([200, null])
    const refused = await api(wiki, 'PUT', '', { body: '<html></html>', headers: { 'content-type': 'text/html' } })
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('stored by tiddlers')])
    expect(await get(wiki, 'versions')).toEqual({ data: [] })
  })

  test('[WK11] has a theme of the wiki in place of its own, and never what only one browser needs', async () => {
    const wiki = await make()
    const theme = '$:/themes/tiddlywiki/snowwhite'
    await put(wiki, theme, { text: '{"tiddlers":{}}', type: 'application/json', fields: { 'plugin-type': 'theme' } })
    for (const title of ['$:/StoryList', '$:/core', '$:/plugins/biplane/hosting', '$:/temp/x']) {
      const saved = await put(wiki, title, { text: 'not ours' })
      expect([saved.status, saved.headers.get('etag')]).toEqual([204, `"default/${encodeURIComponent(title)}/0:"`])
    }
    const store = storeOf(await (await api(wiki, 'GET')).text())
    expect(store.filter(({ title }) => title === theme)).toHaveLength(1)
    expect(store.filter(({ text }) => text === 'not ours')).toEqual([])
  })
})

describe('the two storages', () => {
  test('[WK11] do not mix: a wiki that is a file knows nothing of TiddlyWeb', async () => {
    const wiki = await createWiki(server, 'write', { params: { storage: 'file' } })
    for (const [method, path] of [
      ['GET', 'status'],
      ['GET', LIST],
      ['GET', pathOf('A')],
      ['PUT', pathOf('A')],
      ['DELETE', 'bags/default/tiddlers/A'],
      ['GET', historyOf('A')],
    ] as const) {
      const answer = await api(wiki, method, path, method === 'PUT' ? json('PUT', { text: '' }) : {})
      expect([method, path, answer.status]).toEqual([method, path, 404])
    }
    expect((await api(wiki, 'OPTIONS')).headers.get('dav')).toBe('1')
  })

  test('[WK11] any other is refused at the creation', async () => {
    expect((await server.fetch('/v1/wikis', json('POST', { params: { storage: 'paper' } }))).status).toBe(400)
    expect((await server.fetch('/v1/wikis', json('POST', { params: { more: 1 } }))).status).toBe(400)
  })
})
