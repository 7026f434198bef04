// Starts the baseline of a wiki's load: a static file server with the same files.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ServerUnderTest } from './server-under-test.ts'

/** @param files name -> content, compressed */
export async function startStatic(
  root: string,
  folder: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<ServerUnderTest> {
  mkdirSync(folder)
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, `${name}.gz`), content)
  const child = spawn(process.execPath, [join(root, 'bench/bare/static-server.mjs'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const onExit = (): boolean => child.kill('SIGKILL')
  process.on('exit', onExit)
  const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return {
    name: 'static files',
    port: Number(port),
    pids: () => [child.pid ?? 0],
    async stop() {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
      process.off('exit', onExit)
    },
  }
}
