// Two engine processes, each kept running; what clients notice when one of them dies or the server ends.

import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isRunning } from '../support/engine-log.ts'
import { NOTES_APP, startServer, type TestServer } from '../support/server.ts'

const value = async (server: TestServer, path: string, method = 'GET'): Promise<unknown> =>
  ((await (await server.fetch(path, { method })).json()) as { value: unknown }).value

describe('two processes', () => {
  test('[EN1] the data process serves the public socket and reaches the control process, and back', async () => {
    const server = await startServer({ app: NOTES_APP })
    expect(await value(server, '/notes/a', 'POST')).toBe(1)
    expect(await value(server, '/round/a')).toBe(2)
    expect(await value(server, '/control/a', 'POST')).toBe(1)
    expect(server.data.pid).not.toBe(server.control.pid)
    const { bindings } = (await (await server.fetch('/config')).json()) as { bindings: string[] }
    expect(bindings.toSorted()).toEqual(['BIPLANE_CONFIG', 'BIPLANE_CONTROL_PLANE', 'BIPLANE_SECRETS', 'NOTE_DATA'])
  })

  test.each(['data', 'control'] as const)(
    '[EN1] the %s process is started again on the same storage',
    async (plane) => {
      const server = await startServer({ app: NOTES_APP })
      await value(server, '/notes/a', 'POST')
      await value(server, '/control/a', 'POST')
      const pid = server[plane].pid
      await server[plane].kill9()
      await server[plane].ready()
      expect(server[plane].pid).not.toBe(pid)
      expect(await value(server, '/notes/a')).toBe(1)
      expect(await value(server, '/control/a')).toBe(1)
    },
  )

  test('[EN1] a process that cannot start is tried again less and less often, and comes back when it can', async () => {
    const server = await startServer({ app: NOTES_APP })
    await value(server, '/notes/a', 'POST')
    const configFile = join(server.dataDir, 'run/data.capnp')
    const config = readFileSync(configFile)
    writeFileSync(configFile, 'no configuration')
    await server.data.kill9()
    const ends = () => server.log.filter((line) => line.event === 'engine_exited' && line.process === 'data')
    await server.logged(() => ends().length === 4)
    expect(ends().map((line) => line['delayMs'])).toEqual([0, 250, 500, 1000])
    writeFileSync(configFile, config)
    await server.data.ready()
    expect(await value(server, '/notes/a')).toBe(1)
  })

  test('[EN1] with the control process gone, data is served without an error', async () => {
    const server = await startServer({ app: NOTES_APP })
    const load = startLoad(server, '/notes/a')
    await load.served(50)
    await server.control.kill9()
    await server.control.ready()
    await load.served(50)
    expect(await load.stop()).toEqual([])
  })

  test('[EN1] killing the data process under load loses no connection that was made after it', async () => {
    const server = await startServer({ app: NOTES_APP })
    const load = startLoad(server, '/notes/a')
    for (let round = 0; round < 3; round++) {
      await load.served(50)
      await server.data.kill9()
      const goneMs = performance.now()
      // Made while there is no process, or a very young one: it waits in the kernel's queue.
      expect(await request(server, '/notes/a')).toBe(200)
      await server.data.ready()
      await load.served(50)
      expect(load.failures.filter((startedMs) => startedMs > goneMs)).toEqual([])
    }
    // Only what each loop had open at each kill.
    expect((await load.stop()).length).toBeLessThanOrEqual(3 * LOOPS)
  })
})

describe('the end', () => {
  test('[EN3] SIGTERM lets an open request finish, and ends at once after it', async () => {
    const server = await startServer({ app: NOTES_APP, args: ['--grace', '30'] })
    // A live connection between the planes, which alone would keep an engine process alive for ever.
    await value(server, '/round/a')
    const slow = request(server, '/slow?ms=500')
    await value(server, '/notes/a')
    const startMs = performance.now()
    expect(await server.stop()).toBe(0)
    expect(await slow).toBe(200)
    expect(performance.now() - startMs).toBeLessThan(10_000)
  })

  test('[EN3] an open WebSocket ends with the grace period', async () => {
    const server = await startServer({ app: NOTES_APP, args: ['--grace', '1'] })
    await value(server, '/round/a')
    const socket = await openWebSocket(server)
    const pids = [server.data.pid, server.control.pid]
    const startMs = performance.now()
    expect(await server.stop()).toBe(0)
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(950)
    expect(performance.now() - startMs).toBeLessThan(5_000)
    expect(pids.filter((pid) => pid !== undefined && isRunning(pid))).toEqual([])
    socket.destroy()
  })

  test('[EN3] a second SIGINT does not wait', async () => {
    const server = await startServer({ app: NOTES_APP, args: ['--grace', '60'] })
    const socket = await openWebSocket(server)
    server.signal('SIGINT')
    // Two signals within 0.3 s are one: npm passes on what the terminal has sent already.
    await new Promise((resolve) => setTimeout(resolve, 400))
    server.signal('SIGINT')
    expect(await server.ended()).toBe(130)
    socket.destroy()
  })
})

/** Concurrent clients of {@link startLoad}. */
const LOOPS = 4

/** Requests, each on a connection of its own, until told to stop. */
function startLoad(server: TestServer, path: string) {
  const failures: number[] = []
  const waiters: { count: number; resolve: () => void }[] = []
  const stopping = new AbortController()
  const loops = Array.from({ length: LOOPS }, async () => {
    while (!stopping.signal.aborted) {
      const startedMs = performance.now()
      const status = await request(server, path).catch(() => undefined)
      if (status !== 200) failures.push(startedMs)
      for (const waiter of waiters) if (--waiter.count === 0) waiter.resolve()
    }
  })
  return {
    /** When each failed request had been started. */
    failures,
    /** Resolves after that many more requests. */
    served: (count: number) => new Promise<void>((resolve) => waiters.push({ count, resolve })),
    async stop() {
      stopping.abort()
      await Promise.all(loops)
      return failures
    },
  }
}

async function request(server: TestServer, path: string): Promise<number | undefined> {
  const call = get(server.url + path, { agent: false })
  const [response] = (await once(call, 'response')) as [import('node:http').IncomingMessage]
  response.resume()
  await once(response, 'end')
  return response.statusCode
}

async function openWebSocket(server: TestServer): Promise<Socket> {
  const socket = new Socket()
  socket.on('error', () => {})
  socket.connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(
    'GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  )
  const [head] = (await once(socket, 'data')) as [Buffer]
  expect(head.toString()).toContain('101')
  return socket
}
