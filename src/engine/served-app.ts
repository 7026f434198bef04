// The app as this engine is going to serve it: bundled, and nothing that it or its cells ask for missing.

import { bundleApp, type AppBundle } from './app-bundle.ts'
import { checkCapabilities } from './check-capabilities.ts'
import type { ServerOptions } from './server-options.ts'
import { checkTypeCells } from './type-cells.ts'

/** What the processes are; see identity/capabilities.ts. */
export const ENGINE = 'workerd'

/**
 * @param members the cells that are served here
 * @throws EngineError for an app that cannot be bundled, or that these cells cannot serve
 */
export async function bundleServed(
  { app, cells, faultsAddress }: Pick<ServerOptions, 'app' | 'cells' | 'faultsAddress'>,
  members: readonly string[],
): Promise<AppBundle> {
  const bundle = await bundleApp(app, { faultPoints: faultsAddress !== undefined })
  checkTypeCells(bundle.manifest, cells)
  for (const cell of members) checkCapabilities({ engine: ENGINE, cell, cells }, bundle.manifest)
  return bundle
}
