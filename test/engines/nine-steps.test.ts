// The nine steps over HTTP, on each engine: two supervised processes, and one Worker under wrangler's local runtime.

import { describe, expect, test } from 'vitest'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { startServer } from '../support/server.ts'
import { WRANGLER, startWranglerServer } from '../support/wrangler-server.ts'

async function nineSteps({ url, operatorKey }: { url: string; operatorKey: string }): Promise<void> {
  const authorized = { authorization: `Bearer ${operatorKey}`, 'content-type': 'application/json' }
  // 1 to 5: asked, placed, recorded, answered.
  const created = await fetch(`${url}/v1/wikis`, { method: 'POST', headers: authorized, body: '{"name":"Notes"}' })
  expect(created.status).toBe(201)
  const wiki = (await created.json()) as ResourceJson
  expect(created.headers.get('location')).toBe(`/v1/wikis/${wiki.id}`)
  expect(wiki).toMatchObject({ name: 'Notes', type: 'wiki', state: 'active', url: `${url}/wikis/${wiki.id}/` })
  const listed = (await (await fetch(`${url}/v1/wikis`, { headers: authorized })).json()) as { data: ResourceJson[] }
  expect(listed.data.map((record) => record.id)).toEqual([wiki.id])

  const grant = async (permission: string): Promise<string> => {
    const body = JSON.stringify({ permission })
    const answer = await fetch(`${url}/v1/wikis/${wiki.id}/tokens`, { method: 'POST', headers: authorized, body })
    return ((await answer.json()) as { token: string }).token
  }
  // 6 and 7: a user writes; 8 and 9: another one reads.
  const page = '<!doctype html><html><body>saved</body></html>'
  const headers = { authorization: `Bearer ${await grant('write')}`, 'content-type': 'text/html' }
  const saved = await fetch(wiki.url, { method: 'PUT', headers, body: page })
  expect(saved.ok).toBe(true)
  const read = await fetch(wiki.url, { headers: { authorization: `Bearer ${await grant('read')}` } })
  expect(await read.text()).toBe(page)

  const removed = await fetch(`${url}/v1/wikis/${wiki.id}`, { method: 'DELETE', headers: authorized })
  expect([200, 202]).toContain(removed.status)
  expect((await fetch(wiki.url, { headers })).status).toBe(410)
}

describe('the nine steps', () => {
  test('[EN1] in two processes', async () => {
    await nineSteps(await startServer())
  })

  test.skipIf(WRANGLER === undefined)("[EN9] under wrangler's local runtime", async () => {
    const server = await startWranglerServer()
    try {
      await nineSteps(server)
    } finally {
      await server.stop()
    }
  })
})
