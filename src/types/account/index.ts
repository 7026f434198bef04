// The built-in type of accounts: built exactly as a builder's own, but for its name, which is reserved.

import { defineResourceType, type ResourceType } from '../../resource-type.ts'
import { ACCOUNT_PLURAL, ACCOUNT_TYPE } from '../../wire/account.ts'
import { Account } from './object.ts'
import { accountSettings } from './settings.ts'

/** Keys and the log of their changes: a hundred times what they take. */
const MAX_BYTES: number = 64 * 1024 ** 2

const declared: ResourceType = defineResourceType({
  // No builder can declare a type of the reserved name; this one gets it below.
  name: 'builtin',
  object: Account,
  settings: accountSettings,
  // Its one face is RPC: no request for content has a way to it.
  credentials: ['bearer'],
  limits: { bytes: MAX_BYTES },
})

/** An account: its object keeps its API keys, its descriptor says whether they work and what they allow. */
export const account: ResourceType = { ...declared, name: ACCOUNT_TYPE, plural: ACCOUNT_PLURAL }
