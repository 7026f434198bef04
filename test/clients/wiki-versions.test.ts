// The history of a wiki over HTTP.

import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'
import { createWiki, grant, type CreatedWiki } from './own-origin.ts'

/** Its type `scrapbook` is made of the wiki's object, with limits that a test can reach. */
const SCRAPBOOK_APP = fileURLToPath(new URL('scrapbook-app.ts', import.meta.url))

interface VersionJson {
  version: number
  etag: string
  size_bytes: number
  stored_bytes: number
  save_time: string
  current: boolean
}

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: SCRAPBOOK_APP })
})

const page = (text: string): string => `<!doctype html><html><body>${text}</body></html>`

function send(wiki: CreatedWiki, method: string, path = '', body?: string, plural = 'wikis'): Promise<Response> {
  const headers = { authorization: `Bearer ${wiki.token}`, 'content-type': 'text/html' }
  return fetch(`${server.url}/${plural}/${wiki.id}/${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  })
}

async function list(wiki: CreatedWiki, plural = 'wikis'): Promise<VersionJson[]> {
  return ((await (await send(wiki, 'GET', 'versions', undefined, plural)).json()) as { data: VersionJson[] }).data
}

async function saved(...texts: string[]): Promise<CreatedWiki> {
  const wiki = await createWiki(server)
  for (const text of texts) expect((await send(wiki, 'PUT', '', page(text))).status).toBe(204)
  return wiki
}

describe('versions', () => {
  test('[WK4] are listed, the newest first', async () => {
    const wiki = await saved('one', 'two', 'three')
    const versions = await list(wiki)
    expect(versions.map(({ version, current }) => [version, current])).toEqual([
      [3, true],
      [2, false],
      [1, false],
    ])
    expect(versions[0]).toEqual({
      version: 3,
      etag: (await send(wiki, 'HEAD')).headers.get('etag'),
      size_bytes: page('three').length,
      stored_bytes: expect.any(Number) as number,
      save_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      current: true,
    })
  })

  test('[WK4] are fetched by number, to look at or to keep', async () => {
    const wiki = await saved('one', 'two')
    const shown = await send(wiki, 'GET', 'versions/1')
    expect(await shown.text()).toBe(page('one'))
    expect(shown.headers.get('content-disposition')).toBeNull()
    const kept = await send(wiki, 'GET', 'versions/1?download')
    expect(kept.headers.get('content-disposition')).toBe(`attachment; filename="${wiki.id}-version-1.html"`)
    expect(await kept.text()).toBe(page('one'))
  })

  test.each([
    'versions/3',
    'versions/0',
    'versions/01',
    'versions/x',
    'versions/1/x',
    'versions/',
    `versions/${'9'.repeat(30)}`,
  ])('[WK4] %s does not exist', async (path) => {
    expect((await send(await saved('one', 'two'), 'GET', path)).status).toBe(404)
  })

  test('[WK4] are restored as a new version, and nothing in between is lost', async () => {
    const wiki = await saved('one', 'two')
    const restored = await send(wiki, 'POST', 'versions/1/restore')
    expect(restored.status).toBe(200)
    const body = (await restored.json()) as VersionJson
    expect(body).toMatchObject({ version: 3, current: true, size_bytes: page('one').length })
    expect(restored.headers.get('etag')).toBe(body.etag)
    expect(await (await send(wiki, 'GET')).text()).toBe(page('one'))
    expect((await list(wiki)).map(({ version }) => version)).toEqual([3, 2, 1])
    expect(await (await send(wiki, 'GET', 'versions/2')).text()).toBe(page('two'))
  })

  test('[WK4] restoring what is current changes nothing, and what is not there is not found', async () => {
    const wiki = await saved('one')
    expect(await (await send(wiki, 'POST', 'versions/1/restore')).json()).toMatchObject({ version: 1, current: true })
    expect((await send(wiki, 'POST', 'versions/2/restore')).status).toBe(404)
    expect(await list(wiki)).toHaveLength(1)
  })

  test('[WK4] are not for readers: they hold what was taken out', async () => {
    const wiki = await saved('secret', 'public')
    const reader = await grant(server, wiki.id, 'read')
    expect((await send(reader, 'GET')).status).toBe(200)
    for (const path of ['versions', 'versions/1']) expect((await send(reader, 'GET', path)).status).toBe(403)
    expect((await send(reader, 'POST', 'versions/1/restore')).status).toBe(403)
  })

  test('[WK2] a save onto a version is refused in words', async () => {
    const refused = await send(await saved('one'), 'PUT', 'versions/1', page('new'))
    expect(refused.status).toBe(403)
    expect(await refused.text()).toMatch(/versions do not change\. Restore it.*Nothing was saved/)
  })

  test('[WK4] are kept up to their number, and a number is never used twice', async () => {
    const wiki = await saved(...Array.from({ length: 52 }, (_, index) => `save ${index + 1}`))
    const versions = await list(wiki)
    expect([versions.length, versions[0]?.version, versions.at(-1)?.version]).toEqual([50, 52, 3])
    expect((await send(wiki, 'GET', 'versions/2')).status).toBe(404)
    expect(await (await send(wiki, 'GET', 'versions/3')).text()).toBe(page('save 3'))
  })
})

/** Incompressible, so that stored bytes are what a test asks for. */
function noise(bytes: number): string {
  const random = new Uint8Array(Math.ceil((bytes / 4) * 3))
  for (let start = 0; start < random.length; start += 65_536)
    crypto.getRandomValues(random.subarray(start, start + 65_536))
  return page(Buffer.from(random).toString('base64'))
}

describe('limits', () => {
  test('[WK4] history gives way before the wiki does: at most half of the limit, whatever is saved', async () => {
    const wiki = await createWiki(server, 'write', {}, 'scrapbooks')
    for (let save = 0; save < 8; save += 1) {
      expect((await send(wiki, 'PUT', '', noise(400_000), 'scrapbooks')).status).toBe(204)
    }
    const versions = await list(wiki, 'scrapbooks')
    expect(versions[0]).toMatchObject({ version: 8, current: true })
    expect(versions.length).toBeGreaterThan(1)
    expect(versions.reduce((sum, { stored_bytes: bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(2 * 1024 ** 2)
  })

  test('[WK2] beyond the limit a save is refused with 507, and what was there stays', async () => {
    const wiki = await createWiki(server, 'write', {}, 'scrapbooks')
    expect((await send(wiki, 'PUT', '', noise(1_200_000), 'scrapbooks')).status).toBe(204)
    const before = await list(wiki, 'scrapbooks')
    const refused = await send(wiki, 'PUT', '', noise(7_000_000), 'scrapbooks')
    expect(refused.status).toBe(507)
    expect(await refused.text()).toMatch(/Nothing was saved\. Take out large images/)
    expect(await list(wiki, 'scrapbooks')).toEqual(before)
    expect((await send(wiki, 'PUT', '', page('small'), 'scrapbooks')).status).toBe(204)
  })
})

test('[WK4] as many versions are kept as the application says', async () => {
  const album = await createWiki(server, 'write', {}, 'albums')
  for (const text of ['one', 'two', 'three']) await send(album, 'PUT', '', page(text), 'albums')
  expect((await list(album, 'albums')).map(({ version }) => version)).toEqual([3, 2])
})
