// Named points at which a test kills an engine process. Every call stands behind the label `TEST_BUILD`, which the bundler drops
// together with its statement in every build but the tests' own; a test looks at the production bundle for leftovers.

import { env } from 'cloudflare:workers'
import { BINDINGS } from '../wire/deployment.ts'

/** Tells the fault harness that execution is here, and waits for its leave. Without a harness: nothing. */
export async function fault(name: string): Promise<void> {
  const harness = (env as unknown as Record<string, Fetcher | undefined>)[BINDINGS.faults]
  await harness?.fetch(`http://harness/${name}`)
}
