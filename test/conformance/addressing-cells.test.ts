// Names and the platform's identifiers over two cells: what an address says of the place, and what it does not.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseResourceId, uniqueResourceId } from '../../src/identity/resource-id.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { makeAccount, type TestAccount } from '../support/accounts.ts'
import { ADDRESSING_APP } from '../support/apps.ts'
import { disposeCells, startCells, type Cells } from '../support/cells.ts'
import { content, json, problem, type Token } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'

let cells: Cells<'lon' | 'pdx'>
let london: TestServer
let portland: TestServer
let portlander: TestAccount
beforeAll(async () => {
  cells = await startCells(['lon', 'pdx'], { app: ADDRESSING_APP, aliases: { oldpdx: 'pdx' } })
  london = cells.servers.lon
  portland = cells.servers.pdx
  portlander = await makeAccount(portland)
})
afterAll(() => disposeCells(cells))

const post = (server: TestServer, path: string, body: object): Promise<Response> =>
  content(server, path, portlander.key.key, json('POST', body))

async function tokenOf(plural: string, id: string): Promise<string> {
  const answer = await post(london, `/v1/${plural}/${id}/tokens`, { permission: 'write' })
  return ((await answer.json()) as Token).token
}

test("[AD1] [AD4] a name leads to its account's cell, whichever was reached; another cell is refused", async () => {
  expect(portlander.record.cell).toBe('pdx')
  const answer = await post(london, '/v1/folios', { name: 'Far away', params: { entries: ['x'] } })
  const made = (await answer.json()) as ResourceJson
  expect([answer.status, made.cell]).toEqual([201, 'pdx'])
  const token = await tokenOf('folios', made.id)
  const path = `/folios/by-name/${portlander.id}/FAR%20AWAY/entries`
  for (const server of [london, portland]) {
    expect(await (await content(server, path, token)).json()).toEqual(['x'])
    expect((await content(server, path)).status).toBe(401)
  }
  expect(london.sqliteFiles().data).toBe(0)
  for (const cell of ['lon', 'oldpdx']) {
    const refused = await post(portland, '/v1/folios', { name: 'Elsewhere', cell })
    expect(refused.status).toBe(400)
    expect((await problem(refused)).detail).toContain('"pdx"')
  }
})

test("[AD6] [AD7] the platform names an object in its own cell; the same identifier with another's code is 404", async () => {
  const answer = await post(portland, '/v1/leaves', {
    cell: 'lon',
    visibility: 'public-read',
    params: { entries: ['y'] },
  })
  const { id, cell } = (await answer.json()) as ResourceJson
  expect([answer.status, cell]).toEqual([201, 'lon'])
  for (const server of [london, portland])
    expect(await (await content(server, `/leaves/${id}/entries`)).json()).toEqual(['y'])
  const there = (await (
    await post(london, '/v1/leaves', { cell: 'oldpdx', visibility: 'public-read', params: { entries: ['z'] } })
  ).json()) as ResourceJson
  expect(await (await content(london, `/leaves/${there.id}/entries`)).json()).toEqual(['z'])
  const parsed = parseResourceId(there.id)
  if (parsed?.format !== 'unique') throw new Error('not the format')
  for (const other of ['pdx', 'lon', 'nowhere9']) {
    const { status } = await content(london, `/leaves/${uniqueResourceId('leaf', other, parsed.objectId).id}/entries`)
    expect([other, status]).toEqual([other, 404])
  }
})

test('[AD7] while the cell that would name it is away a creation is refused as not applied, and nothing is recorded', async () => {
  cells.links.pdx.close()
  const refused = await london.fetch('/v1/leaves', json('POST', { name: 'Never', cell: 'pdx' }))
  expect(refused.status).toBe(503)
  expect(await problem(refused)).toMatchObject({ code: 'unavailable', retryable: true, applied: 'no' })
  expect(await (await london.fetch('/v1/leaves/count')).json()).toEqual({ count: 0 })
})
