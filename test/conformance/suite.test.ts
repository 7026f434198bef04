// The conformance suite as builders run it, on our own: in vitest, in node:test, on the command line.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  controlPlaneChecks,
  nameOf,
  registerConformance,
  textProbe,
  typeChecks,
  type ConformanceReport,
  type Probe,
  type TypeConformanceOptions,
} from '../../src/conformance/index.ts'
import { BODY_BYTES } from '../../src/types/wiki/body.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { ADDRESSING_APP, LEDGER_APP } from '../support/apps.ts'
import { runCli } from '../support/cli.ts'
import { create, json, mintToken } from '../support/http.ts'
import { ROOT, startServer, type TestServer } from '../support/server.ts'

/** Deleted resources can be restored: else those checks would be skipped, and the last test of each list would say so. */
const KEPT = { deleteRetentionMs: 24 * 3_600_000 }
const LEDGER_PROBE = textProbe({ write: 'POST entries', read: 'entries', appends: true })
const PAGE_PROBE = textProbe({ body: '<!doctype html><p>{text}</p>', contentType: 'text/html' })
/** Of a wiki that is stored by tiddlers: one tiddler each, and the list of them. */
const TIDDLER_PROBE = {
  read: 'recipes/default/tiddlers.json',
  write(n) {
    const headers = { 'content-type': 'application/json', 'x-requested-with': 'TiddlyWiki' }
    return { method: 'PUT', path: `recipes/default/tiddlers/${n}`, headers, body: JSON.stringify({ text: `${n}` }) }
  },
  async extract(response) {
    const tiddlers = (await response.json()) as { readonly title: string }[]
    return tiddlers.map(({ title }) => Number(title)).filter((n) => !Number.isNaN(n))
  },
} satisfies Probe

function optionsOf(server: TestServer, plural: string, probe: Probe): TypeConformanceOptions {
  return {
    baseUrl: server.url,
    key: server.operatorKey,
    plural,
    probe,
    restart: () => server.restart(),
    kill: async () => {
      await server.kill9()
      await server.start()
    },
  }
}

describe('ledgers', () => {
  let server: TestServer
  let before: object[]
  beforeAll(async () => {
    server = await startServer({ app: LEDGER_APP, timers: KEPT })
    const { id } = await create(server, 'ledgers', { name: 'Here before', labels: { mine: 'yes' } })
    const { token } = await mintToken(server, 'ledgers', id)
    await server.fetch(`/ledgers/${id}/entries`, {
      ...json('POST', 'x'),
      headers: { authorization: `Bearer ${token}` },
    })
    before = await everythingOf(server, 'ledgers')
  })

  describe('[CF3] keep the rules of the control plane', () => {
    registerConformance(controlPlaneChecks, test, () => optionsOf(server, 'ledgers', LEDGER_PROBE))
  })
  describe('[CF3] keep the rules of types', () => {
    registerConformance(typeChecks, test, () => optionsOf(server, 'ledgers', LEDGER_PROBE))
  })

  test('[CF5] whatever was there before is as it was, and nothing else is there', async () => {
    expect(before).toHaveLength(1)
    expect(await everythingOf(server, 'ledgers')).toEqual(before)
  })
})

