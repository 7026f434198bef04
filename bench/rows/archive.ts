// A deployment into a file and out of it, by the command line as anybody runs it: its own start, verification and what it asks beforehand are
// part of the time.

import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createKeyring } from '../../src/identity/keyring.ts'
import { mintResourceId } from '../../src/identity/resource-id.ts'
import type { DeploymentSecrets } from '../../src/wire/deployment.ts'
import { startBiplane, type BiplaneServer } from '../support/biplane-server.ts'
import { single, type Comparison } from '../support/report.ts'
import type { Row, RunContext } from './row.ts'

const LARGE = { name: '40 wikis of 4 MB', plural: 'wikis', count: 40, bytes: 4_000_000 }
const SMALL = { name: '1,000 values of 64 bytes', plural: 'kvs', count: 1_000, bytes: 0 }
const MB = 1_000_000

export const archive: Row = {
  name: 'archive',
  about:
    'a deployment is exported into a file, and imported by another one on the same machine (`biplane export`, `biplane import`): few large ' +
    'resources by bytes, many small ones by number; import verifies the whole file first',
  async run(context) {
    return [...(await measure(context, LARGE)), ...(await measure(context, SMALL))]
  },
}

async function measure({ root, folder, say }: RunContext, of: typeof LARGE): Promise<Comparison[]> {
  const [from, to] = [`${folder}/from-${of.plural}`, `${folder}/to-${of.plural}`]
  const file = `${folder}/${of.plural}.archive`
  const source = await startBiplane(root, from)
  try {
    say(`making ${of.name}`)
    const ids = await source.create(of.plural, of.count)
    if (of.bytes > 0) for (const id of ids) await fill(source, of.plural, id, of.bytes)
    const exported = await seconds(root, ['export', '--out', file, '--data', from])
    writeFileSync(`${to}.secrets.json`, JSON.stringify(await secretsAfter(source.secrets)), { mode: 0o600 })
    const target = await startBiplane(root, to)
    try {
      const imported = await seconds(root, ['import', file, '--data', to])
      const size = statSync(file).size / MB
      return of.bytes > 0
        ? [
            single(of.name, 'export', 'MB/s', size / exported),
            single(of.name, 'import', 'MB/s', size / imported),
            single(of.name, 'archive', 'MB', size),
          ]
        : [single(of.name, 'export', '/s', of.count / exported), single(of.name, 'import', '/s', of.count / imported)]
    } finally {
      await target.stop()
    }
  } finally {
    await source.stop()
  }
}

async function fill(server: BiplaneServer, plural: string, id: string, bytes: number): Promise<void> {
  const { path, headers } = await server.content(plural, id)
  // Not to be compressed: what is measured is moved.
  const noise = randomBytes(bytes / 2).toString('hex')
  const body = `<!doctype html><html><body>${noise}</body></html>`
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
    method: 'PUT',
    body,
    headers: { ...headers, 'content-type': 'text/html;charset=UTF-8' },
  })
  if (!response.ok) throw new Error(`a wiki was refused: ${response.status} ${await response.text()}`)
}

async function seconds(root: string, args: readonly string[]): Promise<number> {
  const begin = performance.now()
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...args], { stdio: 'ignore' })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`biplane ${args[0] ?? ''} ended with ${code}`)
  return (performance.now() - begin) / 1000
}

/** Of a deployment that knows the other one's identifiers. */
async function secretsAfter(source: DeploymentSecrets): Promise<DeploymentSecrets> {
  const own = { id: '1', key: key('identifier') }
  const { id: defaultAccount } = await mintResourceId(createKeyring([own]), 'account', 'local')
  return {
    version: 1,
    deployment: 'bench',
    defaultAccount,
    formerAccounts: [source.defaultAccount],
    identifierKeys: [...source.identifierKeys.map((known) => ({ ...known, verifyOnly: true })), own],
    tokenKeys: [{ id: '1', key: key('token') }],
    operatorKeys: [key('operator')],
    namespaceKey: key('namespace'),
  }
}

function key(use: string): string {
  return createHash('sha256').update(`bench ${use}`).digest('base64url')
}
