// The supervisor: everything between "serve this app from this directory" and two engine processes that answer.
//
//     check -> lock -> end orphans -> sweep -> bind -> bundle -> configure -> start both -> ready
//
// Where there is no data yet, the port is bound and the app bundled first: a start that is refused leaves no new deployment behind.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { checkAppFile, endBundler, type AppBundle } from './app-bundle.ts'
import {
  PLANES,
  checkDataDirectory,
  clearRun,
  isDataDirectory,
  makeSocketFolder,
  openDataDirectory,
  type DataDirectory,
} from './data-directory.ts'
import { openListeners, type ListenAddress, type Listener } from './listeners.ts'
import { takeLock } from './lock.ts'
import { checkOpenFileLimit } from './open-file-limit.ts'
import { peersOf } from './peers.ts'
import { RunningEngine, configFile } from './running-engine.ts'
import { findSecrets, openSecrets, ownerOf } from './secrets.ts'
import { bundleServed } from './served-app.ts'
import type { RunningServer, ServerOptions } from './server-options.ts'
import { sweepEmptyObjects } from './sweep.ts'
import { PUBLIC_SOCKET, TRUSTED_SOCKET } from './workerd-config.ts'

/**
 * Serves an app; resolves when it answers.
 *
 * @throws EngineError with what to do about it; nothing is left running then
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { data, cell, secretsFile } = options
  checkAppFile(options.app)
  checkDataDirectory(data, cell)
  findSecrets(data, secretsFile)
  const toBundle = once(() => bundleServed(options, [cell]).finally(endBundler))
  // What is there may have a server, or its left-over processes, at the port: who serves it is asked before, by the lock.
  const bound = isDataDirectory(data) ? [] : await openListeners([options])
  try {
    if (bound.length > 0) await toBundle()
    return await startCell(options, openDataDirectory(data, cell), toBundle, bound)
  } catch (thrown) {
    for (const listener of bound) listener.close()
    throw thrown
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

/**
 * One cell, of an app that may be bundled for others, too.
 *
 * @param bound the public socket, if it is there already
 * @throws EngineError as {@link startServer}
 */
export async function startCell(
  options: ServerOptions,
  directory: DataDirectory,
  toBundle: () => Promise<AppBundle>,
  bound: readonly Listener[] = [],
): Promise<RunningServer> {
  const { log } = options
  const lock = await takeLock(
    directory.path,
    PLANES.map((plane) => configFile(directory, plane)),
    (pid) => {
      log({
        level: 'warn',
        event: 'orphan_ended',
        pid,
        message: `ended process ${pid}, left over from a server that was killed`,
      })
    },
  )
  const opened: { close(): unknown }[] = []
  try {
    warnOfNewDeployment(options)
    const secrets = await openSecrets(directory.path, options.secretsFile, options.cell)
    const swept = sweepEmptyObjects(directory)
    if (swept > 0)
      log({ level: 'info', event: 'swept', count: swept, message: `removed ${swept} files of empty objects` })
    const limit = checkOpenFileLimit()
    if (limit !== undefined) log(limit)
    clearRun(directory)
    makeSocketFolder(directory)
    const bundling = toBundle()
    // Awaited after the sockets; a failure before that must not count as one that nobody looks at.
    bundling.catch(() => {})
    const names = options.front === undefined ? [PUBLIC_SOCKET] : [PUBLIC_SOCKET, TRUSTED_SOCKET]
    const addresses: ListenAddress[] =
      options.front === undefined ? [options] : names.map((name) => ({ path: pathOfSocket(directory, name) }))
    const planeAddresses = PLANES.map((plane) => ({ path: pathOfSocket(directory, plane) }))
    const made = await openListeners([...addresses.slice(bound.length), ...planeAddresses])
    opened.push(...made)
    const listeners = [...bound, ...made]
    const publicSockets = new Map(names.map((name, index) => [name, listeners[index] as Listener]))
    const [data, control] = listeners.slice(names.length) as [Listener, Listener]
    const bundle = await bundling
    const parts = { options, directory, secrets, lock, publicSockets, planes: { data, control }, bundle }
    return await new RunningEngine(parts).start()
  } catch (thrown) {
    for (const resource of opened) resource.close()
    lock.release()
    throw thrown
  }
}

/** Whoever meant to add a machine to a deployment would only find out when nothing of the others is known here. */
function warnOfNewDeployment(options: ServerOptions): void {
  const { secretsFile, log } = options
  // What has a socket is this server's own.
  const others = peersOf(options).filter(({ address }) => !address.startsWith('unix:'))
  if (existsSync(secretsFile) || ownerOf(options.data) !== undefined || others.length === 0) return
  const list = others.map(({ code }) => code).join(', ')
  const message = `there is no ${secretsFile}: this makes a new deployment. If the cells ${list} have one already, stop, remove this data, and import theirs: biplane secrets export there, biplane secrets import FILE here`
  log({ level: 'warn', event: 'new_deployment', message })
}

/** @param name of a public socket, or the plane whose it is */
export function pathOfSocket(directory: DataDirectory, name: string): string {
  return join(directory.sockets, `${name}.sock`)
}
