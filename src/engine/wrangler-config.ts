// The configuration for Cloudflare's network, generated from the same manifest: one Worker with the objects of both planes.

import { BINDINGS, DEFAULT_TIMERS, type DeploymentConfig } from '../wire/deployment.ts'
import type { AppManifest } from '../wire/manifest.ts'
import { MAIN_MODULE } from './app-bundle.ts'
import { checkCapabilities } from './check-capabilities.ts'
import { COMPATIBILITY_DATE, COMPATIBILITY_FLAGS } from './compatibility.ts'
import { EngineError } from './engine-error.ts'
import { objectsOf } from './workerd-config.ts'

/** One step of the history of object classes, as Cloudflare keeps it. Append-only: a step that was deployed must never change. */
export interface Migration {
  readonly tag: string
  readonly new_sqlite_classes: readonly string[]
}

export interface WranglerOptions {
  readonly name: string
  readonly publicUrl: string
  readonly apex: string
  readonly pathCapabilities?: boolean
}

/** The one cell of a deployment that declares no others; where Cloudflare puts an object is then Cloudflare's choice. */
const CELL = 'local'

/**
 * Appends a step for the classes that no step has created yet.
 *
 * @throws EngineError when a class that was deployed is not in the app any more: deploying without it would end its objects
 */
export function mergeMigrations(deployed: readonly Migration[], manifest: AppManifest): Migration[] {
  const known = new Set(deployed.flatMap((migration) => migration.new_sqlite_classes))
  const present = classesOf(manifest)
  const missing = [...known].filter((name) => !present.includes(name))
  if (missing.length > 0) {
    throw new EngineError(
      `the app has no ${missing.join(', ')} any more`,
      'these classes were deployed before, and their objects would be deleted with all they hold',
      'Keep the resource type, or write the deletion into the list of migrations yourself.',
      2,
    )
  }
  const added = present.filter((name) => !known.has(name))
  return added.length === 0
    ? [...deployed]
    : [...deployed, { tag: `v${deployed.length + 1}`, new_sqlite_classes: added }]
}

/**
 * The content of `wrangler.jsonc`, beside which the bundle's files must lie.
 *
 * @throws EngineError when a type requires what no cell has
 */
export function toWranglerConfig(
  manifest: AppManifest,
  migrations: readonly Migration[],
  options: WranglerOptions,
): object {
  const config: DeploymentConfig = {
    publicUrl: options.publicUrl,
    apex: options.apex,
    cell: CELL,
    cells: { [CELL]: {} },
    engine: 'cloudflare',
    trustedProxies: [],
    requestLog: false,
    pathCapabilities: options.pathCapabilities ?? false,
    timers: DEFAULT_TIMERS,
  }
  checkCapabilities({ engine: 'cloudflare', cells: config.cells, cell: config.cell }, manifest)
  const bindings = [...objectsOf(manifest, 'control'), ...objectsOf(manifest, 'data')]
  return {
    name: options.name,
    main: MAIN_MODULE,
    no_bundle: true,
    find_additional_modules: true,
    rules: [
      { type: 'ESModule', globs: ['*.js'], fallthrough: false },
      { type: 'Data', globs: ['*.bin'], fallthrough: false },
    ],
    compatibility_date: COMPATIBILITY_DATE,
    compatibility_flags: COMPATIBILITY_FLAGS,
    durable_objects: { bindings: bindings.map(({ binding, className }) => ({ name: binding, class_name: className })) },
    migrations,
    vars: { [BINDINGS.config]: config },
  }
}

function classesOf(manifest: AppManifest): string[] {
  return manifest.types.flatMap((type) => [type.control.className, type.data.className])
}
