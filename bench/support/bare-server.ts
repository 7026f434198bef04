// Starts the baseline: one engine process with the hand-written configuration in bench/bare.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startEngine } from './engine.ts'
import type { ServerUnderTest } from './server-under-test.ts'

export async function startBare(root: string, folder: string): Promise<ServerUnderTest> {
  const objects = join(folder, 'bare')
  mkdirSync(objects, { recursive: true })
  const engine = await startEngine(join(root, 'bench/bare/config.capnp'), objects)
  return { name: 'bare', port: engine.port, pids: () => [engine.pid], stop: () => engine.stop() }
}
