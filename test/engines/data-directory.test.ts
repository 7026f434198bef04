// Whose a data directory is, and what a start does with what it finds there.

import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runCli } from '../support/cli.ts'
import { isRunning } from '../support/engine-log.ts'
import { CLI, NOTES_APP, makeTestDirectory, startServer, type TestServer } from '../support/server.ts'

const count = async (server: TestServer, path: string, method = 'GET'): Promise<number> =>
  ((await (await server.fetch(path, { method })).json()) as { value: number }).value

const serve = (data: string, ...flags: string[]) =>
  runCli(['serve', '--app', NOTES_APP, '--port', '0', '--data', data, ...flags])

function testDirectory(): string {
  const directory = makeTestDirectory()
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

describe('one server per directory', () => {
  test('[EN2] a second server fails at once, names the first one, and disturbs nothing', async () => {
    const server = await startServer({ app: NOTES_APP })
    await count(server, '/notes/a', 'POST')
    const second = await serve(server.dataDir)
    expect(second.code).toBe(1)
    expect(second.stdout).toBe('')
    expect(second.stderr).toContain(`process ${server.supervisorPid} holds its lock`)
    expect(second.stderr).toContain('fix: ')
    expect(await count(server, '/round/a')).toBe(2)
  })

  test('[EN2] of four that start at once, one serves', async () => {
    const directory = testDirectory()
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, [CLI, 'serve', '--app', NOTES_APP, '--port', '0', '--data', join(directory, 'data')], {
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    )
    const outcomes = await Promise.all(
      children.map((child) =>
        Promise.race([
          once(child, 'exit').then(([code]) => `code ${code}`),
          once(child.stdout, 'data').then(() => 'serves'),
        ]),
      ),
    )
    for (const child of children) child.kill('SIGTERM')
    for (const child of children) if (child.exitCode === null) await once(child, 'exit')
    expect(outcomes.toSorted()).toEqual(['code 1', 'code 1', 'code 1', 'serves'])
  })

  test('[EN2] the next start ends the engine that a killed supervisor left behind', async () => {
    const server = await startServer({ app: NOTES_APP })
    await count(server, '/round/a')
    const orphans = [server.data.pid, server.control.pid] as [number, number]
    await server.kill9Supervisor()
    expect(orphans.map(isRunning)).toEqual([true, true])
    // They still hold the port: this start on the same one proves that they are gone before it binds.
    await server.start()
    expect(orphans.map(isRunning)).toEqual([false, false])
    const ended = server.log.filter((line) => line.event === 'orphan_ended')
    expect(new Set(ended.map((line) => line.pid))).toEqual(new Set(orphans))
    expect(await count(server, '/round/a')).toBe(2)
  })

  test('[EN2] so it does with an engine that the supervisor had no time to put on record', async () => {
    const server = await startServer({ app: NOTES_APP })
    const orphans = [server.data.pid, server.control.pid] as [number, number]
    await server.kill9Supervisor()
    const lock = readdirSync(server.dataDir).find((name) => name.startsWith('lock.')) ?? ''
    writeFileSync(join(server.dataDir, lock), JSON.stringify({ engines: {} }))
    await server.start()
    expect(orphans.map(isRunning)).toEqual([false, false])
  })

  test('[EN2] a lock that a power failure cut off does not stand in the way', async () => {
    const server = await startServer({ app: NOTES_APP })
    await server.kill9()
    const lock = readdirSync(server.dataDir).find((name) => name.startsWith('lock.')) ?? ''
    writeFileSync(join(server.dataDir, lock), '')
    await server.start()
    expect(await count(server, '/round/a')).toBe(1)
  })

  test('[EN2] a process that got the number of a dead engine is left alone', async () => {
    const server = await startServer({ app: NOTES_APP })
    await server.kill9()
    const lock = readdirSync(server.dataDir).find((name) => name.startsWith('lock.')) ?? ''
    const bystander = { pid: process.pid, started: 'another boot/1' }
    writeFileSync(join(server.dataDir, lock), JSON.stringify({ supervisor: bystander, engines: { data: bystander } }))
    await server.start()
    expect(server.log.filter((line) => line.event === 'orphan_ended')).toEqual([])
  })

  test('[EN2] stale sockets of a crash do not stand in the way', async () => {
    const server = await startServer({ app: NOTES_APP })
    await server.kill9()
    expect(readdirSync(join(server.dataDir, 'run')).filter((name) => name.endsWith('.sock'))).toHaveLength(3)
    await server.start()
    expect(await count(server, '/round/a')).toBe(1)
    await server.stop()
    expect(readdirSync(join(server.dataDir, 'run'))).toEqual([])
  })

  test('[EN2] a path that is too long for a socket address works, and leaves nothing in the temporary directory', async () => {
    const directory = testDirectory()
    const dataDir = join(directory, 'x'.repeat(120), 'data')
    mkdirSync(dataDir, { recursive: true })
    const server = await startServer({ app: NOTES_APP, dataDir })
    expect(await count(server, '/round/a')).toBe(1)
    const config = readFileSync(join(dataDir, 'run/data.capnp'), 'utf8')
    const socket = /unix:([^"]+)/.exec(config)?.[1] ?? ''
    expect(existsSync(socket)).toBe(true)
    expect(statSync(join(socket, '..')).mode & 0o777).toBe(0o700)
    await server.stop()
    expect(existsSync(join(socket, '..'))).toBe(false)
  })

  test('[EN2] a taken port is refused, also by a process that is not ours', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const result = await runCli([
      'serve',
      '--app',
      NOTES_APP,
      '--port',
      String(port),
      '--data',
      join(testDirectory(), 'data'),
    ])
    other.close()
    expect(result.code).toBe(1)
    expect(result.stderr).toContain('EADDRINUSE')
  })
})

describe('a start that is refused', () => {
  const elsewhere = { local: { address: 'http://127.0.0.1:9', jurisdiction: 'eu' } }

  test.each<[string, readonly string[], string]>([
    ['of an app that cannot be bundled', ['--app', 'broken.ts'], 'cannot bundle'],
    ['of an app that is none', ['--app', 'none.ts'], 'exports no app'],
    ['of a place that the engine has not got', ['--cells-file', 'cells.json'], 'cannot serve cell "local"'],
    ['at a port that is taken', [], 'EADDRINUSE'],
    ['at a port that is taken, of several cells', ['--cells', 'c1,c2'], 'EADDRINUSE'],
    ['of several cells, of an app that cannot be bundled', ['--cells', 'c1,c2', '--app', 'broken.ts'], 'cannot bundle'],
    ['with what is no secrets file', ['--secrets', 'part.json'], '"defaultAccount" is missing'],
    ['of several cells, with what is no secrets file', ['--secrets', 'part.json', '--cells', 'c1,c2'], 'is missing'],
  ])('[EN5] %s makes no data and no secrets', async (_, args, message) => {
    const directory = testDirectory()
    const files = {
      'broken.ts': 'export default {',
      'none.ts': 'export default 1',
      'cells.json': JSON.stringify(elsewhere),
      'part.json': '{"version":1,"deployment":"x"}',
    }
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content, { mode: 0o600 })
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    onTestFinished(() => void other.close())
    const { port } = other.address() as { port: number }
    const given = args.map((arg) => (Object.hasOwn(files, arg) ? join(directory, arg) : arg))
    const flags = ['--port', String(message === 'EADDRINUSE' ? port : 0), '--data', join(directory, 'new', 'data')]
    const { code, stdout, stderr } = await runCli(['serve', ...flags, '--app', NOTES_APP, ...given])
    expect([code, stdout]).toEqual([expect.any(Number), ''])
    expect(code).not.toBe(0)
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^error: [^]+\n {2}why: [^]+\n {2}fix: [^]+\n$/)
    expect(readdirSync(directory).toSorted()).toEqual(Object.keys(files).toSorted())
  })

  test.runIf(process.platform === 'linux').each([
    ['serve', '--app', NOTES_APP, '--port', '0', '--data', '/proc/x'],
    ['serve', '--app', NOTES_APP, '--port', '0', '--data', '/proc/x/y', '--cells', 'c1,c2'],
    ['wrangler-config', '--app', NOTES_APP, '--public-url', 'http://127.0.0.1:8787', '--out', '/proc/x'],
  ])('[CM2] where the system makes no directory it ends: %j', (...args) => {
    // Before, it took a core until it was killed.
    const { status, stderr } = spawnSync(process.execPath, [CLI, ...args], { timeout: 20_000, killSignal: 'SIGKILL' })
    expect([status, stderr.toString()]).toEqual([expect.any(Number), expect.stringContaining('ENOENT')])
    expect(stderr.toString()).toMatch(/^error: .*\n {2}why: .*\n {2}fix: .*\n$/)
  })
})

