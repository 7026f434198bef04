// Runs Cloudflare's own tool, which uploads and which checks. It is no dependency: it is large, and most servers never need it.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { NODE_FOR_WRANGLER, WRANGLER, WRANGLER_NODE } from './compatibility.ts'
import { EngineError } from './engine-error.ts'

/** How to start it: a command, and the arguments before its own. */
export type WranglerCommand = readonly [command: string, ...args: string[]]

/**
 * `wrangler` from the PATH if the Node there can run it; else by `npx`, which fetches it, and a newer Node if need be.
 *
 * @throws EngineError when there is neither
 */
export function findWrangler(path: string = process.env['PATH'] ?? ''): WranglerCommand {
  const onPath = (name: string): string | undefined =>
    path
      .split(delimiter)
      .map((folder) => join(folder, name))
      .find((file) => existsSync(file))
  const isNewEnough = runsOn(versionOf(onPath('node')))
  const wrangler = onPath('wrangler')
  if (wrangler !== undefined && isNewEnough) return [wrangler]
  const npx = onPath('npx')
  if (npx !== undefined) {
    const node = isNewEnough ? [] : ['-p', NODE_FOR_WRANGLER]
    // npm itself runs on the older Node and would warn that wrangler does not.
    return [npx, '--yes', '--loglevel', 'error', ...node, '-p', WRANGLER, 'wrangler']
  }
  const needed = WRANGLER_NODE.join('.')
  throw new EngineError(
    wrangler === undefined ? 'there is no wrangler' : `wrangler does not run on this Node`,
    `deploying to Cloudflare is done by wrangler, which needs Node ${needed} or newer; neither it nor npx is on the PATH`,
    `npx -p ${NODE_FOR_WRANGLER} -p ${WRANGLER} -c 'biplane deploy cloudflare ...'`,
    2,
  )
}

/** @param version as `node --version` prints it; undefined = there is none */
export function runsOn(version: string | undefined): boolean {
  const [, major = 0, minor = 0] = (/^v(\d+)\.(\d+)\./.exec(version ?? '') ?? []).map(Number)
  const [neededMajor, neededMinor] = WRANGLER_NODE
  return major > neededMajor || (major === neededMajor && minor >= neededMinor)
}

function versionOf(node: string | undefined): string | undefined {
  if (node === undefined) return undefined
  return spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()
}

/**
 * Runs it to its end; what it says goes to stderr, where progress goes.
 *
 * @throws EngineError when it does not end with 0
 */
export async function runWrangler([command, ...before]: WranglerCommand, args: readonly string[]): Promise<void> {
  const child = spawn(command, [...before, ...args], {
    stdio: ['inherit', process.stderr, process.stderr],
    env: { WRANGLER_SEND_METRICS: 'false', ...process.env },
  })
  const [code] = (await once(child, 'close').catch((error: unknown) => [String(error)])) as [number | string | null]
  if (code === 0) return
  throw new EngineError(
    `wrangler ${args[0] ?? ''} failed`,
    typeof code === 'number'
      ? `it ended with ${code}; what it said is above`
      : `it did not end by itself (${code ?? 'a signal'})`,
    'Correct what it says; without an account signed in: npx wrangler login, or CLOUDFLARE_API_TOKEN. It can be repeated.',
  )
}
