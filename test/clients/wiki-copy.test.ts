// The portable copy of a wiki: what `dump()` makes, `load()` takes. The app of this test shows both at `/copy`.

import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'
import { createWiki, type CreatedWiki } from './own-origin.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: fileURLToPath(new URL('scrapbook-app.ts', import.meta.url)) })
})

const page = (text: string): string => `<!doctype html><html><body>${text}</body></html>`
const text = page('a copy '.repeat(1000))
/** More than a chunk, also when it is compressed. */
const large = page(
  Buffer.from(crypto.getRandomValues(new Uint8Array(60_000)))
    .toString('base64')
    .repeat(18),
)

function send(wiki: CreatedWiki, method: string, path = '', body?: string): Promise<Response> {
  const headers = { authorization: `Bearer ${wiki.token}`, 'content-type': 'text/html' }
  return fetch(`${server.url}/scrapbooks/${wiki.id}/${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  })
}

async function list(wiki: CreatedWiki): Promise<unknown[]> {
  return ((await (await send(wiki, 'GET', 'versions')).json()) as { data: unknown[] }).data
}

async function copied(...texts: string[]): Promise<{ source: CreatedWiki; copy: string }> {
  const source = await createWiki(server, 'write', {}, 'scrapbooks')
  for (const each of texts) await send(source, 'PUT', '', each)
  return { source, copy: await (await send(source, 'GET', 'copy')).text() }
}

describe('a copy', () => {
  test('[DP8] has all versions and replaces what was there', async () => {
    const { source, copy } = await copied(page('one'), large, text)
    const target = await createWiki(server, 'write', {}, 'scrapbooks')
    await send(target, 'PUT', '', page('replaced'))
    expect((await send(target, 'PUT', 'copy', copy)).status).toBe(200)
    expect(await list(target)).toEqual(await list(source))
    for (const path of ['', 'versions/1', 'versions/2']) {
      const [from, to] = [await send(source, 'GET', path), await send(target, 'GET', path)]
      expect([from.status, to.status]).toEqual([200, 200])
      expect((await from.text()) === (await to.text())).toBe(true)
    }
    expect((await send(target, 'PUT', '', page('next'))).status).toBe(204)
    expect((await list(target))[0]).toMatchObject({ version: 4, current: true })
  })

  test('[DP8] of a wiki that was never saved makes a wiki that was never saved', async () => {
    const { copy } = await copied()
    const target = await createWiki(server, 'write', {}, 'scrapbooks')
    await send(target, 'PUT', '', page('replaced'))
    expect((await send(target, 'PUT', 'copy', copy)).status).toBe(200)
    expect(await list(target)).toEqual([])
    expect(await (await send(target, 'GET', '')).text()).toContain('tiddlywiki-version')
  })

  test.each([
    ['without its end', (copy: string) => copy.slice(0, -20)],
    ['without a chunk', (copy: string) => copy.slice(copy.indexOf('\n') + 1)],
    ['without a version', (copy: string) => copy.slice(0, copy.trimEnd().lastIndexOf('\n') + 1)],
    ['with something else inside', (copy: string) => `${copy}{"version":0}\n`],
  ])('[DP8] %s is refused, and changes nothing', async (_, broken) => {
    const { copy } = await copied(page('one'), text)
    const target = await createWiki(server, 'write', {}, 'scrapbooks')
    await send(target, 'PUT', '', page('kept'))
    expect((await send(target, 'PUT', 'copy', broken(copy))).status).toBe(400)
    expect(await (await send(target, 'GET', '')).text()).toBe(page('kept'))
    expect((await send(target, 'PUT', 'copy', copy)).status).toBe(200)
    expect(await list(target)).toHaveLength(2)
  })
})

const STRANGE = 'a/b </script> "\\" \u2028'

async function synced(): Promise<CreatedWiki> {
  return createWiki(server, 'write', { params: { storage: 'tiddlers' } }, 'scrapbooks')
}
const put = (wiki: CreatedWiki, title: string, fields: object): Promise<Response> =>
  send(wiki, 'PUT', `recipes/default/tiddlers/${encodeURIComponent(title)}`, JSON.stringify(fields))
const json = async (wiki: CreatedWiki, path: string): Promise<unknown> => (await send(wiki, 'GET', path)).json()
const history = `bags/default/tiddlers/${encodeURIComponent(STRANGE)}/revisions`

async function filled(): Promise<{ source: CreatedWiki; copy: string }> {
  const source = await synced()
  await put(source, STRANGE, { text: 'one', fields: { ['__proto__']: 'x', fields: 'y' } })
  await put(source, STRANGE, { text: `two ${STRANGE}`, tags: ['a', 'b c'] })
  await put(source, 'Gone', { text: 'gone' })
  await send(source, 'DELETE', 'bags/default/tiddlers/Gone')
  await put(source, 'Large', { text: 'large '.repeat(300_000) })
  return { source, copy: await (await send(source, 'GET', 'copy')).text() }
}

describe('a copy of a wiki that is stored by tiddlers', () => {
  test('[DP8, WK11] has every revision, and turns a file into what it was made of', async () => {
    const { source, copy } = await filled()
    const target = await createWiki(server, 'write', {}, 'scrapbooks')
    await send(target, 'PUT', '', page('replaced'))
    expect((await send(target, 'PUT', 'copy', copy)).status).toBe(200)
    expect(await list(target)).toEqual([])
    for (const path of [
      'tiddlers.json',
      history,
      `${history}/1`,
      'bags/default/deleted',
      'recipes/default/tiddlers.json',
    ]) {
      expect(await json(target, path)).toEqual(await json(source, path))
    }
    // The next change is newer than all of both.
    expect((await put(target, 'Next', { text: '' })).headers.get('etag')).toMatch(/\/6:"$/)
  })

  test('[DP8, WK12] of a wiki that was both has both', async () => {
    const { source } = await filled()
    expect((await send(source, 'POST', 'convert', '{"storage":"file"}')).status).toBe(200)
    const copy = await (await send(source, 'GET', 'copy')).text()
    const target = await synced()
    await put(target, 'Replaced', { text: '' })
    expect((await send(target, 'PUT', 'copy', copy)).status).toBe(200)
    expect(await (await send(target, 'GET')).text()).toBe(await (await send(source, 'GET')).text())
    expect((await send(target, 'POST', 'convert', '{"storage":"tiddlers"}')).status).toBe(200)
    expect(await json(target, `${history}/1`)).toMatchObject({ text: 'one' })
    expect(await json(target, 'bags/default/deleted')).toMatchObject({ data: [{ title: 'Gone' }] })
  })

  test.each([
    ['without a revision', (copy: string) => copy.replace(/^([^\n]*\n)[^\n]*\n/, '$1')],
    ['without its first line', (copy: string) => copy.slice(copy.indexOf('\n') + 1)],
    ['without its end', (copy: string) => copy.slice(0, -40)],
    ['with a tiddler that is none', (copy: string) => copy.replace('"text":"gone"', '"text":{}')],
  ])('[DP8, WK11] %s is refused, and changes nothing', async (_, broken) => {
    const { copy } = await filled()
    const target = await synced()
    await put(target, 'Kept', { text: 'kept' })
    expect((await send(target, 'PUT', 'copy', broken(copy))).status).toBe(400)
    expect(await json(target, 'tiddlers.json')).toEqual([{ title: 'Kept', text: 'kept' }])
  })
})
