// What goes to Cloudflare, as files: the bundle, `wrangler.jsonc`, and the history of classes, which is the one file that must be kept.

import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { BINDINGS } from '../wire/deployment.ts'
import { bundleApp } from './app-bundle.ts'
import { checkCloudflare, isLoopback } from './cloudflare-checks.ts'
import { writeDurably } from './durable-file.ts'
import { EngineError, explained } from './engine-error.ts'
import { makeDirectory } from './make-directory.ts'
import { classesOf, mergeMigrations, parseMigrations, type Migration } from './object-migrations.ts'
import { routesOf, toWranglerConfig, type WranglerOptions } from './wrangler-config.ts'

/** Written by hand or by us, read by Cloudflare; under version control. */
export const MIGRATIONS_FILE = 'migrations.json'
export const CONFIG_FILE = 'wrangler.jsonc'

/** The largest Worker of any plan, before compression; a plan may allow less, which wrangler says. */
const MAX_UPLOAD_BYTES: number = 64 * 1024 ** 2

/** What a deployment would do, for people and as JSON. */
export interface CloudflarePlan {
  readonly worker: string
  readonly public_url: string
  readonly apex: string
  /** Object classes that do not exist there yet, by the history of classes. */
  readonly new_classes: readonly string[]
  readonly classes: readonly string[]
  /** Steps that this deployment appends to the history. */
  readonly new_migrations: readonly Migration[]
  readonly cells: WranglerOptions['cells']
  readonly default_cell: string
  readonly routes: readonly (string | object)[]
  /** Names only. */
  readonly secrets: readonly string[]
  /** Of all modules, and the same compressed. */
  readonly upload_bytes: number
  readonly compressed_bytes: number
}

export interface CloudflareFiles {
  readonly plan: CloudflarePlan
  /** Name -> content, without the history. */
  readonly files: ReadonlyMap<string, string | Uint8Array>
  readonly migrations: readonly Migration[]
}

/**
 * Bundles an app and plans its deployment; writes nothing.
 *
 * @param folder where the history of classes is
 * @throws EngineError for what Cloudflare would refuse or get wrong
 */
export async function planCloudflare(
  appFile: string,
  folder: string,
  options: WranglerOptions,
  { mayBeLocal }: { readonly mayBeLocal: boolean },
): Promise<CloudflareFiles> {
  const { manifest, modules, data } = await bundleApp(appFile, { faultPoints: false })
  checkCloudflare(manifest, options, mayBeLocal && isLoopback(options.publicUrl))
  const deployed = readMigrations(folder)
  const migrations = mergeMigrations(deployed, manifest)
  const added = migrations.slice(deployed.length)
  const code = new Map<string, string | Uint8Array>([...modules, ...data])
  const sizes = [...code.values()].map((content) => Buffer.byteLength(content))
  const uploadBytes = sizes.reduce((sum, size) => sum + size, 0)
  if (uploadBytes > MAX_UPLOAD_BYTES) {
    throw new EngineError(
      `the app is too large for Cloudflare: ${toMegabytes(uploadBytes)}`,
      `a Worker has ${toMegabytes(MAX_UPLOAD_BYTES)} at most, assets of its types included`,
      'Serve large assets from elsewhere.',
      2,
    )
  }
  return {
    migrations,
    files: code.set(CONFIG_FILE, toJson(toWranglerConfig(manifest, migrations, options))),
    plan: {
      worker: options.name,
      public_url: options.publicUrl,
      apex: options.apex,
      classes: classesOf(manifest),
      new_classes: added.flatMap((step) => step.new_sqlite_classes ?? []),
      new_migrations: added,
      cells: options.cells,
      default_cell: options.cell,
      routes: routesOf(options),
      secrets: [BINDINGS.secrets],
      upload_bytes: uploadBytes,
      compressed_bytes: [...code.values()].reduce((sum, content) => sum + gzipSync(content).byteLength, 0),
    },
  }
}

/**
 * Writes the files, the history first: a step that Cloudflare knows and we do not would be made anew with other classes.
 *
 * @param home folder of the history; undefined leaves it alone, for what is only tried
 * @throws EngineError when the system does not let them be written
 */
export function writeCloudflareFiles(folder: string, { files, migrations }: CloudflareFiles, home?: string): void {
  try {
    makeDirectory(folder)
    if (home !== undefined) {
      makeDirectory(home)
      writeDurably(join(home, MIGRATIONS_FILE), toJson(migrations))
    }
    // Data modules are named by their content: those of an earlier build would be uploaded for ever.
    for (const name of readdirSync(folder)) if (name.endsWith('.bin')) rmSync(join(folder, name))
    for (const [name, content] of files) writeFileSync(join(folder, name), content)
  } catch (thrown) {
    throw explained(thrown, `cannot write Cloudflare's files to ${folder}`)
  }
}

function readMigrations(folder: string): Migration[] {
  const file = join(folder, MIGRATIONS_FILE)
  return existsSync(file) ? parseMigrations(readFileSync(file, 'utf8'), file) : []
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

function toMegabytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`
}
