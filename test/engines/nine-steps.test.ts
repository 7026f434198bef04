// The nine steps in two supervised processes; one Worker under wrangler's local runtime is in wrangler-dev.test.ts.

import { test } from 'vitest'
import { nineSteps } from '../support/nine-steps.ts'
import { startServer } from '../support/server.ts'

test('[EN1] the nine steps in two processes', async () => {
  await nineSteps(await startServer())
})
