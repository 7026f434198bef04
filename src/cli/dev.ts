// biplane dev: serve, and again after every change of the app or of a file that it is made of, on the same data.

import { watch, type FSWatcher } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { reasonOf } from '../engine/engine-error.ts'
import type { Log } from '../engine/log.ts'
import type { RunningServer } from '../engine/server-options.ts'
import { greet } from './greeting.ts'
import { endOnSignal, startServing, toLog, withServeOptions, type ServeFlags } from './serve.ts'

/** An editor writes a file in several steps, a formatter right after it: one restart for all of them. */
const SETTLE_MS = 60

export function addDevCommand(program: Command): void {
  const command = program
    .command('dev')
    .description('serve an app, and again after every change of its files, on the same data')
  withServeOptions(command).action(async (flags: ServeFlags) => {
    const log = toLog(flags)
    const isRunning = endOnSignal()
    const server = await startServing(flags, log)
    isRunning(server)
    await greet(server, flags)
    reloadOnChange(server, log)
  })
}

/** Watches folders, not files: editors replace a file by renaming another one over it. Installed packages are not watched. */
function reloadOnChange(server: RunningServer, log: Log): void {
  let watchers: FSWatcher[] = []
  let timer: NodeJS.Timeout | undefined
  let isReloading = false
  let hasFailed = false
  let isDirty = false
  watchInputs()

  function watchInputs(): void {
    for (const watcher of watchers) watcher.close()
    const files = new Set(server.inputs.filter((file) => !file.includes('/node_modules/')))
    watchers = [...new Set([...files].map(dirname))].map((folder) =>
      watch(folder, (_, name) => {
        // After a failure the file that mends it may be a new one.
        if (name !== null && !hasFailed && !files.has(join(folder, name))) return
        clearTimeout(timer)
        timer = setTimeout(() => void reload(), SETTLE_MS)
      }),
    )
  }

  async function reload(): Promise<void> {
    isDirty = isReloading
    if (isReloading) return
    isReloading = true
    try {
      await server.reload()
      hasFailed = false
      log({ level: 'info', event: 'reloaded', message: 'reloaded' })
      watchInputs()
    } catch (thrown) {
      hasFailed = true
      log({ level: 'error', event: 'reload_failed', message: `${reasonOf(thrown)}\nWaiting for the next change.` })
    }
    isReloading = false
    if (isDirty) await reload()
  }
}
