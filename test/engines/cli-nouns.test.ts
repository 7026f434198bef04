// `biplane <noun> <verb>` as a person and a script see it: the real command line on a real server.

import { spawn } from 'node:child_process'
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import { createClient, type Client, type OperationJson } from 'biplane/client'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'
import { toBar } from '../../src/cli/progress.ts'
import { toPlain, widthOf } from '../../src/cli/table.ts'
import { runCli, type CliResult } from '../support/cli.ts'
import { CLI, ROOT, makeTestDirectory, startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let client: Client
/** With the local server's own key. */
const cli = (...args: string[]): Promise<CliResult> => runCli(args, { BIPLANE_DATA: server.dataDir })

beforeAll(async () => {
  server = await startServer({ timers: { deleteRetentionMs: 3_600_000 } })
  client = createClient({ baseUrl: server.url, key: server.operatorKey })
})

describe('output', () => {
  test('[CM1] a list is an aligned table, or one line of JSON for each item; a thing is its members, or one document', async () => {
    const [short, long] = [
      await client.resources('wikis').create({ name: 'A' }),
      await client.resources('wikis').create({ name: '日本語 and more' }),
    ]
    const { code, stdout, stderr } = await cli('wikis', 'list')
    expect([code, stderr]).toEqual([0, ''])
    const [head = '', ...rows] = stdout.trimEnd().split('\n')
    expect(head).toMatch(/^ID +NAME +STATE +SIZE +CELL +CREATED$/)
    expect(rows.map((row) => row.split(' ')[0])).toEqual([short.id, long.id])
    // Columns begin in the same cell of the terminal, whatever is before them.
    expect(new Set(rows.map((row) => widthOf(row.slice(0, row.indexOf('active'))))).size).toBe(1)
    const listed = await cli('resources', 'list', '--type', 'wiki', '--json', '--order', 'descending', '--limit', '1')
    expect(
      listed.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toEqual([await client.resources('wikis').get(long.id)])
    const shown = await cli('resources', 'get', short.id)
    expect(shown.stdout).toMatch(new RegExp(`^id +${short.id}$`, 'm'))
    expect(JSON.parse((await cli('wikis', 'get', short.id, '--json')).stdout)).toEqual(
      await client.resources('wikis').get(short.id),
    )
    const none = await cli('wikis', 'list', '--search', 'nowhere')
    expect(none).toEqual({ code: 0, stdout: '', stderr: 'There are none.\n' })
  })

  test('[CM5] control characters and directions that somebody else wrote are shown as such', async () => {
    expect(toPlain('a\u001B[2Jb\u202Ec\nd')).toBe('a\uFFFD[2Jb\uFFFDc\uFFFDd')
    const { id } = await client.resources('wikis').create({ metadata: { evil: 'red\u001B[31m\u0007' } })
    const { stdout } = await cli('resources', 'get', id)
    expect(stdout).toContain('red')
    expect(stdout).not.toContain('\u001B')
    expect(stdout).not.toContain('\u0007')
    const c1 = { metadata: { evil: '\u009B31m\u007F\u202E' } }
    const { id: other } = await client.resources('wikis').create(c1)
    const shown = await cli('resources', 'get', other, '--json')
    expect(JSON.parse(shown.stdout)).toMatchObject(c1)
    const listed = await cli('wikis', 'list', '--json')
    for (const { stdout: said } of [shown, listed]) expect(said).not.toMatch(/[\u007F-\u009F\u202E]/)
  })
})

describe('refusals', () => {
  test('[CM2] say what, why and how to fix it, and end with 1', async () => {
    await client.resources('wikis').create({ name: 'Taken' })
    const taken = await cli('wikis', 'create', '--name', 'Taken')
    expect(taken).toMatchObject({ code: 1, stdout: '' })
    expect(taken.stderr).toMatch(
      /^error: the server refused it: already_exists \(409\)\n {2}why: .+\[request .+\]\n {2}fix: Choose another --name/,
    )
    const json = await cli('wikis', 'create', '--name', 'Taken', '--json')
    expect([json.code, json.stdout]).toEqual([1, ''])
    expect(JSON.parse(json.stderr)).toMatchObject({
      error: { code: 'already_exists', status: 409, existing_id: expect.stringMatching(/^wiki-/) as string },
    })
  })

  test.concurrent.each([
    [['resources', 'get', 'nonsense'], 2, 'is no identifier of a resource'],
    [['books', 'list'], 2, 'there is no resource type "books"'],
    [['resources', 'dance'], 2, "unknown command 'dance'"],
    [['wikis', 'lst'], 2, 'if it is a resource type, it is followed by one of: list, count, create'],
    [['wikis'], 2, 'if it is a resource type, it is followed by one of: list, count, create'],
    [['resources', 'update', 'wiki-x'], 2, 'is no identifier'],
    [['wikis', 'update', 'wiki-x'], 2, 'there is nothing to change'],
    [['wikis', 'create', '--label', 'blue'], 2, 'Expected key=value'],
    [['wikis', 'create', '--name', ' x'], 2, 'invalid_request (400)'],
    [['wikis', 'create', '--from', 'nowhere.ndjson'], 2, 'cannot read nowhere.ndjson'],
    [['tokens', 'mint', 'wiki-x', '--expires-in', 'soon'], 2, 'Expected seconds'],
    [['wikis', 'list', '--data', 'nowhere'], 1, 'no server is using'],
    [['wikis', 'list', '--url', 'http://127.0.0.1:9'], 2, 'there is no key for'],
    [['wikis', 'list', '--url', 'http://127.0.0.1:9', '--key', 'x'], 1, 'Check that the server runs'],
    [['wikis', 'list', '--key', 'wrong'], 1, 'unauthenticated (401)'],
  ])('[CM2] %j', async (args, code, message) => {
    const result = await cli(...args)
    expect(result.stderr).toContain(message)
    expect([result.code, result.stdout]).toEqual([code, ''])
  })
})

describe('changes of one resource', () => {
  test('[CM1] its mode, and whose it is', async () => {
    const { id } = await client.resources('wikis').create({ name: 'Given away', labels: { team: 'b=c:d' } })
    const { id: account } = await client.accounts.create({ name: 'Taker' }, { wait: true })
    const closed = await cli('wikis', 'update', id, '--mode', 'read_only', '--json')
    expect(JSON.parse(closed.stdout)).toMatchObject({ state: 'read_only' })
    // As it is set, and as the API writes it.
    for (const label of ['team=b=c:d', 'team:b=c:d'])
      expect((await cli('wikis', 'count', '--label', label)).stdout).toBe('count  1\n')
    const given = await cli('resources', 'transfer', id, account, '--json')
    expect([given.code, JSON.parse(given.stdout)]).toEqual([
      0,
      expect.objectContaining({ id, account, state: 'read_only', labels: { team: 'b=c:d' } }),
    ])
    expect((await cli('resources', 'update', id, '--mode', 'active', '--account', account)).code).toBe(0)
    expect((await client.forAccount(account).resources('wikis').get(id)).state).toBe('active')
  })

  test('[CM6] a noun that is no command shows the help of what it stands for', async () => {
    expect((await cli('wikis', '--help')).stdout).toMatch(/^Usage: biplane resources .*\n {2}transfer .*<account>/s)
  })
})

describe('which server', () => {
  test('[CM3] --url and --key, or their variables, lead to any server; without them it is the local one, under its public name', async () => {
    const far = await startServer({
      env: { BIPLANE_PUBLIC_URL: 'https://wikis.example' },
      args: ['--apex', 'wikis.example'],
    })
    const local = await runCli(['wikis', 'create', '--name', 'Far', '--json', '--data', far.dataDir])
    expect(JSON.parse(local.stdout)).toMatchObject({
      name: 'Far',
      url: expect.stringContaining('https://wikis.example/wikis/') as string,
    })
    const env = { BIPLANE_URL: server.url, BIPLANE_KEY: server.operatorKey }
    const { id } = await client.resources('wikis').create({ name: 'Near' })
    expect((await runCli(['resources', 'get', id], env)).code).toBe(0)
    expect((await runCli(['types', 'list', '--url', server.url, '--key', server.operatorKey])).stdout).toMatch(
      /^wiki +wikis +private, public-read$/m,
    )
  })
})

describe('progress', () => {
  test('[CM4] a bar says how far it is, and what was refused', () => {
    expect(toBar(operation(0))).toBe(`[${'-'.repeat(30)}] 0/300 bulk_create`)
    expect(toBar(operation(100, 3))).toBe(`[${'#'.repeat(10)}${'-'.repeat(20)}] 100/300 bulk_create, 3 refused`)
    expect(toBar(operation(300))).toBe(`[${'#'.repeat(30)}] 300/300 bulk_create`)
  })
})

describe('help and documentation', () => {
  const program = createProgram()

  test('[CM6] every example of every help text names a command that there is, with options that it has', () => {
    const wrong: string[] = []
    let count = 0
    for (const command of leavesOf(program)) {
      let help = ''
      command.configureOutput({ writeOut: (part) => (help += part) }).outputHelp()
      const [, examples] = help.split('\nExamples:\n')
      for (const line of (examples ?? '').split('\n').filter((example) => example.trim() !== '')) {
        count++
        if (!isKnown(program, line.trim().split(' ').slice(1))) wrong.push(line)
      }
    }
    expect(count).toBeGreaterThan(40)
    expect(wrong).toEqual([])
  })

  test("[CM6] docs/cli.md's examples do what they say", async () => {
    const [resources = '', script = ''] = shellBlocks('docs/cli.md')
    const { id } = await client.resources('wikis').create({ name: 'For the documentation' })
    for (const line of resources.trim().split('\n'))
      expect(await shell(line, { ID: id }), line).toMatchObject({ code: 0, stderr: '' })
    expect((await client.resources('wikis').get(id)).labels).toEqual({ team: 'red' })
    expect((await shell(script, {})).stdout).toMatch(/^wiki-\S+\n$/)
  })
})

describe('accounts, operations, journals', () => {
  test("[CM6] docs/cli.md's examples about accounts do what they say", async () => {
    const account = await client.accounts.create({ name: 'For the documentation' }, { wait: true })
    const lines = (shellBlocks('docs/cli.md')[2] ?? '').trim().split('\n')
    expect(lines.length).toBeGreaterThan(8)
    const { id: ID } = await client.resources('wikis').create({ name: 'To be given away' })
    for (const line of lines) expect((await shell(line, { ACCOUNT: account.id, ID })).code, line).toBe(0)
    const { settings, state } = await client.accounts.get(account.id)
    expect([state, settings]).toEqual([
      'active',
      { cell: 'local', limits: { wiki: { resources: 100, bytes: 10 * 1024 ** 3 } } },
    ])
  })

  test('[CM4] an operation is followed on stderr, its end is on stdout', async () => {
    const directory = testDirectory()
    const file = join(directory, 'wikis.ndjson')
    writeFileSync(file, Array.from({ length: 60 }, (_, index) => JSON.stringify({ name: `Bulk ${index}` })).join('\n'))
    const made = await cli('wikis', 'create', '--from', file, '--json')
    expect(made.code).toBe(0)
    expect(made.stderr).toMatch(/^op-wiki-\S+ bulk_create succeeded 60\/60$/m)
    const ended = JSON.parse(made.stdout) as OperationJson
    expect(ended).toMatchObject({ state: 'succeeded', progress: { total: 60, done: 60, failed: 0 } })
    expect((await cli('operations', 'wait', ended.id)).code).toBe(0)
    expect((await cli('operations', 'list')).stdout).toContain(ended.id)
    const late = await cli('operations', 'cancel', ended.id, '--json')
    expect(JSON.parse(late.stdout)).toMatchObject({ id: ended.id, state: 'succeeded' })
    expect(JSON.parse((await cli('wikis', 'count', '--prefix', 'bulk ', '--json')).stdout)).toEqual({ count: 60 })
  })

  test('[CM1] [CM3] keys, usage, audit, events, policies', async () => {
    const { id: account } = await client.accounts.create({ name: 'Journals' }, { wait: true })
    const created = await cli('keys', 'create', account, '--role', 'admin', '--json')
    const { key, id } = JSON.parse(created.stdout) as { key: string; id: string }
    const own = (...args: string[]): Promise<CliResult> => runCli(args, { BIPLANE_URL: server.url, BIPLANE_KEY: key })
    expect((await own('wikis', 'create', '--name', 'Mine')).code).toBe(0)
    expect((await own('audit')).stdout).toMatch(new RegExp(`key:${id} +create +wiki-`))
    expect((await own('events', '--json')).stdout).toContain('"kind":"created"')
    expect(JSON.parse((await own('usage', '--json')).stdout)).toMatchObject({
      account,
      now: { wiki: { resources: 1 } },
    })
    expect((await cli('types', 'policy')).stdout).toMatch(/^wiki +single +single +1 +no$/m)
    expect((await cli('wikis', 'list', '--account', '-')).stdout).toMatch(new RegExp(`^${account} +wiki-`, 'm'))
    expect((await cli('keys', 'revoke', account, id)).code).toBe(0)
    expect(await own('wikis', 'list')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('unauthenticated') as string,
    })
  })
})

const operation = (done: number, failed = 0): OperationJson => ({
  id: 'op-wiki-0000000000000000',
  kind: 'bulk_create',
  type: 'wiki',
  account: 'a',
  state: 'running',
  progress: { total: 300, done, failed },
  cancellable: true,
  subject: {},
  create_time: '',
  update_time: '',
})

/** Every verb. */
function leavesOf(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)
}

