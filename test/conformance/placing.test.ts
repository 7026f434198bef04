// In which cell a new resource is: the request says so, or its account, or its type, or where the user is.

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { makeAccount, makeKey } from '../support/accounts.ts'
import { PLACED_APP, PLACED_TENANTS_APP } from '../support/apps.ts'
import { runCli } from '../support/cli.ts'
import { content, create, json, problem } from '../support/http.ts'
import { makeTestDirectory, startServer, type TestServer } from '../support/server.ts'

/** All in one process; a table without `address` says so. */
const CELLS = { local: {}, second: { hint: 'weur' }, third: {} }
let directory: string
let args: readonly string[]
let server: TestServer
beforeAll(async () => {
  directory = makeTestDirectory()
  const file = join(directory, 'cells.json')
  writeFileSync(file, JSON.stringify(CELLS))
  args = ['--cells-file', file, '--cell', 'local']
  server = await startServer({ app: PLACED_APP, args })
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** By a key of the account, or by the operator for it. */
async function cellOf(account: string, plural: string, body: object, key?: string): Promise<string> {
  const made =
    key === undefined
      ? await server.fetch(`/v1/${plural}?account=${account}`, json('POST', body))
      : await content(server, `/v1/${plural}`, key, json('POST', body))
  expect(made.status).toBe(201)
  const { id, cell } = (await made.json()) as ResourceJson
  // The identifier is enough to reach it, so it carries the cell.
  expect(id).toContain(`-${cell}-`)
  return cell
}

describe('a new resource', () => {
  test.each([
    ['where the process is, of a type that says nothing', 'ledgers', {}, {}, 'local'],
    ['where its type says', 'sheets', {}, {}, 'second'],
    ['where its account says', 'ledgers', { cell: 'third' }, {}, 'third'],
    ['where its account says, before its type', 'sheets', { cell: 'third' }, {}, 'third'],
    ['where the request says, before both', 'sheets', { cell: 'third' }, { cell: 'local' }, 'local'],
  ])('[CD1] [CE2] is %s', async (_, plural, settings, body, expected) => {
    const { id, key } = await makeAccount(server, { settings })
    expect(await cellOf(id, plural, body, key.key)).toBe(expected)
    expect(await cellOf(id, plural, body)).toBe(expected)
  })

  test('[CD1] of the operator himself is where its type says', async () => {
    expect((await create(server, 'sheets')).cell).toBe('second')
    expect((await create(server, 'ledgers')).cell).toBe('local')
  })

  test('[CD1] of many made at once, each is where it should be', async () => {
    const { id, key } = await makeAccount(server, { settings: { cell: 'third' } })
    const resources = [{ name: 'a' }, { name: 'b', cell: 'second' }]
    const asked = await content(server, '/v1/ledgers/bulk', key.key, json('POST', { resources }))
    expect(asked.status).toBe(202)
    const path = `/v1/ledgers?account=${id}`
    const list = (await (await server.fetch(path)).json()) as { readonly data: readonly ResourceJson[] }
    expect(list.data.map(({ name, cell }) => [name, cell])).toEqual([
      ['a', 'third'],
      ['b', 'second'],
    ])
  })

  test("[CD1] keys that are there follow their account's new cell; what it has stays", async () => {
    const { id, key } = await makeAccount(server)
    expect(await cellOf(id, 'ledgers', {}, key.key)).toBe('local')
    const flags = ['--data', server.dataDir]
    const placed = await runCli(['accounts', 'place', id, '--cell', 'third', ...flags])
    expect([placed.code, placed.stderr]).toEqual([0, expect.any(String)])
    expect(await cellOf(id, 'ledgers', {}, key.key)).toBe('third')
    expect((await runCli(['accounts', 'place', id, '--anywhere', ...flags])).code).toBe(0)
    expect(await cellOf(id, 'sheets', {}, (await makeKey(server, id)).key)).toBe('second')
    const cells = (await (await server.fetch(`/v1/ledgers?account=${id}`)).json()) as { data: ResourceJson[] }
    expect(cells.data.map(({ cell }) => cell)).toEqual(['local', 'third'])
    expect((await runCli(['accounts', 'place', id, ...flags])).code).toBe(2)
    expect((await runCli(['accounts', 'place', id, '--cell', 'moon', ...flags])).code).toBe(2)
  })
})

const everything = async () => JSON.stringify(await (await server.fetch('/v1/ledgers')).json())

describe('a cell that the deployment does not have', () => {
  test('[CD1] [CE2] is refused by the creation that names it, and nothing is recorded', async () => {
    const before = await everything()
    const refused = await server.fetch('/v1/ledgers', json('POST', { cell: 'moon' }))
    expect([refused.status, await problem(refused)]).toEqual([
      400,
      expect.objectContaining({
        code: 'invalid_request',
        parameter: 'cell',
        detail: expect.stringContaining('"moon"') as string,
      }),
    ])
    expect(await everything()).toBe(before)
  })

  test.each([
    [{ cell: 'moon' }, 'There is no cell "moon": choose one of local, second, third.'],
    [{ cell: 'The Moon' }, 'settings.cell: must be a cell code such as weur'],
    [{ cell: '__proto__' }, 'settings.cell: must be a cell code such as weur'],
    [{ cell: 'constructor' }, 'settings.cell: must be a cell code such as weur'],
  ])('[CD1] is refused as the setting of an account: %j', async (settings, detail) => {
    const account = await create(server, 'accounts')
    for (const refused of [
      await server.fetch('/v1/accounts', json('POST', { settings })),
      await server.fetch(`/v1/accounts/${account.id}`, json('PATCH', { settings })),
    ])
      expect([refused.status, (await problem(refused)).detail]).toEqual([400, detail])
  })

  test('[CD1] of a type is refused when the server starts', async () => {
    const dataDir = join(directory, 'data')
    const refused = await runCli(['serve', '--app', PLACED_APP, '--data', dataDir, '--port', '0'])
    expect([refused.code, refused.stdout]).toEqual([2, ''])
    expect(refused.stderr).toContain('the type sheet wants its resources in the cell "second"')
    expect(refused.stderr).toContain('its cells are local')
  })
})

test("[CD1] [AU7] a builder's own sign-in says where an account is", async () => {
  const tenants = await startServer({ app: PLACED_TENANTS_APP, args })
  const made = async (plural: string, headers: Readonly<Record<string, string>>): Promise<Response> =>
    fetch(`${tenants.url}/v1/${plural}`, json('POST', {}, headers))
  const cellOfNew = async (...asked: Parameters<typeof made>): Promise<string> =>
    ((await (await made(...asked)).json()) as ResourceJson).cell
  expect(await cellOfNew('ledgers', {})).toBe('local')
  expect(await cellOfNew('sheets', {})).toBe('second')
  expect(await cellOfNew('sheets', { 'x-cell': 'third' })).toBe('third')
  const refused = await made('sheets', { 'x-cell': 'moon' })
  expect([refused.status, (await problem(refused)).detail]).toEqual([
    400,
    'There is no cell "moon", which the account asks for: choose one of local, second, third.',
  ])
})
