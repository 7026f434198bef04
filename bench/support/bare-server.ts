// Starts the baseline: one engine process with the hand-written configuration in bench/bare.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import workerd from 'workerd'
import type { ServerUnderTest } from './server-under-test.ts'

/** The first descriptor after the standard ones. */
const CONTROL_FD = 3

export async function startBare(root: string, folder: string): Promise<ServerUnderTest> {
  const objects = join(folder, 'bare')
  mkdirSync(objects, { recursive: true })
  const child = spawn(
    workerd.default,
    [
      'serve',
      join(root, 'bench/bare/config.capnp'),
      'config',
      `--control-fd=${CONTROL_FD}`,
      '-d',
      `objects=${objects}`,
    ],
    { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] },
  )
  const onExit = (): boolean => child.kill('SIGKILL')
  process.on('exit', onExit)
  const control = createInterface({ input: child.stdio[CONTROL_FD] as NodeJS.ReadableStream })
  const [line] = (await once(control, 'line')) as [string]
  return {
    name: 'bare',
    port: (JSON.parse(line) as { port: number }).port,
    pids: () => [child.pid ?? 0],
    async stop() {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
      process.off('exit', onExit)
    },
  }
}