describe('wikis', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ timers: KEPT })
  })

  test('[CF1] [CF2] [CF3] keep the rules of the control plane, says the command line, and ends with 1 when one is not kept', async () => {
    const good = await runCli(['conformance', 'wikis', '--data', server.dataDir, '--json'])
    const report = JSON.parse(good.stdout) as ConformanceReport
    expect([good.code, report.failed, report.skipped]).toEqual([0, [], []])
    expect(report.passed.map(nameOf)).toEqual(controlPlaneChecks.map(nameOf))
    const env = { BIPLANE_URL: server.url, BIPLANE_KEY: server.operatorKey }
    const bad = await runCli(['conformance', 'wikis', '--creation', '{"name":" "}'], env)
    expect(bad.code).toBe(1)
    expect(bad.stdout).toContain('FAILED  [ID4]')
    // Where nothing can be run it is one refusal, and not one for each check.
    expect(await runCli(['conformance', 'nothings'], env)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('the server has no resources "nothings"\n  why: it has wikis\n') as string,
    })
    expect(await runCli(['conformance', 'wikis'], { ...env, BIPLANE_KEY: 'wrong' })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('unauthenticated (401)') as string,
    })
    const keyless = await runCli(['conformance', 'wikis', '--url', server.url, '--data', server.dataDir])
    expect([keyless.code, keyless.stdout]).toEqual([2, ''])
    expect(keyless.stderr).toContain('there is no key for')
    const last = bad.stdout.trimEnd().split('\n').at(-1)
    expect(last).toMatch(new RegExp(`^${controlPlaneChecks.length} checks: \\d+ passed, \\d+ failed, 0 skipped$`))
  })
  describe('[CF3] keep the rules of types', () => {
    const bodyBytes = BODY_BYTES * 1.5
    registerConformance(typeChecks, test, () => ({ ...optionsOf(server, 'wikis', PAGE_PROBE), bodyBytes }))
  })
  describe('[CF3] keep them stored by tiddlers', () => {
    // What does not depend on how it is stored was shown above.
    const checks = typeChecks.filter(({ needs, id }) => needs === undefined && !['HT3', 'HT6', 'ID4'].includes(id))
    const creation = { params: { storage: 'tiddlers' } }
    registerConformance(checks, test, () => ({ ...optionsOf(server, 'wikis', TIDDLER_PROBE), creation }))
  })
})

describe.each(['folios', 'leaves'])('%s, which are addressed in other ways', (plural) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ app: ADDRESSING_APP, timers: KEPT })
  })

  describe('[CF3] keep the rules of the control plane', () => {
    registerConformance(controlPlaneChecks, test, () => optionsOf(server, plural, LEDGER_PROBE))
  })
  describe('[CF3] keep the rules of types', () => {
    registerConformance(typeChecks, test, () => optionsOf(server, plural, LEDGER_PROBE))
  })
})

describe('examples/own-type', () => {
  test('[CF1] [CF3] its file runs every check in node:test, and skips what needs a restart', async () => {
    const server = await startServer({ app: join(ROOT, 'examples/own-type/app.ts'), timers: KEPT })
    const env = { ...process.env, BIPLANE_URL: server.url, BIPLANE_KEY: server.operatorKey }
    const file = 'examples/own-type/conformance.test.mjs'
    const child = spawn(process.execPath, ['--test', '--test-reporter=tap', file], { cwd: ROOT, env })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number]
    expect(output.match(/^ *not ok .*$/gm) ?? []).toEqual([])
    const skipped = typeChecks.filter(({ needs }) => needs !== undefined)
    expect(output.match(/ # SKIP it needs the option/g)).toHaveLength(skipped.length)
    // And the one that counts them.
    expect(output).toContain(`# tests ${controlPlaneChecks.length + typeChecks.length + 1}\n`)
    expect(output).toMatch(
      new RegExp(`^# pass ${controlPlaneChecks.length + typeChecks.length + 1 - skipped.length}$`, 'm'),
    )
    expect(code).toBe(0)
  })
})

test('[CF1] every check cites a rule of SPEC.md and has a title of its own', () => {
  const spec = readFileSync(join(ROOT, 'SPEC.md'), 'utf8')
  const checks = [...controlPlaneChecks, ...typeChecks]
  expect(checks.filter(({ id }) => !spec.includes(`- **${id}** `))).toEqual([])
  expect(new Set(checks.map(nameOf)).size).toBe(checks.length)
  expect(checks.length).toBeGreaterThan(50)
})

/** Live and deleted ones, as the API shows them; but for their usage, which they report when it suits them. */
async function everythingOf(server: TestServer, plural: string): Promise<object[]> {
  const lists = ['', '&deleted=true'].map(async (filter) => {
    const page = await (await server.fetch(`/v1/${plural}?limit=200${filter}`)).json()
    return (page as { data: ResourceJson[] }).data.map(({ usage: _usage, ...rest }) => rest)
  })
  return (await Promise.all(lists)).flat()
}
