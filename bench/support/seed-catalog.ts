// Runs bench/seed/catalog.ts on a data directory whose server is stopped.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { COMPATIBILITY_DATE } from '../../src/engine/compatibility.ts'
import { uniqueKeyOf } from '../../src/engine/secrets.ts'
import type { DeploymentSecrets } from '../../src/wire/deployment.ts'
import type { SeedAnswer, SeedRequest } from '../seed/request.ts'
import { startEngine } from './engine.ts'

export interface SeedOptions {
  /** The repository. */
  readonly root: string
  /** Data directory. */
  readonly directory: string
  readonly secrets: DeploymentSecrets
  /** For the generated files. */
  readonly folder: string
  readonly request: Omit<SeedRequest, 'keys'>
}

export async function seedCatalog({ root, directory, secrets, folder, request }: SeedOptions): Promise<SeedAnswer> {
  await build({
    entryPoints: [join(root, 'bench/seed/catalog.ts')],
    outfile: join(folder, 'seed.js'),
    bundle: true,
    format: 'esm',
    target: 'es2024',
    external: ['cloudflare:*'],
    // As in every production bundle: no fault points.
    dropLabels: ['TEST_BUILD'],
    logLevel: 'warning',
  })
  const { type } = request
  const className = `${type.charAt(0).toUpperCase()}${type.slice(1)}Control`
  const configFile = join(folder, 'seed.capnp')
  writeFileSync(configFile, toConfig(uniqueKeyOf(secrets, className)))
  const engine = await startEngine(configFile, join(directory, 'control'))
  try {
    const body = JSON.stringify({ ...request, keys: secrets.identifierKeys } satisfies SeedRequest)
    const response = await fetch(`http://127.0.0.1:${engine.port}/`, { method: 'POST', body })
    if (!response.ok) throw new Error(`filling the catalog failed: ${await response.text()}`)
    return (await response.json()) as SeedAnswer
  } finally {
    await engine.stop()
  }
}

/** The namespace's key is the server's own: with it the object's name leads to the server's file. */
function toConfig(uniqueKey: string): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .main), (name = "objects", disk = (path = "given", writable = true)) ],
  sockets = [ (name = "seed", address = "127.0.0.1:0", service = "main", http = ()) ],
);
const main :Workerd.Worker = (
  modules = [ (name = "seed.js", esModule = embed "seed.js") ],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  bindings = [ (name = "CONTROL", durableObjectNamespace = "Control") ],
  durableObjectNamespaces = [ (className = "Control", uniqueKey = "${uniqueKey}", enableSql = true) ],
  durableObjectStorage = (localDisk = "objects"),
);
`
}
