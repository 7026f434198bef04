// How another command talks to the running supervisor: a unix socket beside the planes'. It has one request: while a connection that
// asked for it is open, both engine processes stand still, so that their files can be copied as of one moment over both planes. A
// copier that dies closes its connection, and the engine goes on.

import { once } from 'node:events'
import { createConnection, createServer, type Server } from 'node:net'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DataDirectory } from './data-directory.ts'
import { EngineError, reasonOf } from './engine-error.ts'

const FREEZE = 'freeze\n'
const FROZEN = 'frozen\n'

export interface Freezer {
  freeze(): Promise<void>
  thaw(): void
}

function pathOf(directory: DataDirectory): string {
  return join(directory.sockets, 'supervisor.sock')
}

export async function listenForCommands(directory: DataDirectory, freezer: Freezer): Promise<Server> {
  const server = createServer((socket) => {
    let isFrozen = false
    // A client that is gone is noticed by `close`; how it went does not matter.
    socket.on('error', () => {})
    socket.once('data', (chunk) => {
      if (chunk.toString() !== FREEZE) return void socket.destroy()
      isFrozen = true
      void freezer.freeze().then(() => socket.write(FROZEN))
    })
    socket.once('close', () => {
      if (isFrozen) freezer.thaw()
    })
  })
  const path = pathOf(directory)
  rmSync(path, { force: true })
  server.listen(path)
  await once(server, 'listening')
  return server
}

/**
 * Lets the running server's engine stand still while `work` runs.
 *
 * @throws EngineError when the supervisor does not answer
 */
export async function whileFrozen<T>(directory: DataDirectory, work: () => Promise<T>): Promise<T> {
  const socket = createConnection(pathOf(directory))
  try {
    await once(socket, 'connect')
    socket.write(FREEZE)
    await once(socket, 'data')
  } catch (thrown) {
    socket.destroy()
    throw new EngineError(
      'the running server cannot be paused',
      reasonOf(thrown),
      'Try again; if it goes on, restart the server.',
    )
  }
  try {
    return await work()
  } finally {
    socket.destroy()
  }
}