describe('format', () => {
  test('[EN4] a newer format is refused, and nothing is touched', async () => {
    const data = join(testDirectory(), 'data')
    mkdirSync(data)
    writeFileSync(join(data, 'format'), '2\n')
    const result = await serve(data)
    expect(result.code).toBe(2)
    expect(result.stderr).toContain('has format 2, this program knows up to 1')
    expect(readdirSync(data)).toEqual(['format'])
  })

  test('[EN4] a directory with other things in it is refused', async () => {
    const data = testDirectory()
    writeFileSync(join(data, 'thesis.txt'), '')
    const result = await serve(data)
    expect(result.code).toBe(2)
    expect(readdirSync(data)).toEqual(['thesis.txt'])
  })
})

describe('secrets', () => {
  test('[EN5] they are made once, for their owner only, and outside of the data', async () => {
    const server = await startServer({ app: NOTES_APP })
    expect(statSync(server.secretsFile).mode & 0o777).toBe(0o600)
    expect(server.secretsFile.startsWith(`${server.dataDir}/`)).toBe(false)
    const before = readFileSync(server.secretsFile, 'utf8')
    await server.restart()
    expect(readFileSync(server.secretsFile, 'utf8')).toBe(before)
    const texts = readdirSync(server.dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    for (const secret of [server.operatorKey, server.secrets.namespaceKey, server.secrets.tokenKeys[0]?.key ?? '']) {
      expect(texts.filter((text) => text.includes(secret))).toEqual([])
    }
  })

  test('[EN5] a file that others can read is refused', async () => {
    const server = await startServer({ app: NOTES_APP })
    await server.stop()
    chmodSync(server.secretsFile, 0o640)
    const result = await serve(server.dataDir)
    expect(result.code).toBe(2)
    expect(result.stderr).toContain('its mode is 640')
    expect(result.stderr).toContain('chmod 600')
  })

  test('[EN5] data whose secrets are missing or others is not served as if it were empty', async () => {
    const server = await startServer({ app: NOTES_APP })
    const other = await startServer({ app: NOTES_APP })
    await server.stop()
    const elsewhere = await serve(server.dataDir, '--secrets', other.secretsFile)
    expect(elsewhere.code).toBe(2)
    expect(elsewhere.stderr).toContain('belongs to another deployment')
    rmSync(server.secretsFile)
    const missing = await serve(server.dataDir)
    expect(missing.code).toBe(2)
    expect(missing.stderr).toContain('is missing')
    expect(existsSync(server.secretsFile)).toBe(false)
  })
})

describe('sweep', () => {
  test('[EN6] files of objects that hold nothing go at the next start; data, alarms and unsaved logs stay', async () => {
    const server = await startServer({ app: NOTES_APP })
    for (const name of ['ghost1', 'ghost2', 'ghost3']) await count(server, `/notes/${name}`)
    await count(server, '/notes/real', 'POST')
    await server.fetch('/alarm/waiting')
    expect(server.sqliteFiles().data).toBe(5)
    await server.restart()
    expect(server.log.find((line) => line.event === 'swept')?.['count']).toBe(3)
    expect(server.sqliteFiles().data).toBe(2)
    expect(await count(server, '/notes/real')).toBe(1)
    // After a crash what was written may be in the log alone, beside a file of 4,096 bytes.
    await count(server, '/notes/crashed', 'POST')
    await server.kill9()
    await server.start()
    expect(await count(server, '/notes/crashed')).toBe(1)
    const folders = readdirSync(join(server.dataDir, 'data'))
    expect(readdirSync(join(server.dataDir, 'data', folders[0] ?? ''))).toContain('metadata.sqlite')
  })
})
