// The same app under wrangler's local runtime: one Worker with both planes, configured as for Cloudflare's network. Needs `wrangler`
// on the PATH (and a Node that it accepts): `npx -p node@24 -p wrangler node scripts/test.mjs`.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { loadOrCreateSecrets } from '../../dist/engine/secrets.js'
import type { CellTable } from '../../src/identity/cell.ts'
import { runCli } from './cli.ts'
import { freePort } from './ports.ts'
import { makeTestDirectory } from './server.ts'

export interface WranglerServer {
  readonly url: string
  readonly operatorKey: string
  /** Ends it and starts it again on the same data. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export interface WranglerServerOptions {
  /** Default: the ready-made app. */
  readonly app?: string
  /** Default: one, `local`. */
  readonly cells?: CellTable
}

/** undefined where there is none. */
export const WRANGLER: string | undefined = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'wrangler'))
  .find((file) => existsSync(file))

/** Of the titles of tests that are skipped without it. */
export const WITH_WRANGLER: string = WRANGLER === undefined ? ' (skipped: no wrangler on the PATH)' : ''

export async function startWranglerServer({ app, cells }: WranglerServerOptions = {}): Promise<WranglerServer> {
  const directory = makeTestDirectory()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const out = join(directory, 'cloudflare')
  const cellsFile = join(directory, 'cells.json')
  if (cells !== undefined) writeFileSync(cellsFile, JSON.stringify(cells))
  const written = await runCli([
    'wrangler-config',
    '--out',
    out,
    '--public-url',
    url,
    ...(app === undefined ? [] : ['--app', app]),
    ...(cells === undefined ? [] : ['--cells-file', cellsFile]),
  ])
  if (written.code !== 0) throw new Error(written.stderr)
  const secrets = await loadOrCreateSecrets(
    join(directory, 'secrets.json'),
    Object.keys(cells ?? { local: {} })[0] ?? '',
  )
  mkdirSync(out, { recursive: true })
  writeFileSync(join(out, '.dev.vars'), `BIPLANE_SECRETS=${JSON.stringify(secrets)}\n`)
  let child = await startWrangler(directory, out, url)
  return {
    url,
    operatorKey: secrets.operatorKeys.at(-1) ?? '',
    async restart() {
      await end(child)
      child = await startWrangler(directory, out, url)
    },
    async stop() {
      await end(child)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Resolves when it answers. @throws Error with all that it said, when it ends before */
async function startWrangler(directory: string, out: string, url: string): Promise<ChildProcess> {
  const { port } = new URL(url)
  const flags = ['--port', port, '--ip', '127.0.0.1', '--show-interactive-dev-session=false']
  const child = spawn(WRANGLER ?? 'wrangler', ['dev', '-c', join(out, 'wrangler.jsonc'), ...flags], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its own home: it keeps logs and a registry of running sessions there.
    env: { PATH: process.env['PATH'] ?? '', HOME: directory, WRANGLER_SEND_METRICS: 'false' },
  })
  const said: string[] = []
  const isReady = await new Promise<boolean>((resolve) => {
    child.once('exit', () => resolve(false))
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line)
        if (line.includes(`Ready on ${url}`)) resolve(true)
      })
    }
  })
  if (isReady) return child
  throw new Error(`wrangler ended:\n${said.join('\n')}`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}
