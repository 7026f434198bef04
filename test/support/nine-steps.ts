// The nine steps over HTTP, on whatever engine.

import { expect } from 'vitest'
import type { ResourceJson } from '../../src/wire/resource.ts'

/** @param cell that the creation names; default: none @returns the resource as it was created */
export async function nineSteps(
  { url, operatorKey }: { readonly url: string; readonly operatorKey: string },
  cell?: string,
): Promise<ResourceJson> {
  const authorized = { authorization: `Bearer ${operatorKey}`, 'content-type': 'application/json' }
  // 1 to 5: asked, placed, recorded, answered.
  const asked = JSON.stringify({ name: 'Notes', cell })
  const created = await fetch(`${url}/v1/wikis`, { method: 'POST', headers: authorized, body: asked })
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
  return wiki
}
