// One type on more shards than a request may ask.

import { createApp, defineResourceType, hashed, type App } from 'biplane'
import { LEDGER } from './ledger.ts'

const app: App = createApp({ types: [defineResourceType({ ...LEDGER, shards: hashed(1_000) })] })

export default app
