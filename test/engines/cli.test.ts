// What a person and a script see of the command line.

import { once } from 'node:events'
import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { withServeOptions, type ServeFlags } from '../../src/cli/serve.ts'
import { runCli } from '../support/cli.ts'
import { NOTES_APP, makeTestDirectory, startServer } from '../support/server.ts'

function testDirectory(): string {
  const directory = makeTestDirectory()
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** The switches of `biplane serve` with these arguments, and the environment as it is. */
function switchesOf(...args: readonly string[]): unknown {
  let flags: Partial<ServeFlags> = {}
  const command = withServeOptions(new Command()).action((given: ServeFlags) => {
    flags = given
  })
  command.parse(args, { from: 'user' })
  return [flags.requestLog ?? false, flags.pathCapabilities ?? false]
}

describe('serve', () => {
  test('[EN1] --port 0 takes a free port, and the first line on stdout says which', async () => {
    const server = await startServer({ app: NOTES_APP })
    expect(server.stdout[0]).toMatch(/^Biplane listening on http:\/\/127\.0\.0\.1:[1-9]\d*$/)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  })

  test('[EN1] it says where the data is, and gives one sign-in link; the operator key is printed on request only', async () => {
    const server = await startServer({ app: NOTES_APP })
    const printed = server.stdout.join('\n')
    expect(printed).toContain(`data: ${server.dataDir}`)
    expect(printed.match(/\/sign-in\?code=/g)).toHaveLength(1)
    expect(printed).not.toContain(server.operatorKey)
    const key = await runCli(['operator-key', '--data', server.dataDir])
    expect(key).toEqual({ code: 0, stdout: `${server.operatorKey}\n`, stderr: '' })
  })

  test('[EN1] flags reach the app, and so do BIPLANE_* variables', async () => {
    const env = {
      BIPLANE_PUBLIC_URL: 'https://notes.example',
      BIPLANE_TRUST_PROXY: '10.0.0.0/8,::1/128',
      BIPLANE_REQUEST_LOG: '1',
    }
    const server = await startServer({
      app: NOTES_APP,
      env,
      args: ['--apex', 'notes.example'],
      timers: { callTimeoutMs: 777 },
    })
    const { config } = (await (await server.fetch('/config')).json()) as { config: object }
    expect(config).toMatchObject({
      publicUrl: 'https://notes.example',
      apex: 'notes.example',
      trustedProxies: ['10.0.0.0/8', '::1/128'],
      requestLog: true,
      cells: { local: {} },
      timers: { callTimeoutMs: 777, tombstoneRetentionMs: 30 * 24 * 3_600_000 },
    })
  })

  test.each([
    ['false', false],
    ['0', false],
    ['no', false],
    ['off', false],
    ['', false],
    ['TRUE', true],
    ['1', true],
    ['yes', true],
  ])('[CA6] BIPLANE_REQUEST_LOG=%s is %s', (value, isOn) => {
    vi.stubEnv('BIPLANE_REQUEST_LOG', value)
    vi.stubEnv('BIPLANE_PATH_CAPABILITIES', value)
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(switchesOf()).toEqual([isOn, isOn])
    expect(switchesOf('--request-log')).toEqual([true, isOn])
  })

  test('[CA6] a switch that is neither on nor off is a mistake, and one that is off starts a server without', async () => {
    const mistaken = await runCli(['serve', '--port', '0'], { BIPLANE_REQUEST_LOG: 'flase' })
    expect([mistaken.code, mistaken.stderr]).toEqual([2, expect.stringContaining('BIPLANE_REQUEST_LOG is "flase"')])
    const help = await runCli(['serve', '--help'], { BIPLANE_REQUEST_LOG: 'no' })
    expect(help.stdout).toMatch(/--request-log +log one line per request \(env: +BIPLANE_REQUEST_LOG\)/)
    const env = { BIPLANE_PATH_CAPABILITIES: 'false', BIPLANE_REQUEST_LOG: '0' }
    const server = await startServer({ app: NOTES_APP, env })
    const { config } = (await (await server.fetch('/config')).json()) as { config: object }
    expect(config).toMatchObject({ requestLog: false, pathCapabilities: false })
  })

  test('[EN1] --log json makes every line of stderr JSON with the process that it is from', async () => {
    const server = await startServer({ app: NOTES_APP })
    await server.stop()
    expect(server.log.filter((line) => line.event === 'text')).toEqual([])
    const ready = server.log.filter((line) => line.event === 'engine_ready')
    expect(new Set(ready.map((line) => line.process))).toEqual(new Set(['control', 'data']))
  })
})

describe('inspect', () => {
  test('[EN1] it shows what both planes know about one resource, also behind another public name', async () => {
    const server = await startServer({
      env: { BIPLANE_PUBLIC_URL: 'https://wikis.example' },
      args: ['--apex', 'wikis.example'],
    })
    const headers = {
      authorization: `Bearer ${server.operatorKey}`,
      host: 'wikis.example',
      'content-type': 'application/json',
    }
    const created = request(`${server.url}/v1/wikis`, { method: 'POST', headers }).end('{"name":"Notes"}')
    const [response] = (await once(created, 'response')) as [IncomingMessage]
    const { id } = JSON.parse(await text(response)) as { id: string }
    const shown = await runCli(['inspect', id, '--data', server.dataDir])
    expect(shown).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(shown.stdout)).toMatchObject({
      row: { id },
      object: { kind: 'descriptor', descriptor: { id, mode: 'active' } },
    })
    const ghost = await runCli(['inspect', `${id.slice(0, -1)}0`, '--data', server.dataDir])
    expect(ghost.code).toBe(1)
    expect(ghost.stderr).toContain('the server answered 404')
  })
})

