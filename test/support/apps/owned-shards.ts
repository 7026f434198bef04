// Crates whose accounts are resources themselves, and each of which has a control plane object of its own.

import { byAccount, type App } from 'biplane'
import { CRATE, createShardsApp } from './shards.ts'

const app: App = createShardsApp([{ ...CRATE, shards: byAccount() }], { owned: true })

export default app
