// Wikis that are stored by tiddlers: who may do what, and what is kept.

import { beforeAll, describe, expect, test } from 'vitest'
import { json } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { grant, OwnOrigin, type CreatedWiki } from './own-origin.ts'
import { historyOf, pathOf, tiddlyWebApi } from './tiddlyweb-api.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
const { api, make, put, remove, get } = tiddlyWebApi(() => server)

describe('who may do what', () => {
  test('[WK11] the page is told; a reader reads, and neither changes nor sees what was taken out', async () => {
    const wiki = await make()
    await put(wiki, 'A', { text: 'a' })
    const reader = await grant(server, wiki.id, 'read')
    expect(await get(wiki, 'status')).toMatchObject({ read_only: false, username: '', space: { recipe: 'default' } })
    expect(await get(reader, 'status')).toMatchObject({ read_only: true })
    expect(await get(reader, pathOf('A'))).toMatchObject({ text: 'a' })
    const answers = await Promise.all([
      put(reader, 'A', { text: 'b' }),
      api(reader, 'DELETE', 'bags/default/tiddlers/A'),
      api(reader, 'DELETE', pathOf('A')),
      api(reader, 'GET', historyOf('A')),
      api(reader, 'GET', 'bags/default/deleted'),
    ])
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403])
    await server.fetch(`/v1/wikis/${wiki.id}`, json('PATCH', { mode: 'read_only' }))
    expect(await get(wiki, 'status')).toMatchObject({ read_only: true })
  })

  test('[WK11] a change with a cookie needs the header that only a script of the page can send', async () => {
    const wiki = await make()
    const own = await OwnOrigin.open(server, wiki)
    const body = JSON.stringify({ text: 'a' })
    const type = { 'content-type': 'application/json' }
    expect((await own.send('PUT', `/${pathOf('A')}`, type, body)).status).toBe(403)
    const withHeader = { ...type, 'x-requested-with': 'TiddlyWiki' }
    expect((await own.send('PUT', `/${pathOf('A')}`, withHeader, body)).status).toBe(204)
    expect((await own.send('PUT', `/${pathOf('A')}`, { ...withHeader, origin: 'http://evil.test' }, body)).status).toBe(
      403,
    )
  })
})

describe('earlier revisions', () => {
  interface Revision {
    readonly revision: number
    readonly deleted: boolean
  }
  const revisions = async (wiki: CreatedWiki, title: string): Promise<(number | string)[]> =>
    (await get<{ data: Revision[] }>(wiki, historyOf(title))).data.map(({ revision, deleted }) =>
      deleted ? `deleted by ${revision}` : revision,
    )

  test('[WK11] are listed and fetched, and restored by putting one again, also after deleting', async () => {
    const wiki = await make()
    const title = 'a/b?'
    await put(wiki, title, { text: 'one' })
    await put(wiki, title, { text: 'two' })
    await remove(wiki, title)
    expect(await revisions(wiki, title)).toEqual(['deleted by 3', 2, 1])
    expect(await get(wiki, 'bags/default/deleted')).toMatchObject({ data: [{ title, revision: 3 }] })
    const old = await get<{ text: string }>(wiki, `${historyOf(title)}/1`)
    expect(old).toMatchObject({ text: 'one', revision: 1 })
    expect((await api(wiki, 'GET', `${historyOf(title)}/3`)).status).toBe(404)
    expect((await put(wiki, title, old)).headers.get('etag')).toContain('/4:')
    expect(await get(wiki, pathOf(title))).toMatchObject({ text: 'one', revision: 4 })
    expect(await revisions(wiki, title)).toEqual([4, 'deleted by 3', 2, 1])
    expect(await get(wiki, 'bags/default/deleted')).toEqual({ data: [] })
  })

  test('[WK11] are bounded for each tiddler, and none is kept of a draft', async () => {
    const wiki = await make()
    for (let number = 1; number <= 60; number++) await put(wiki, 'Busy', { text: String(number) })
    const kept = await revisions(wiki, 'Busy')
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([51, 60, 10])
    const draft = "Draft of 'Busy'"
    for (const text of ['B', 'Bu', 'Bus']) await put(wiki, draft, { text, fields: { 'draft.of': 'Busy' } })
    expect(await revisions(wiki, draft)).toHaveLength(1)
    await remove(wiki, draft)
    expect((await api(wiki, 'GET', historyOf(draft))).status).toBe(404)
  })
})

test('[WK11] what was acknowledged is there after kill -9', async () => {
  const own = await startServer()
  const local = tiddlyWebApi(() => own)
  const wiki = await local.make()
  const acknowledged: number[] = []
  const writer = (async () => {
    for (let number = 0; ; number++) {
      const response = await local.put(wiki, `T${number}`, { text: `${number}` })
      if (response.status === 204) acknowledged.push(number)
      if (number === 30) void own.kill9()
    }
  })().catch(() => {})
  await writer
  await own.start()
  const all = await local.get<{ title: string; text: string }[]>(wiki, 'tiddlers.json')
  const texts = new Map(all.map(({ title, text }) => [title, text]))
  expect(acknowledged.length).toBeGreaterThan(30)
  expect(acknowledged.filter((number) => texts.get(`T${number}`) !== `${number}`)).toEqual([])
})
