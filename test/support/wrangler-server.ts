// The same app under wrangler's local runtime: one Worker with both planes, configured as for Cloudflare's network. Needs `wrangler`
// on the PATH (and a Node that it accepts): `npx -p node@24 -p wrangler node scripts/test.mjs`.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { openSecrets } from '../../dist/engine/secrets.js'
import { runCli } from './cli.ts'
import { makeTestDirectory } from './server.ts'

export interface WranglerServer {
  readonly url: string
  readonly operatorKey: string
  stop(): Promise<void>
}

/** undefined where there is none. */
export const WRANGLER: string | undefined = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'wrangler'))
  .find((file) => existsSync(file))

export async function startWranglerServer(): Promise<WranglerServer> {
  const directory = makeTestDirectory()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const out = join(directory, 'cloudflare')
  await runCli(['wrangler-config', '--out', out, '--public-url', url, '--apex', 'localhost'])
  mkdirSync(join(directory, 'data'))
  const secrets = await openSecrets(join(directory, 'data'), join(directory, 'secrets.json'), 'local')
  writeFileSync(join(out, '.dev.vars'), `BIPLANE_SECRETS=${JSON.stringify(secrets)}\n`)

  const flags = ['--port', String(port), '--ip', '127.0.0.1', '--show-interactive-dev-session=false']
  const child = spawn(WRANGLER ?? 'wrangler', ['dev', '-c', join(out, 'wrangler.jsonc'), ...flags], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its own home: it keeps logs and a registry of running sessions there.
    env: { PATH: process.env['PATH'] ?? '', HOME: directory, WRANGLER_SEND_METRICS: 'false' },
  })
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    rmSync(directory, { recursive: true, force: true })
  }
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
  if (isReady) return { url, operatorKey: secrets.operatorKeys.at(-1) ?? '', stop }
  await stop()
  throw new Error(`wrangler ended:\n${said.join('\n')}`)
}

/** The configuration names the port, so it must be known before anything listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