describe('usage', () => {
  test.each([
    [['serve', '--port', 'eighty'], 'A port is a number'],
    [['serve', '--public-url', 'wikis.example'], 'Expected something like https://'],
    [['serve', '--public-url', 'https://wikis.example'], 'Add --apex HOST'],
    [['serve', '--trust-proxy', 'everybody'], 'is no CIDR block'],
    [['serve', '--app', 'nowhere.ts'], 'there is no app file'],
    [['serve', '--host', 'no-such-host.invalid', '--app', NOTES_APP], 'has no address'],
    [['dance'], "unknown command 'dance'"],
    [['inspect', 'x', '--data', 'nowhere'], 'no server is using'],
    [['operator-key', '--data', 'nowhere'], 'there is no secrets file'],
  ])('[EN1] %j fails and says why', async (args, message) => {
    const isServe = args[0] === 'serve'
    const result = await runCli(isServe ? [...args, '--data', join(testDirectory(), 'data')] : args)
    expect(result.stderr).toContain(message)
    // 2: asked for something that cannot be; 1: the world is not ready for it.
    expect(result.code).toBe(isServe || args[0] === 'dance' ? 2 : 1)
    expect(result.stdout).toBe('')
  })

  test('[CM2] what the system refuses is told as every other refusal', async () => {
    const directory = testDirectory()
    const file = join(directory, 'file')
    writeFileSync(file, '')
    for (const [args, message] of [
      [['archive', 'verify', directory], 'it is no file'],
      [['wrangler-config', '--app', NOTES_APP, '--public-url', 'http://127.0.0.1:1', '--out', file], 'ENOTDIR'],
      [['operator-key', '--secrets', join(file, 'x')], 'ENOTDIR'],
      [['operator-key', '--secrets', directory], 'the secrets file'],
      // Nobody has expected this one: it is told all the same.
      [['secrets', 'import', await exported(), '--data', join(file, 'data')], 'ENOTDIR'],
    ] as const) {
      const { code, stdout, stderr } = await runCli(args)
      expect([code, stdout, stderr]).toEqual([expect.any(Number), '', expect.stringContaining(message)])
      expect(code).not.toBe(0)
      expect(stderr).toMatch(/^error: .*\n {2}why: .*\n {2}fix: .*\n$/)
    }
    expect(readdirSync(directory)).toEqual(['exported', 'file'])

    async function exported(): Promise<string> {
      const server = await startServer({ app: NOTES_APP })
      const out = join(directory, 'exported')
      expect((await runCli(['secrets', 'export', '--out', out, '--data', server.dataDir])).code).toBe(0)
      return out
    }
  })

  test('[EN1] help and version', async () => {
    const help = await runCli(['--help'])
    expect(help.code).toBe(0)
    for (const command of [
      'serve',
      'dev',
      'inspect',
      'backup',
      'restore',
      'operator-key',
      'deploy',
      'wrangler-config',
    ]) {
      expect(help.stdout).toContain(`  ${command} `)
    }
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    expect(await runCli(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })
})

/** Answers a text of its own, one that it imports, and a count. */
const app = (word: string): string => `
import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers'
import { text } from './text.ts'
class C extends DurableObject { async add() {
  const { kv } = this.ctx.storage
  kv.put('n', (kv.get('n') ?? 0) + 1)
  return kv.get('n')
} }
class Plane extends WorkerEntrypoint {}
export default {
  fetch: async (request, env) => new Response(text + ' ${word} ' + await env.C_DATA.getByName('c').add()),
  exports: { ControlPlane: Plane, DataPlane: Plane, CControl: C, CData: class extends C {} },
  manifest: { version: 1, types: [{ name: 'cc', plural: 'ccs', shards: { kind: 'single' },
    control: { className: 'CControl', binding: 'C_CONTROL' }, data: { className: 'CData', binding: 'C_DATA' } }] },
}`

describe('dev', () => {
  test('[EN1] a change of the app, or of a file that it imports, is served on the same data; a mistake is not', async () => {
    const directory = testDirectory()
    const write = (name: string, content: string): void => {
      // As editors do: another file, renamed over the old one.
      writeFileSync(join(directory, `${name}~`), content)
      renameSync(join(directory, `${name}~`), join(directory, name))
    }
    write('text.ts', `export const text: string = 'one'`)
    write('app.js', app('first'))
    const server = await startServer({ app: join(directory, 'app.js'), command: 'dev' })
    const events = (event: string) => server.log.filter((line) => line.event === event).length
    const body = async (): Promise<string> => (await server.fetch('/')).text()
    expect(await body()).toBe('one first 1')

    write('text.ts', `export const text: string = 'two'`)
    await server.logged((line) => line.event === 'reloaded')
    expect(await body()).toBe('two first 2')

    write('app.js', 'export default {')
    const failure = await server.logged((line) => line.event === 'reload_failed')
    expect(failure.message).toContain('cannot bundle')
    expect(await body()).toBe('two first 3')

    write('app.js', app('second'))
    await server.logged(() => events('reloaded') === 2)
    expect(await body()).toBe('two second 4')
  })
})
