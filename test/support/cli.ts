// Runs one command of the command line to its end.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { CLI } from './server.ts'

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * With an environment of its own, so that nobody's `BIPLANE_*` changes the outcome.
 *
 * @param told called with all of stderr so far, whenever there is more
 */
export async function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  told: (stderr: string) => void = () => {},
): Promise<CliResult> {
  const child = spawn(process.execPath, [CLI, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => told((output.stderr += chunk.toString())))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, ...output }
}
