// The same on a shard for each account, whom only the builder knows.

import { byAccount, createApp, defineResourceType, type App } from 'biplane'
import { LEDGER } from './ledger.ts'

const app: App = createApp({
  types: [defineResourceType({ ...LEDGER, shards: byAccount() })],
  authenticate: () => ({ account: 'acme', role: 'operator' }),
})

export default app
