// Which control plane object holds an account's resources of a type. A shard is a function of the account and of nothing else, so
// that names, quotas, idempotency and audit of one account are decided in one transaction.

import { parseResourceId } from './resource-id.ts'

/** How a type's accounts are spread over control plane objects. Persisted by the type's root object; code only proposes. */
export type ShardPolicy =
  | { readonly kind: 'single' }
  | { readonly kind: 'by_account' }
  | { readonly kind: 'hashed'; readonly shards: number }
  | { readonly kind: 'by_region' }

/** Accounts fall into this many buckets, for ever: another number of objects moves buckets, it does not hash anew. */
export const BUCKETS = 1_024

/** One control plane object for the whole type. */
export function single(): ShardPolicy {
  return { kind: 'single' }
}

/** One control plane object per account and type. */
export function byAccount(): ShardPolicy {
  return { kind: 'by_account' }
}

/**
 * A fixed number of control plane objects, over which accounts are spread evenly.
 *
 * @param shards 1 to {@link BUCKETS}
 * @throws TypeError for another number
 */
export function hashed(shards: number): ShardPolicy {
  if (!Number.isInteger(shards) || shards < 1 || shards > BUCKETS) {
    throw new TypeError(`hashed(${shards}): a whole number of shards from 1 to ${BUCKETS}`)
  }
  return { kind: 'hashed', shards }
}

/** One control plane object per home cell, which an account's identifier names; accounts that have no such identifier share the root. */
export function byRegion(): ShardPolicy {
  return { kind: 'by_region' }
}

/**
 * In an account's place: the deployment as a whole. What belongs to no account (an operation that moves accounts, an operator's one-time
 * code) is the root object's under every policy; in a list it asks for every account.
 */
export const WHOLE_DEPLOYMENT = '-'

/** The shard of an account; undefined is the type's root object. */
export function shardOf(policy: ShardPolicy, account: string): string | undefined {
  if (account === WHOLE_DEPLOYMENT) return undefined
  switch (policy.kind) {
    case 'single':
      return undefined
    case 'by_account':
      return account
    case 'hashed':
      return `h${Math.floor((bucketOf(account) * policy.shards) / BUCKETS)}`
    case 'by_region': {
      const cell = parseResourceId(account)?.cell
      return cell === undefined ? undefined : `r-${cell}`
    }
  }
}

/** Of {@link BUCKETS}. FNV-1a over UTF-16 units, folded: synchronous, the same everywhere, and even enough for identifiers that are random. */
export function bucketOf(account: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < account.length; index++) {
    hash = Math.imul(hash ^ account.charCodeAt(index), 0x01000193)
  }
  return ((hash >>> 20) ^ (hash >>> 10) ^ hash) & (BUCKETS - 1)
}

/** Every shard that a policy can have, where they can be named: undefined is the root. @param cells of the deployment */
export function shardsOf(policy: ShardPolicy, cells: readonly string[]): readonly (string | undefined)[] | undefined {
  switch (policy.kind) {
    case 'single':
      return [undefined]
    case 'by_account':
      return undefined
    case 'hashed':
      return Array.from({ length: policy.shards }, (_, index) => `h${index}`)
    case 'by_region':
      return [undefined, ...cells.map((cell) => `r-${cell}`)]
  }
}

export function isSamePolicy(a: ShardPolicy, b: ShardPolicy): boolean {
  return a.kind === b.kind && (a.kind !== 'hashed' || b.kind !== 'hashed' || a.shards === b.shards)
}
