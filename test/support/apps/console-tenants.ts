// The console in an app that signs people in by itself, and so has no accounts of ours.

import { createApp, defineResourceType, type App } from 'biplane'
import { consoleFiles } from 'biplane/console'
import { LEDGER } from './ledger.ts'

const app: App = createApp({
  types: [defineResourceType(LEDGER)],
  console: consoleFiles,
  // Whoever reaches it is one of its operators.
  authenticate: () => ({ account: 'acme', role: 'operator' }),
})

export default app
