// What is put into archives and comes out of them: wikis in both storages, casks with settings, and vats on a shard per account.

import { byAccount, createApp, defineResourceType, type App } from 'biplane'
import { wiki } from 'biplane/types/wiki'
import { z } from 'zod'
import { CASK, Vat } from './cask.ts'

const settings = z.strictObject({ proof: z.int().min(1).max(100) })

const app: App = createApp({
  types: [
    wiki,
    defineResourceType({ ...CASK, settings }),
    defineResourceType({ ...CASK, name: 'vat', object: Vat, shards: byAccount() }),
  ],
})

export default app
