// The supervisor: everything between "serve this app from this directory" and two engine processes that answer.
//
//     lock -> end orphans -> sweep -> bind -> bundle -> configure -> start both -> ready

import { join } from 'node:path'
import { bundleApp, checkAppFile, endBundler } from './app-bundle.ts'
import { PLANES, clearRun, makeSocketFolder, openDataDirectory } from './data-directory.ts'
import { openListeners } from './listeners.ts'
import { takeLock } from './lock.ts'
import { checkOpenFileLimit } from './open-file-limit.ts'
import { RunningEngine, configFile } from './running-engine.ts'
import { openSecrets } from './secrets.ts'
import type { RunningServer, ServerOptions } from './server-options.ts'
import { sweepEmptyObjects } from './sweep.ts'
import { checkTypeCells } from './type-cells.ts'

/**
 * Serves an app; resolves when it answers.
 *
 * @throws EngineError with what to do about it; nothing is left running then
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  checkAppFile(options.app)
  const directory = openDataDirectory(options.data, options.cell)
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
    const secrets = await openSecrets(directory.path, options.secretsFile, options.cell)
    const swept = sweepEmptyObjects(directory)
    if (swept > 0)
      log({ level: 'info', event: 'swept', count: swept, message: `removed ${swept} files of empty objects` })
    const limit = checkOpenFileLimit()
    if (limit !== undefined) log(limit)
    clearRun(directory)
    makeSocketFolder(directory)
    const sockets = PLANES.map((plane) => join(directory.sockets, `${plane}.sock`))
    const bundling = bundleApp(options.app, { faultPoints: options.faultsAddress !== undefined })
    // Awaited after the sockets; a failure before that must not count as one that nobody looks at.
    bundling.catch(() => {})
    const listeners = await openListeners(options.host, options.port, sockets)
    opened.push(...listeners)
    const bundle = await bundling
    await endBundler()
    checkTypeCells(bundle.manifest, options.cells)
    return await new RunningEngine({ options, directory, secrets, lock, listeners, bundle }).start()
  } catch (thrown) {
    for (const resource of opened) resource.close()
    lock.release()
    throw thrown
  }
}
