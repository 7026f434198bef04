// One engine process of our own, for the baseline and for filling a catalog.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import workerd from 'workerd'

/** The first descriptor after the standard ones. */
const CONTROL_FD = 3

export interface Engine {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

/**
 * @param configFile has one socket, with port 0, and a disk service `objects`
 * @throws Error when the engine ends before it listens; what it said is on stderr
 */
export async function startEngine(configFile: string, objects: string): Promise<Engine> {
  const child = spawn(
    workerd.default,
    ['serve', configFile, 'config', `--control-fd=${CONTROL_FD}`, '--directory-path', `objects=${objects}`],
    { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] },
  )
  const onExit = (): boolean => child.kill('SIGKILL')
  process.on('exit', onExit)
  const port = await portOf(child)
  return {
    port,
    pid: child.pid ?? 0,
    async stop() {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
      process.off('exit', onExit)
    },
  }
}

async function portOf(child: ChildProcess): Promise<number> {
  const control = createInterface({ input: child.stdio[CONTROL_FD] as NodeJS.ReadableStream })
  const ended = once(child, 'exit').then(() => {
    throw new Error('the engine ended at its start')
  })
  const [line] = (await Promise.race([once(control, 'line'), ended])) as [string]
  return (JSON.parse(line) as { port: number }).port
}
