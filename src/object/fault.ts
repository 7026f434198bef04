// Named points at which a test kills the engine process. `BIPLANE_FAULT_POINTS` is defined by the bundler: false in every normal
// build, where esbuild removes the calls' bodies and this import; a test looks at the production bundle for leftovers.

import { env } from 'cloudflare:workers'
import { BINDINGS } from '../wire/deployment.ts'

declare const BIPLANE_FAULT_POINTS: boolean | undefined

/** In a test build, tells the harness that execution is here and waits for its leave; otherwise nothing. */
export async function fault(name: string): Promise<void> {
  if (typeof BIPLANE_FAULT_POINTS !== 'undefined' && BIPLANE_FAULT_POINTS) {
    const harness = (env as unknown as Record<string, Fetcher | undefined>)[BINDINGS.faults]
    await harness?.fetch(`http://harness/${name}`)
  }
}
