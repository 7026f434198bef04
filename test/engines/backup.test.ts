// A backup is one point in time over both planes, taken from a running server, and restores to a working one.

import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
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
