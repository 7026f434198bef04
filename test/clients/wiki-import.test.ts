// Bringing single-file wikis, and taking tiddlers away as JSON.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { beforeAll, describe, expect, test } from 'vitest'
import { PLUGIN_TITLE } from '../../src/types/wiki/generated/assets.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { createWiki, grant, type CreatedWiki } from './own-origin.ts'
import { core, makeSingleFile, pageWithStores, tiddlersIn, withMore, type Fields } from './made-wikis.ts'
import { HTML, page, wikiApi } from './wiki-api.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})

const { api, versionCount } = wikiApi(() => server)

interface Outcome {
  readonly converted: boolean
  readonly reason?: string
  readonly tiddlers?: number
  readonly version: number
  readonly size_bytes: number
}

async function bring(wiki: CreatedWiki, html: string | Uint8Array<ArrayBuffer>): Promise<Outcome> {
  const answer = await api(wiki, 'POST', 'import', { body: html, headers: HTML })
  expect(answer.status).toBe(200)
  return (await answer.json()) as Outcome
}

const pageOf = async (wiki: CreatedWiki): Promise<string> => (await api(wiki, 'GET')).text()

const NASTY = '</script><script>alert(1)</script><!-- \u2028 \\ " $& \u{1f600}'

describe('an import', () => {
  test('[WK9] of a real single-file wiki shares the core from then on, with every tiddler and its title', async () => {
    const written: Fields[] = [
      { title: 'Monday', text: 'We met.', tags: '[[a b]] c', created: '20260101000000000', custom: 'x' },
      { title: `Odd ${NASTY}`, text: NASTY },
      { title: '$:/SiteTitle', text: 'Ships & Sails' },
    ]
    const html = makeSingleFile(written)
    const wiki = await createWiki(server)
    await api(wiki, 'PUT', '', { body: page('before'), headers: HTML })
    const outcome = await bring(wiki, html)
    expect(outcome).toMatchObject({ converted: true, version: 2 })
    const converted = await pageOf(wiki)
    expect(Buffer.byteLength(converted)).toBe(outcome.size_bytes)
    expect(html.length).toBeGreaterThan(2_000_000)
    expect(converted.length).toBeLessThan(300_000)
    const before = tiddlersIn(html).filter(({ title }) => title !== '$:/core')
    const after = tiddlersIn(converted).filter(({ title }) => title !== PLUGIN_TITLE)
    expect(after).toEqual(before)
    expect(after).toEqual(expect.arrayContaining(written.map((fields) => expect.objectContaining(fields))))
    expect(outcome.tiddlers).toBe(before.length)
    expect(/<title>[^<]*<\/title>/.exec(converted)?.[0]).toMatch(/>Ships &(amp;)? Sails — /)
    expect(converted.includes('My TiddlyWiki')).toBe(false)
    expect(await (await api(wiki, 'GET', 'versions/1')).text()).toBe(page('before'))
  })

  test('[WK9] of a page in the new form already, of this or another server, finds the core here', async () => {
    const [wiki, other] = [await createWiki(server), await createWiki(server)]
    const foreign = (await pageOf(other)).replaceAll(/\/assets\/tiddlywikicore[^"' ]+?\.js/g, '/elsewhere/core.js')
    expect(await bring(wiki, foreign)).toMatchObject({ converted: true })
    expect(await pageOf(wiki)).not.toContain('/elsewhere/')
  })

  test.each([
    ['is encrypted', '<pre id="encryptedStoreArea" type="text/plain">{"iv":"x"}</pre>', /encrypted/],
    [
      'is older than 5.2',
      '<div id="storeArea" style="display:none;"><div title="A">\n<pre>text</pre></div></div>',
      /5\.2/,
    ],
    ['is no wiki', page('hello'), /no store/],
    ['is of 5.1', pageWithStores(`[${core('5.1.23')}]`), /TiddlyWiki 5\.1\.23/],
    ['is of a later release', pageWithStores(`[${core('6.0.0')}]`), /TiddlyWiki 6\.0\.0/],
    ['says no version', pageWithStores('[{"title":"A"}]'), /does not say/],
    ['has a broken store', pageWithStores(`[${core('5.3.0')},{"title":"A"`), /not as TiddlyWiki writes it/],
    ['has a store that goes on', pageWithStores(`[${core('5.3.0')}]<b>`), /not as TiddlyWiki writes it/],
    ['has a tiddler without a title', pageWithStores(`[${core('5.3.0')},{"text":"A"}]`), /not as TiddlyWiki/],
    [
      'has other values than text',
      pageWithStores(`[${core('5.3.0')},{"title":"A","list":["b"]}]`),
      /not as TiddlyWiki/,
    ],
    ['has numbers', pageWithStores(`[${core('5.3.0')},{"title":"A","n":1}]`), /not as TiddlyWiki/],
    ['is deep', pageWithStores('['.repeat(1_000_000)), /not as TiddlyWiki/],
    [
      'has a library of its own',
      `<script data-tiddler-title="$:/mine.js">1</script>${pageWithStores(`[${core('5.3.0')}]`)}`,
      /outside/,
    ],
  ])('[WK9] of a page that %s keeps it as it is, and says so', async (_, html, reason) => {
    const wiki = await createWiki(server)
    expect(await bring(wiki, html)).toMatchObject({ converted: false, reason: expect.stringMatching(reason) as string })
    expect(await pageOf(wiki)).toBe(html)
  })

  test('[WK9] lets no text of the file become markup', async () => {
    const evil = '<script>evil()</script>'
    const store = `[${core('5.3.0')},\n{"title":"A",\n"text":"\\u003C/script>\\u003Cscript>evil()"},{"title":"A","text":"later"}]`
    const html = pageWithStores(store, '[]', '[{"title":"B","text":"two"}]')
      .replace('<title>Made', `<title>Made</title>${evil}<title>x`)
      .replace('<body>', `<body onload="evil()">${evil}<!-- <script> --><p><`)
    const wiki = await createWiki(server)
    expect(await bring(wiki, html)).toMatchObject({ converted: true, tiddlers: 3 })
    const converted = await pageOf(wiki)
    expect(tiddlersIn(converted).slice(1)).toEqual([
      { title: 'A', text: '</script><script>evil()' },
      { title: 'A', text: 'later' },
      { title: 'B', text: 'two' },
    ])
    expect(converted.replaceAll('\\u003Cscript>evil()', '')).not.toContain('evil')
    expect(converted).toContain('<title>Made</title>')
  })

  test('[WK9] reads bytes that are no text as a browser does', async () => {
    const html = Buffer.from(pageWithStores(`[${core('5.3.0')},{"title":"A","text":"x#y"}]`))
    html[html.indexOf('#')] = 0xff
    const wiki = await createWiki(server)
    expect(await bring(wiki, new Uint8Array(html))).toMatchObject({ converted: true })
    expect(tiddlersIn(await pageOf(wiki)).at(-1)).toEqual({ title: 'A', text: 'x\ufffdy' })
  })

  test('[WK9] needs the permission to write, and honours If-Match', async () => {
    const wiki = await createWiki(server)
    const reader = await grant(server, wiki.id, 'read')
    expect((await api(reader, 'POST', 'import', { body: page('x'), headers: HTML })).status).toBe(403)
    const late = await api(wiki, 'POST', 'import', { body: page('x'), headers: { ...HTML, 'if-match': '"other"' } })
    expect(late.status).toBe(412)
    expect(await versionCount(wiki)).toBe(0)
  })
})

describe('the JSON of all tiddlers', () => {
  test('[WK10] is what was written, as TiddlyWiki imports it, for readers too', async () => {
    const written: Fields[] = [
      { title: 'Monday', text: NASTY, tags: 'a' },
      { title: '$:/SiteTitle', text: 'Ships' },
    ]
    const wiki = await createWiki(server)
    await bring(wiki, makeSingleFile(written))
    const answer = await api(await grant(server, wiki.id, 'read'), 'GET', 'tiddlers.json')
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${wiki.id}.json"`)
    const tiddlers = (await answer.json()) as Fields[]
    expect(tiddlers).toEqual(expect.arrayContaining(written.map((fields) => expect.objectContaining(fields))))
    expect(tiddlers.filter((fields) => fields['plugin-type'] !== undefined || fields['title'] === '$:/core')).toEqual(
      [],
    )
  })

  test('[WK10] of a new wiki is a list, and of one that cannot be read here a refusal that says why', async () => {
    const wiki = await createWiki(server)
    expect(await (await api(wiki, 'GET', 'tiddlers.json')).json()).toBeInstanceOf(Array)
    await bring(wiki, '<pre id="encryptedStoreArea" type="text/plain">{"iv":"x"}</pre>')
    const refused = await api(wiki, 'GET', 'tiddlers.json')
    expect([refused.status, ((await refused.json()) as { detail: string }).detail]).toEqual([
      400,
      expect.stringContaining('encrypted'),
    ])
  })
})

/** Reads an address again and again, in a process of its own, until something is written to it; then prints how long each read took. */
const POLLER = `
import http from 'node:http'
const [url, token] = process.argv.slice(1)
const agent = new http.Agent({ keepAlive: true })
const waits = []
let isOver = false
process.stdin.once('data', () => (isOver = true))
while (!isOver) {
  const begin = performance.now()
  await new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'HEAD', agent, headers: { authorization: 'Bearer ' + token } }, (answer) => answer.resume().on('end', resolve))
    request.on('error', reject).end()
  })
  waits.push(performance.now() - begin)
  if (waits.length === 1) console.log('reading')
}
process.stdin.destroy()
agent.destroy()
console.log(JSON.stringify(waits))
`

test.each(['PUT', 'POST'])(
  '[WK9] [WK3] while a large wiki is brought or saved (%s), another one answers as ever',
  async (method) => {
    const [wiki, other] = [await createWiki(server), await createWiki(server)]
    // 29 MB: a picture, a text full of escapes, and many tiddlers.
    const picture = { title: 'Picture', type: 'image/png', text: randomBytes(6_000_000).toString('base64') }
    const escapes = { title: 'Escapes', text: '{"a":"\\"}\n'.repeat(300_000) }
    const notes = Array.from({ length: 14_000 }, (_, index) => ({
      title: `Note ${index}`,
      text: `word ${index} `.repeat(90),
    }))
    const html = withMore(makeSingleFile([]), [picture, escapes, ...notes])
    expect(html.length).toBeGreaterThan(26_000_000)

    const url = `${server.url}/wikis/${other.id}/`
    const poller = spawn(process.execPath, ['--input-type=module', '-e', POLLER, url, other.token])
    const lines = createInterface({ input: poller.stdout })
    await once(lines, 'line')
    const begin = performance.now()
    const answer = await api(wiki, method, method === 'POST' ? 'import' : '', { body: html, headers: HTML })
    const tookMs = performance.now() - begin
    expect(answer.ok).toBe(true)
    const ended = Promise.all([once(lines, 'line'), once(poller, 'exit')])
    poller.stdin.write('enough')
    const [waits] = await ended
    const stored = tiddlersIn(await pageOf(wiki)).filter(({ title }) => title !== PLUGIN_TITLE)
    const written = tiddlersIn(html).filter(({ title }) => method === 'PUT' || title !== '$:/core')
    expect(JSON.stringify(stored) === JSON.stringify(written)).toBe(true)
    // In one piece, a read that came at its beginning would wait for nearly all of it.
    expect(Math.max(...(JSON.parse(String(waits[0])) as number[]))).toBeLessThan(tookMs / 2)
  },
)
