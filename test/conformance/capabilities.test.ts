// What a running deployment says that it can do, and how it refuses what it cannot.

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient, type CapabilitiesJson } from 'biplane/client'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { WIKIS_APP, MOUNTED_APP } from '../support/apps.ts'
import { makeAccount } from '../support/accounts.ts'
import { runCli } from '../support/cli.ts'
import { create, json, problem } from '../support/http.ts'
import { makeTestDirectory, startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let mounted: TestServer
beforeAll(async () => {
  ;[server, mounted] = await Promise.all([startServer({ app: WIKIS_APP }), startServer({ app: MOUNTED_APP })])
})

describe('GET /v1/capabilities', () => {
  test('[CA1] tells engine, cells, and where resources of each type can be; addresses to the operator only', async () => {
    const { ask } = await makeAccount(server)
    const told = (await (await ask('/v1/capabilities')).json()) as CapabilitiesJson
    expect(told).toMatchObject({
      engine: 'workerd',
      cell: 'local',
      cells: [
        { code: 'local', here: true, engine: 'workerd', supports: { placement: 'ignored', jurisdiction: false } },
      ],
      types: [{ name: 'wiki', plural: 'wikis', requires: [], cells: ['local'] }],
    })
    expect(await createClient({ baseUrl: server.url, key: server.operatorKey }).capabilities()).toEqual(told)
    const [forOperator, forOthers] = await Promise.all([
      (await mounted.fetch('/v1/capabilities')).text(),
      (await (await makeAccount(mounted)).ask('/v1/capabilities')).text(),
    ])
    expect([forOperator.includes('127.0.0.1:9'), forOthers.includes('127.0.0.1:9')]).toEqual([true, false])
  })

  test('[CA1] the command line shows it as tables, and as one document', async () => {
    const env = { BIPLANE_DATA: mounted.dataDir }
    const shown = await runCli(['capabilities'], env)
    expect([shown.code, shown.stdout]).toEqual([
      0,
      expect.stringMatching(/^near +yes +workerd +weur \(ignored\) +cannot/m),
    ])
    expect(shown.stdout).toMatch(/^vault +jurisdiction +far$/m)
    const asJson = JSON.parse((await runCli(['capabilities', '--json'], env)).stdout) as CapabilitiesJson
    expect(asJson).toEqual(await (await mounted.fetch('/v1/capabilities')).json())
  })
})

describe('biplane serve', () => {
  test('[CA2] ends with 2 for cells that ask for what the engine has not got, and types that no cell suits', async () => {
    const folder = makeTestDirectory()
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const cellsFile = join(folder, 'cells.json')
    writeFileSync(cellsFile, JSON.stringify({ lon: { hint: 'weur' }, law: { jurisdiction: 'eu' } }))
    const flags = ['--data', join(folder, 'data'), '--port', '0', '--cells-file', cellsFile, '--cell', 'lon']
    const refused = await runCli(['serve', ...flags, '--app', WIKIS_APP])
    expect([refused.code, refused.stdout]).toEqual([2, ''])
    expect(refused.stderr).toMatch(
      /error: the engine workerd cannot serve cell "law"\n +why: cell "law": it asks for .*"eu"/,
    )
    // Elsewhere it is another engine's business.
    const far = { jurisdiction: 'eu', engine: 'cloudflare', address: 'http://127.0.0.1:9' }
    writeFileSync(cellsFile, JSON.stringify({ lon: { hint: 'weur' }, law: far }))
    const args = flags.slice(4)
    const served = await startServer({ app: WIKIS_APP, dataDir: join(folder, 'data'), args })
    expect(served.log.filter(({ event }) => event === 'placement_ignored')).toMatchObject([{ cells: ['lon'] }])
    expect(await (await served.fetch('/v1/capabilities')).json()).toMatchObject({
      cells: [
        { code: 'lon', here: true, hint: 'weur', supports: { placement: 'ignored' } },
        { code: 'law', here: false, jurisdiction: 'eu', supports: { jurisdiction: true } },
      ],
      types: [{ name: 'wiki', cells: ['lon', 'law'] }],
    })
    await served.dispose()
  })
})

describe('in a Worker that its builder configures', () => {
  test('[CA5] the engine is found out, and what promises more than it has is not believed', async () => {
    const { engine, cells } = (await (await mounted.fetch('/v1/capabilities')).json()) as CapabilitiesJson
    expect([engine, cells.map((cell) => [cell.code, cell.engine])]).toEqual([
      'workerd',
      [
        ['local', 'workerd'],
        ['near', 'workerd'],
        ['law', 'workerd'],
        ['far', 'cloudflare'],
      ],
    ])
  })

  test('[CA2] what cannot be in a cell is refused with type, cell and reason, and nothing of it is recorded', async () => {
    const before = mounted.sqliteFiles()
    const refused = await mounted.fetch(
      '/v1/pages',
      json('POST', { cell: 'law', name: 'Lex' }, { 'idempotency-key': 'law' }),
    )
    expect([refused.status, await problem(refused)]).toEqual([
      400,
      expect.objectContaining({
        code: 'invalid_request',
        retryable: false,
        resource_type: 'page',
        cell: 'law',
        detail: expect.stringMatching(/No page can be in the cell "law": it asks for the jurisdiction "eu"/) as string,
      }),
    ])
    const bulk = await mounted.fetch('/v1/pages/bulk', json('POST', { resources: [{}, { cell: 'law' }] }))
    expect([bulk.status, (await problem(bulk)).cell]).toEqual([400, 'law'])
    const vault = await problem(await mounted.fetch('/v1/vaults', json('POST', {})))
    expect([vault.status, vault.resource_type, vault.cell]).toEqual([400, 'vault', 'local'])
    expect(vault.detail).toContain('requires jurisdiction')
    expect(mounted.sqliteFiles()).toEqual(before)
    // Neither name nor key was taken.
    const headers = { 'idempotency-key': 'law' }
    const made = await mounted.fetch('/v1/pages', json('POST', { cell: 'near', name: 'Lex' }, headers))
    expect([made.status, ((await made.json()) as { cell: string }).cell]).toEqual([201, 'near'])
    expect((await (await mounted.fetch('/v1/pages')).json()) as object).toMatchObject({ data: [{ name: 'Lex' }] })
  })

  test('[CA2] [CA5] so is what its own code asks for, where the control plane is told that it runs on Cloudflare', async () => {
    expect(await byCode('law')).toEqual({
      code: 'invalid_request',
      message: expect.stringMatching(/No page can be in the cell "law".*the engine workerd has no jurisdictions/),
    })
    expect(await byCode('local')).toEqual({ cell: 'local' })
  })

  test('[CA2] an account that would be where it cannot be is refused alike', async () => {
    const refused = await mounted.fetch('/v1/accounts', json('POST', { cell: 'law' }))
    expect([refused.status, (await problem(refused)).code]).toEqual([400, 'invalid_request'])
    expect((await create(mounted, 'accounts', {})).cell).toBe('local')
  })
})

/** A creation that the builder's own code asks for. */
async function byCode(cell: string): Promise<unknown> {
  return (await fetch(`${mounted.url}/by-code?cell=${cell}`, { method: 'POST' })).json()
}
