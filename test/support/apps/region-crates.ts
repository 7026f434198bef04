// Crates whose accounts are resources themselves, and whose control plane objects are in the accounts' home cells.

import { byRegion, type App } from 'biplane'
import { CRATE, createShardsApp } from './shards.ts'

const app: App = createShardsApp([{ ...CRATE, shards: byRegion() }], { owned: true })

export default app
