// Where the tests' own applications are.

import { join } from 'node:path'
import { ROOT } from './server.ts'

export const LEDGER_APP: string = join(ROOT, 'test/support/apps/ledger.ts')
/** One migration later, and with another proposal for the shards of sheets. */
export const LEDGER_NEXT_APP: string = join(ROOT, 'test/support/apps/ledger-next.ts')
export const CONSOLE_APP: string = join(ROOT, 'test/support/apps/console.ts')
/** Types with a mistake each, and a proxy that breaks the control plane. */
export const BROKEN_APP: string = join(ROOT, 'test/support/apps/broken.ts')
/** Wikis and no console. */
export const WIKIS_APP: string = join(ROOT, 'test/support/apps/wikis.ts')
/** Casks, with a back door into their catalog. */
export const CATALOG_APP: string = join(ROOT, 'test/support/apps/catalog.ts')
/** Two types that the console does not know, with the console. */
export const CONSOLE_LEDGERS_APP: string = join(ROOT, 'test/support/apps/console-ledgers.ts')
/** Ledgers with the console, where the builder signs people in. */
export const CONSOLE_TENANTS_APP: string = join(ROOT, 'test/support/apps/console-tenants.ts')
/** What archives carry: wikis, casks with settings, and vats on a shard per account. */
export const ARCHIVE_APP: string = join(ROOT, 'test/support/apps/archive.ts')
/** What imports fill: on a shard per account, and what loses something then. */
export const FILLING_APP: string = join(ROOT, 'test/support/apps/filling.ts')
/** Casks that are read out late, and types that cannot be. */
export const EXPORTED_APP: string = join(ROOT, 'test/support/apps/exported.ts')
/** Several accounts, by a builder's own sign-in. */
export const TENANTS_APP: string = join(ROOT, 'test/support/apps/tenants.ts')
/** Ledgers, with a side door to the face of accounts. */
export const ACCOUNTS_APP: string = join(ROOT, 'test/support/apps/accounts.ts')
/** Crates of several accounts, on two shards. */
export const SHARDS_APP: string = join(ROOT, 'test/support/apps/shards.ts')
/** On a shard per account, with accounts that are resources. */
export const OWNED_SHARDS_APP: string = join(ROOT, 'test/support/apps/owned-shards.ts')
/** Ledgers, and sheets, which want to be in the cell `second`. */
export const PLACED_APP: string = join(ROOT, 'test/support/apps/placed.ts')
/** With a builder's own sign-in. */
export const PLACED_TENANTS_APP: string = join(ROOT, 'test/support/apps/placed-tenants.ts')
/** Ledgers on more shards than one request may ask. */
export const MANY_SHARDS_APP: string = join(ROOT, 'test/support/apps/many-shards.ts')
/** Wikis with a meter of what Cloudflare bills. */
export const BILLED_APP: string = join(ROOT, 'test/support/apps/billed.ts')
/** Ledgers that are addressed by name, and by the platform's identifiers. */
export const ADDRESSING_APP: string = join(ROOT, 'test/support/apps/addressing.ts')
/** Where each account's home cell has the control plane object. */
export const REGION_CRATES_APP: string = join(ROOT, 'test/support/apps/region-crates.ts')
/** Pages and vaults, configured by a builder: the engine is not named, and some cells ask for what it has not got. */
export const MOUNTED_APP: string = join(ROOT, 'test/support/apps/mounted.ts')
