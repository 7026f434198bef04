// Resources that the platform has named: the same lives under identifiers of the engine's own.

import { beforeAll, expect, test } from 'vitest'
import { createKeyring } from '../../src/identity/keyring.ts'
import { mintResourceId, parseResourceId, uniqueResourceId } from '../../src/identity/resource-id.ts'
import { ADDRESSING_APP } from '../support/apps.ts'
import { content, create, json, mintToken, ownHost, problem, send } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: ADDRESSING_APP })
})

async function entries(path: string, token?: string): Promise<unknown> {
  const response = await content(server, path, token)
  return response.status === 200 ? response.json() : response.status
}

async function refusal(response: Promise<Response>): Promise<[number, string, string]> {
  const refused = await response
  const { code, detail } = await problem(refused)
  return [refused.status, code, detail]
}

test('[AD6] a resource has one, in its own format, with a path and no origin', async () => {
  const made = await create(server, 'leaves', {
    name: 'Leaf',
    visibility: 'public-read',
    params: { entries: ['one'] },
  })
  expect(made.id).toMatch(/^leaf-u[0-9a-hjkmnp-tv-z]{52}-local$/)
  expect(made.url).toBe(`${server.url}/leaves/${made.id}/`)
  expect(made.named_url).toBeUndefined()
  expect(await entries(`/leaves/${made.id}/entries`)).toEqual(['one'])
  const { token } = await mintToken(server, 'leaves', made.id)
  expect(await entries(`/leaves/${made.id}/entries`, token)).toEqual(['one'])
  // A browser is shown it here, in a sandbox.
  const shown = await send(server, { path: `/leaves/${made.id}/entries`, headers: { 'sec-fetch-mode': 'navigate' } })
  expect([shown.status, shown.headers['content-security-policy']]).toEqual([200, expect.stringContaining('sandbox')])
})

test('[AD6] [AD8] on a host of its own there is nothing, however short its identifier is', async () => {
  const { id } = await create(server, 'leaves', { visibility: 'public-read' })
  const answer = await send(server, { path: '/entries', headers: { host: ownHost(server, id) } })
  expect(answer.status).toBe(404)
})

test('[AD6] what the engine did not make is 404 and touches nothing: other bits, other types, names, cells, spellings', async () => {
  const { id } = await create(server, 'leaves', { visibility: 'public' })
  const folio = await create(server, 'folios', { name: 'Not a leaf', visibility: 'public' })
  const parsed = parseResourceId(id)
  if (parsed?.format !== 'unique') throw new Error('not the format')
  const { objectId } = parsed
  const flipped = (at: number): string =>
    objectId.slice(0, at) + (objectId[at] === '0' ? '1' : '0') + objectId.slice(at + 1)
  const before = server.sqliteFiles().data
  const forged = [
    ...[0, 15, 31, 32, 47, 63].map((at) => uniqueResourceId('leaf', 'local', flipped(at)).id),
    ...['0', 'f'].map((digit) => uniqueResourceId('leaf', 'local', digit.repeat(64)).id),
    uniqueResourceId('leaf', 'nowhere9', objectId).id,
    uniqueResourceId('folio', 'local', objectId).id,
    (
      await mintResourceId(
        createKeyring([{ id: '1', key: Buffer.alloc(32, 9).toString('base64url') }]),
        'leaf',
        'local',
      )
    ).id,
    folio.id,
    folio.id.replace('folio-', 'leaf-'),
    id.toUpperCase(),
    `${id}x`,
    `${id.slice(0, -'-local'.length - 1)}${id.at(-'-local'.length - 1) === '0' ? '1' : '0'}-local`,
    'leaf-u-local',
  ]
  for (const other of forged) {
    for (const path of [`/leaves/${other}/entries`, `/v1/leaves/${other}`, `/v1/leaves/${other}/inspect`]) {
      const { status } = await send(server, { path, headers: { authorization: `Bearer ${server.operatorKey}` } })
      expect([path, status]).toEqual([path, 404])
    }
  }
  expect((await content(server, `/folios/${uniqueResourceId('folio', 'local', objectId).id}/entries`)).status).toBe(404)
  expect(server.sqliteFiles().data).toBe(before)
})

test('[AD6] it can be nowhere else: an export of it leaves it out, and says so', async () => {
  const { id } = await create(server, 'leaves')
  const answer = await server.fetch(`/v1/leaves/export?resource=${id}`)
  expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ data: [], skipped: [id] })])
})

test('[AD8] links and host names need an origin: they are refused with the reason, and a token comes without one', async () => {
  const { id } = await create(server, 'leaves')
  expect((await mintToken(server, 'leaves', id)).url).toBeUndefined()
  const [status, code, detail] = await refusal(server.fetch(`/v1/leaves/${id}/links`, json('POST', {})))
  expect([status, code]).toEqual([400, 'invalid_request'])
  expect(detail).toContain('no origin of its own')
  const hosts = server.fetch(`/v1/leaves/${id}`, json('PATCH', { hosts: ['leaf.example.org'] }))
  expect((await refusal(hosts))[2]).toContain('no origin of its own')
  expect((await server.fetch(`/v1/leaves/${id}`, json('PATCH', { hosts: [] }))).status).toBe(200)
})

test('[AD8] where the deployment makes path capabilities, links are those', async () => {
  const open = await startServer({ app: ADDRESSING_APP, args: ['--path-capabilities'] })
  const { id } = await create(open, 'leaves', { params: { entries: ['one'] } })
  const { url } = await mintToken(open, 'leaves', id)
  expect(url).toContain(`${open.url}/leaves/${id}/~`)
  expect(await (await fetch(`${url}entries`)).json()).toEqual(['one'])
  const named = await create(open, 'folios', { name: 'By path', params: { entries: ['two'] } })
  const link = (await (await open.fetch(`/v1/folios/${named.id}/links`, json('POST', {}))).json()) as { url: string }
  const capability = link.url.slice(link.url.indexOf('~'))
  const path = `/folios/by-name/${open.secrets.defaultAccount}/by%20path/${capability}entries`
  const answer = await fetch(open.url + path)
  expect([await answer.json(), answer.headers.get('access-control-allow-origin')]).toEqual([['two'], 'null'])
  const refused = await fetch(open.url + path.replace('~', '~x'))
  expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, 'null'])
})

test('[AD7] many are made at once, and nothing but them', async () => {
  const before = server.sqliteFiles().data
  const many = Array.from({ length: 60 }, (_, index) => ({ name: `many ${index}` }))
  const operation = await server.fetch('/v1/leaves/bulk', json('POST', { resources: many }))
  expect(operation.status).toBe(202)
  const count = async (): Promise<unknown> =>
    (await server.fetch('/v1/leaves/count?state=active&name_prefix=many')).json()
  await expect.poll(count, { timeout: 15_000 }).toEqual({ count: many.length })
  expect(server.sqliteFiles().data).toBe(before + many.length)
})
