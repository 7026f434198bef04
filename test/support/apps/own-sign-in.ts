// Ledgers, where a builder signs people in by himself, and lets nobody do what he does not know.

import { createApp, defineResourceType, type App } from 'biplane'
import { LEDGER } from './ledger.ts'

const app: App = createApp({
  types: [defineResourceType(LEDGER)],
  authenticate: () => ({ account: 'acme', role: 'operator' }),
  authorize: (_caller, action) => action !== 'reconcile',
})

export default app
