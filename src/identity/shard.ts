// Which control plane object holds an account's resources of a type. A shard is a function of the account and of nothing else, so
// that names, quotas, idempotency and audit of one account are decided in one transaction.

/** How a type's accounts are spread over control plane objects. Persisted by the type's root object; code only proposes. */
export type ShardPolicy = { readonly kind: 'single' } | { readonly kind: 'by_account' }

/** One control plane object for the whole type. */
export function single(): ShardPolicy {
  return { kind: 'single' }
}

/** One control plane object per account and type. */
export function byAccount(): ShardPolicy {
  return { kind: 'by_account' }
}

/** The shard of an account; undefined is the type's root object. */
export function shardOf(policy: ShardPolicy, account: string): string | undefined {
  switch (policy.kind) {
    case 'single':
      return undefined
    case 'by_account':
      return account
  }
}

export function isSamePolicy(a: ShardPolicy, b: ShardPolicy): boolean {
  return a.kind === b.kind
}