function isKnown(program: Command, words: readonly string[]): boolean {
  const [noun = '', verb = ''] = words
  const top = program.commands.find((command) => command.name() === noun)
  const parent = top ?? program.commands.find((command) => command.name() === 'resources')
  const command =
    parent?.commands.length === 0 ? parent : parent?.commands.find((candidate) => candidate.name() === verb)
  const flags = words.filter((word) => word.startsWith('--'))
  return command !== undefined && flags.every((flag) => command.options.some(({ long }) => long === flag))
}

function shellBlocks(path: string): string[] {
  return Array.from(readFileSync(join(ROOT, path), 'utf8').matchAll(/^```sh\n(.*?)^```/gms), ([, code = '']) => code)
}

/** A line in a shell that has `biplane`, on the local server. */
async function shell(line: string, env: Readonly<Record<string, string>>): Promise<CliResult> {
  const directory = testDirectory()
  writeFileSync(join(directory, 'biplane'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`)
  chmodSync(join(directory, 'biplane'), 0o755)
  const path = `${directory}:${process.env['PATH'] ?? ''}`
  const child = spawn('sh', ['-c', line], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: path, BIPLANE_DATA: server.dataDir, ...env },
  })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve))
  return { code: child.exitCode, stdout, stderr }
}

function testDirectory(): string {
  const directory = makeTestDirectory()
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
