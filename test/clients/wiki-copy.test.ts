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
