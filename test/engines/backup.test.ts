// A backup is one point in time over both planes, taken from a running server, and restores to a working one.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { runCli } from '../support/cli.ts'
import { NOTES_APP, makeTestDirectory, startServer, type TestServer } from '../support/server.ts'

const directory = makeTestDirectory()
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const post = async (server: TestServer, path: string): Promise<number> =>
  ((await (await server.fetch(path, { method: 'POST' })).json()) as { value: number }).value
const read = async (server: TestServer, path: string): Promise<number> =>
  ((await (await server.fetch(path)).json()) as { value: number }).value

describe('backup', () => {
  test('[EN7] taken while both planes are written, it restores to one moment of both', async () => {
    const server = await startServer({ app: NOTES_APP })
    // First the control plane, then the data plane: at every moment 0 <= control - data <= 1.
    const stopping = new AbortController()
    const writing = (async () => {
      let written = 0
      while (!stopping.signal.aborted) {
        await post(server, '/control/a')
        written = await post(server, '/notes/a')
      }
      return written
    })()
    const saved: string[] = []
    for (const name of ['one', 'two', 'three']) {
      const target = join(directory, name)
      const result = await runCli(['backup', target, '--data', server.dataDir, '--with-secrets'])
      expect(result).toMatchObject({ code: 0, stderr: '' })
      expect(result.stdout).toMatch(/the server stood still for \d+ ms/)
      saved.push(target)
    }
    stopping.abort()
    const written = await writing
    expect(await read(server, '/notes/a')).toBe(written)
    await server.stop()

    const counts: number[] = []
    for (const backup of saved) {
      const dataDir = `${backup}-restored`
      expect(await runCli(['restore', backup, '--data', dataDir])).toMatchObject({ code: 0 })
      expect(statSync(`${dataDir}.secrets.json`).mode & 0o777).toBe(0o600)
      const restored = await startServer({ app: NOTES_APP, dataDir })
      const [control, data] = [await read(restored, '/control/a'), await read(restored, '/notes/a')]
      expect([0, 1]).toContain(control - data)
      counts.push(data)
      await restored.stop()
    }
    expect(counts.every((value) => value > 0 && value <= written)).toBe(true)
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
  })

  test('[EN7] without its secrets it restores nothing, with them beside it does', async () => {
    const server = await startServer({ app: NOTES_APP })
    await post(server, '/notes/a')
    const target = join(directory, 'no-secrets')
    const made = await runCli(['backup', target, '--data', server.dataDir])
    expect(made.stdout).toContain(`Keep a copy of ${server.secretsFile}`)
    const refused = await runCli(['restore', target, '--data', join(directory, 'nowhere')])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('the secrets of this backup are missing')
    const dataDir = join(directory, 'with-own-secrets')
    writeFileSync(`${dataDir}.secrets.json`, readFileSync(server.secretsFile), { mode: 0o600 })
    expect(await runCli(['restore', target, '--data', dataDir])).toMatchObject({ code: 0 })
    const restored = await startServer({ app: NOTES_APP, dataDir })
    expect(await read(restored, '/notes/a')).toBe(1)
  })

  test('[EN7] a backup that dies lets the engine go on', async () => {
    const server = await startServer({ app: NOTES_APP })
    const socket = createConnection(join(server.dataDir, 'run/supervisor.sock'))
    socket.write('freeze\n')
    await once(socket, 'data')
    const waiting = read(server, '/round/a')
    expect(readFileSync(`/proc/${server.data.pid}/stat`, 'utf8')).toContain(') T ')
    expect(readFileSync(`/proc/${server.control.pid}/stat`, 'utf8')).toContain(') T ')
    socket.destroy()
    expect(await waiting).toBe(1)
  })

  test('[EN7] of a stopped server, too; never over anything; never into a directory in use', async () => {
    const server = await startServer({ app: NOTES_APP })
    await post(server, '/notes/a')
    await server.stop()
    const target = join(directory, 'stopped')
    const made = await runCli(['backup', target, '--data', server.dataDir])
    expect(made.code).toBe(0)
    expect(made.stdout).not.toContain('stood still')
    expect((await runCli(['backup', target, '--data', server.dataDir])).code).toBe(2)
    expect((await runCli(['restore', target, '--data', server.dataDir])).code).toBe(2)
  })

  test('[EN7] one for which there is no room is refused, and nothing of it stays', async (context) => {
    const server = await startServer({ app: NOTES_APP })
    await post(server, '/notes/a')
    const small = join(directory, 'small')
    mkdirSync(small)
    if (!mountSmall(small)) return context.skip('mounting a small file system is not allowed here')
    onTestFinished(() => void execFileSync('umount', ['--lazy', small]))
    for (const args of [
      ['backup', join(small, 'backup'), '--data', server.dataDir],
      ['secrets', 'export', '--out', join(small, 'secrets.json'), '--data', server.dataDir],
    ]) {
      const { code, stdout, stderr } = await runCli(args)
      expect([code, stdout]).toEqual([1, ''])
      expect(stderr).toMatch(/^error: cannot .*\n {2}why: ENOSPC.*\n {2}fix: Make room.*\n$/)
    }
    expect(readdirSync(small)).toEqual(['full'])
    expect(await post(server, '/notes/a')).toBe(2)
  })

  test('[EN7] where nothing can be made it is refused, and a restore leaves no secrets', async () => {
    const server = await startServer({ app: NOTES_APP })
    const target = join(directory, 'with-secrets')
    expect(await runCli(['backup', target, '--data', server.dataDir, '--with-secrets'])).toMatchObject({ code: 0 })
    const file = join(directory, 'a file')
    writeFileSync(file, '')
    for (const args of [
      ['backup', join(file, 'backup'), '--data', server.dataDir],
      ['restore', target, '--data', join(file, 'data'), '--secrets', join(directory, 'fresh.secrets.json')],
    ]) {
      const { code, stderr } = await runCli(args)
      expect([code, stderr]).toEqual([expect.any(Number), expect.stringMatching(/^error: .*\n {2}why: .*ENOTDIR/)])
    }
    expect(existsSync(join(directory, 'fresh.secrets.json'))).toBe(false)
  })

  test('[EN4] a backup of a newer format is refused', async () => {
    const server = await startServer({ app: NOTES_APP })
    const target = join(directory, 'newer')
    await runCli(['backup', target, '--data', server.dataDir, '--with-secrets'])
    writeFileSync(join(target, 'format'), '2\n')
    const result = await runCli(['restore', target, '--data', join(directory, 'older-program')])
    expect(result.code).toBe(2)
    expect(result.stderr).toContain('has format 2')
  })
})

/** A file system in memory that is full. @returns false where nobody may mount one */
function mountSmall(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', path], { stdio: 'ignore' })
  } catch {
    return false
  }
  try {
    writeFileSync(join(path, 'full'), Buffer.alloc(1 << 20))
  } catch {
    // As far as there was room.
  }
  return true
}
