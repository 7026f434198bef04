// The data of several cells on one machine: where it is, how cells are added, what the commands say about it. And proxies before the front.

import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { operatorKeyOf } from '../../src/cli/data-commands.ts'
import { backup as copyData } from '../../src/engine/backup.ts'
import { openDataDirectory } from '../../src/engine/data-directory.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { LEDGER_APP } from '../support/apps.ts'
import { runCli } from '../support/cli.ts'
import { content, create, mintToken, send, type Answer } from '../support/http.ts'
import { makeTestDirectory, startServer, type TestServer } from '../support/server.ts'
import { forgeToken } from '../support/tokens.ts'

function makeData(): string {
  const directory = makeTestDirectory()
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'data')
}

async function writeEntry(server: TestServer, cell: string): Promise<(at: TestServer) => Promise<unknown>> {
  const { id } = await create(server, 'ledgers', { cell })
  const { token } = await mintToken(server, 'ledgers', id)
  const path = `/ledgers/${id}/entries`
  expect((await content(server, path, token, { method: 'POST', body: cell })).status).toBe(204)
  return async (at) => (await content(at, path, token)).json()
}

const SEVERAL = 'holds the data of several cells'

describe('cells of one machine', () => {
  test('[CE13] are added without a migration: what was there is reached by the same URLs', async () => {
    const dataDir = makeData()
    const alone = await startServer({ app: LEDGER_APP, dataDir })
    const first = await writeEntry(alone, 'local')
    await alone.stop()
    const two = await startServer({ app: LEDGER_APP, dataDir, args: ['--cells', 'c2,local'] })
    expect(await first(two)).toEqual(['local'])
    const second = await writeEntry(two, 'c2')
    const all = (await (await two.fetch('/v1/ledgers')).json()) as { data: ResourceJson[] }
    expect(all.data.map(({ cell }) => cell)).toEqual(['local', 'c2'])
    expect(await second(two)).toEqual(['c2'])
    expect(readdirSync(join(dataDir, 'cells'))).toEqual(['c2'])

    const backup = join(dataDir, '..', 'backup')
    const partly = await runCli(['backup', backup, `--data=${dataDir}`])
    expect([partly.code, partly.stdout]).toEqual([0, expect.stringMatching(/cell local alone.*cells\/c2/)])
  })

  test('[CE7] [CE13] a cell whose data is there and that is not served is named, at the start and by each refusal', async () => {
    const dataDir = makeData()
    const two = await startServer({ app: LEDGER_APP, dataDir, args: ['--cells', 'local,c2'] })
    const { id } = await create(two, 'ledgers', { cell: 'c2' })
    const { token } = await mintToken(two, 'ledgers', id)
    await two.stop()
    const server = await startServer({ app: LEDGER_APP, dataDir, args: ['--cells', 'local,c3'] })
    const warning = await server.logged(({ event }) => event === 'cell_left_out')
    expect(warning.message).toMatch(/cells\/c2 has the data of the cell c2.*--cells local,c3,c2/)
    const answer = await content(server, `/ledgers/${id}/entries`, token)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '60'])
    expect(await answer.json()).toMatchObject({ code: 'unavailable', cell: 'c2', applied: 'no' })
  })

  test('[CE13] a directory of several is not taken for one', async () => {
    const dataDir = makeData()
    const server = await startServer({ app: LEDGER_APP, dataDir, args: ['--cells', 'c1,c2'] })
    expect(readdirSync(dataDir)).toEqual(['cells'])
    const flags = [`--data=${dataDir}`]
    expect(operatorKeyOf({ data: dataDir })).toBe(server.operatorKey)
    const { id } = await create(server, 'ledgers', { cell: 'c2' })
    const inspected = await runCli(['inspect', id, ...flags])
    expect([inspected.code, inspected.stdout]).toEqual([0, expect.stringContaining(id)])
    const rotated = await runCli(['rotate-token-key', ...flags])
    expect([rotated.code, rotated.stdout]).toEqual([0, expect.stringContaining('the running server uses it')])
    for (const cell of ['c1', 'c2']) {
      const one = await create(server, 'ledgers', { cell })
      expect((await content(server, `/ledgers/${one.id}/entries`, await forgeToken(server, one.id))).status).toBe(200)
    }
    const backup = `${dataDir}-backup`
    const saved = await runCli(['backup', backup, `--data=${join(dataDir, 'cells', 'c2')}`, '--with-secrets'])
    expect([saved.code, existsSync(join(backup, 'secrets.json'))]).toEqual([0, true])
    await expect(copyData(dataDir, `${dataDir}-all`)).rejects.toThrow(SEVERAL)
    expect(() => openDataDirectory(dataDir, 'local')).toThrow(SEVERAL)
    expect(() => openDataDirectory(dataDir, 'c1')).toThrow(join(dataDir, 'cells', 'c1'))
    const twice = await runCli(['serve', '--port=0', '--cells', 'c1,c2', ...flags])
    expect([twice.code, twice.stderr]).toEqual([1, expect.stringContaining('another server is using')])
    await server.kill9Supervisor()
    // The engines are left over, the front is not; both are no hindrance.
    const again = await startServer({ app: LEDGER_APP, dataDir, port: server.port, args: ['--cells', 'c1,c2'] })
    expect((await content(again, `/ledgers/${id}/entries`, await forgeToken(again, id))).status).toBe(200)
  })

  test.each([
    [['--cells', 'c1,x'], undefined, 'is no cell code'],
    [['--cells', 'c1,c2', '--cell', 'c1'], undefined, 'cannot be used with'],
    [['--cells', 'c1,c3'], { c1: {}, c2: {} }, 'there is no cell "c3"'],
    [['--cells', 'c1,c2'], { c1: {}, c2: {}, c3: {} }, 'the cell "c3" could be any of c1, c2'],
    [
      ['--cells', 'c1,c2'],
      { c1: addressAt('m'), c2: addressAt('m'), c3: addressAt('m') },
      'the cell "c3" could be any of c1, c2',
    ],
  ])('[CE13] what cannot be is refused: %j %j', async (args, table, message) => {
    const dataDir = makeData()
    const file = `${dataDir}.json`
    if (table !== undefined) writeFileSync(file, JSON.stringify(table))
    const flags = [`--data=${dataDir}`, '--port=0', ...(table === undefined ? [] : ['--cells-file', file])]
    const { code, stderr } = await runCli(['serve', ...args, ...flags])
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  })
})

