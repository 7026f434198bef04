// Crates whose accounts are resources themselves, and each of which has a control plane object of its own.

import { byAccount, single, type App } from 'biplane'
import { CRATE, Crate, createShardsApp } from './shards.ts'

class Account extends Crate {}

const app: App = createShardsApp([
  { ...CRATE, shards: byAccount() },
  { ...CRATE, name: 'account', object: Account, shards: single() },
])

export default app
