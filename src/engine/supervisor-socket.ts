// How another command talks to the running supervisor: a unix socket beside the planes'. It has two requests. `freeze`: while the
// connection that asked for it is open, both engine processes stand still, so that their files can be copied as of one moment over both
// planes; a copier that dies closes its connection, and the engine goes on. `secrets <file>`: go on with what that file holds now.

import { once } from 'node:events'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { dataDirectoriesIn } from './cell-directories.ts'
import type { DataDirectory } from './data-directory.ts'
import { EngineError, reasonOf } from './engine-error.ts'
import { readHolder } from './lock.ts'

const FREEZE = 'freeze\n'
const FROZEN = 'frozen\n'
const SECRETS = 'secrets '
/** The answer to it; anything else is why not. */
const TAKEN = 'taken\n'

export interface Commands {
  freeze(): Promise<void>
  thaw(): void
  /** @throws EngineError when it goes on with what it had */
  takeSecrets(file: string): Promise<void>
}

function pathOf(directory: DataDirectory): string {
  return join(directory.sockets, 'supervisor.sock')
}

export async function listenForCommands(directory: DataDirectory, commands: Commands): Promise<Server> {
  const server = createServer((socket) => {
    let isFrozen = false
    // A client that is gone is noticed by `close`; how it went does not matter.
    socket.on('error', () => {})
    socket.once('data', (chunk) => {
      const asked = chunk.toString()
      if (asked.startsWith(SECRETS)) {
        const file = asked.slice(SECRETS.length, -1)
        return void commands.takeSecrets(file).then(
          () => socket.end(TAKEN),
          (thrown: unknown) => socket.end(`${reasonOf(thrown)}\n`),
        )
      }
      if (asked !== FREEZE) return void socket.destroy()
      isFrozen = true
      void commands.freeze().then(() => socket.write(FROZEN))
    })
    socket.once('close', () => {
      if (isFrozen) commands.thaw()
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
  const { socket } = await command(directory, FREEZE, 'the running server cannot be paused')
  try {
    return await work()
  } finally {
    socket.destroy()
  }
}

/**
 * Has whoever serves a data directory, or those of several cells, go on with the secrets file as it is now.
 *
 * @param file absolute @returns false when nobody does
 * @throws EngineError as {@link haveSecretsTaken}
 */
export async function haveSecretsTakenBy(data: string, file: string): Promise<boolean> {
  const served = dataDirectoriesIn(data).filter(({ path }) => readHolder(path) !== undefined)
  for (const directory of served) await haveSecretsTaken(directory, file)
  return served.length > 0
}

/**
 * Has the running server go on with the secrets file as it is now; resolves when it does.
 *
 * @param file absolute
 * @throws EngineError when it does not
 */
async function haveSecretsTaken(directory: DataDirectory, file: string): Promise<void> {
  const failure = 'the running server does not take over the new keys'
  const { socket, answer } = await command(directory, `${SECRETS}${file}\n`, failure)
  socket.destroy()
  if (answer !== TAKEN)
    throw new EngineError(
      failure,
      answer.trim(),
      'The file has them all the same: restarting the server takes them over.',
    )
}

/** @throws EngineError when the supervisor does not answer */
async function command(
  directory: DataDirectory,
  text: string,
  failure: string,
): Promise<{ readonly socket: Socket; readonly answer: string }> {
  const socket = createConnection(pathOf(directory))
  try {
    await once(socket, 'connect')
    socket.write(text)
    const closed = once(socket, 'close').then(() => {
      throw new Error('it closed the connection')
    })
    closed.catch(() => {})
    const [chunk] = (await Promise.race([once(socket, 'data'), closed])) as [Buffer]
    return { socket, answer: chunk.toString() }
  } catch (thrown) {
    socket.destroy()
    throw new EngineError(failure, reasonOf(thrown), 'Try again; if it goes on, restart the server.')
  }
}
