// The configuration for Cloudflare's network, generated from the same manifest: one Worker with the objects of both planes.

import { LOCATION_HINTS, type CellTable } from '../identity/cell.ts'
import { BINDINGS, DEFAULT_TIMERS, type DeploymentConfig } from '../wire/deployment.ts'
import type { AppManifest } from '../wire/manifest.ts'
import { MAIN_MODULE } from './app-bundle.ts'
import { NO_APEX, isLoopback, type CloudflareTarget } from './cloudflare-checks.ts'
import { checkCapabilities } from './check-capabilities.ts'
import { COMPATIBILITY_DATE, COMPATIBILITY_FLAGS } from './compatibility.ts'
import type { Migration } from './object-migrations.ts'
import { objectsOf } from './workerd-config.ts'

export interface WranglerOptions extends CloudflareTarget {
  readonly name: string
  /** Zone of the wildcard route; without it wrangler looks for it by the name. */
  readonly zone?: string
}

/** A deployment that declares no cells has one, and where Cloudflare puts its objects is Cloudflare's choice. */
export const ONE_CELL: CellTable = { local: {} }

/** An isolate has 128 MB, and a body is there twice when it has been read: this leaves as much again for everything else. */
const HELD_BODY_BYTES: number = 48 * 1024 ** 2

/** Every location hint is a cell, by its own name without the hyphen, which a code cannot have. */
export const ALL_HINTS: CellTable = Object.fromEntries(
  LOCATION_HINTS.map((hint) => [hint.replaceAll('-', ''), { hint }]),
)

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
    cell: options.cell,
    cells: options.cells,
    engine: 'cloudflare',
    trustedProxies: [],
    requestLog: false,
    pathCapabilities: options.pathCapabilities ?? false,
    heldBodyBytes: HELD_BODY_BYTES,
    timers: DEFAULT_TIMERS,
  }
  checkCapabilities({ engine: 'cloudflare', cells: config.cells, cell: config.cell }, manifest)
  const bindings = [...objectsOf(manifest, 'control'), ...objectsOf(manifest, 'data')]
  const routes = routesOf(options)
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
    // One way in: the names of which the deployment knows that they are its own.
    workers_dev: false,
    preview_urls: false,
    ...(routes.length === 0 ? {} : { routes }),
    // The edge runs where the user is, and goes to the object; placed near the objects it would move away from everybody else.
    placement: { mode: 'off' },
    observability: observabilityOf(options),
    durable_objects: { bindings: bindings.map(({ binding, className }) => ({ name: binding, class_name: className })) },
    migrations,
    secrets: { required: [BINDINGS.secrets] },
    vars: { [BINDINGS.config]: config },
  }
}

/**
 * The main host as a custom domain, whose record and certificate Cloudflare makes; own origins by a wildcard route, for which both are the
 * operator's to make (docs/cloudflare.md). None for this machine.
 */
export function routesOf({ publicUrl, apex, zone }: WranglerOptions): (string | object)[] {
  if (isLoopback(publicUrl)) return []
  const main = { pattern: new URL(publicUrl).hostname, custom_domain: true }
  if (apex === NO_APEX) return [main]
  const wildcard = `*.${apex}/*`
  return [main, zone === undefined ? wildcard : { pattern: wildcard, zone_name: zone }]
}

/**
 * Logs and traces, without what opens something: one-time codes and tokens in queries never, and with path capabilities, which are in
 * paths, only what the Worker itself says.
 */
function observabilityOf({ pathCapabilities }: WranglerOptions): object {
  const on = { enabled: true, redact_query_string: true }
  if (pathCapabilities !== true) return on
  return { ...on, logs: { enabled: true, invocation_logs: false }, traces: { enabled: false } }
}