describe('a proxy before the front', () => {
  const CUSTOM = 'notes.example.org'
  const PUBLIC = ['--cells', 'c1,c2', '--public-url', 'https://wikis.example', '--apex', 'pages.example']

  test('[CE14] is believed by its address, whatever it or anybody else writes into headers', async () => {
    const server = await startServer({ app: LEDGER_APP, args: [...PUBLIC, '--trust-proxy', '10.0.0.0/8,127.0.0.2/32'] })
    for (const cell of ['c1', 'c2']) {
      const id = await makeWithHost(server, cell, CUSTOM)
      for (const [localAddress, origin] of [
        ['127.0.0.2', `https://${CUSTOM}`],
        ['127.0.0.1', `https://${id}.pages.example`],
      ] as const) {
        const headers = {
          host: `${id}.pages.example`,
          'x-forwarded-host': CUSTOM,
          'x-forwarded-proto': 'https',
          'biplane-trusted-peer': 'yes',
          authorization: `Bearer ${await forgeToken(server, id)}`,
        }
        const answer = await send(server, { path: '/x', headers, agent: new Agent({ localAddress }) })
        const seen = JSON.parse(answer.text) as { principal: { origin: string }; headers: [string, string][] }
        expect([cell, seen.principal.origin]).toEqual([cell, origin])
        expect(seen.headers.filter(([name]) => name.startsWith('biplane-trusted'))).toEqual([])
      }
    }
  })
})

async function makeWithHost(server: TestServer, cell: string, host: string): Promise<string> {
  const control = (method: string, path: string, body: object): Promise<Answer> => {
    const headers = {
      host: 'wikis.example',
      'content-type': 'application/json',
      authorization: `Bearer ${server.operatorKey}`,
    }
    return send(server, { method, path, headers, body: JSON.stringify(body) })
  }
  const { id } = JSON.parse((await control('POST', '/v1/ledgers', { cell })).text) as { id: string }
  expect((await control('PATCH', `/v1/ledgers/${id}`, { hosts: [host] })).status).toBe(200)
  return id
}

function addressAt(host: string): { readonly address: string } {
  return { address: `https://${host}.example` }
}
