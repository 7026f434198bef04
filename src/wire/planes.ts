// The two faces between the planes. A call is a reference, arguments and a version field: plain values only (a stub that crosses a
// process boundary fails, a Request costs 126 us), and the answer is a value, also when it is a refusal. The same two faces are a
// loopback in one Worker, a unix socket between two processes, and later the hop between cells.
//
// Compatibility: version n accepts the calls and answers of n-1. Only add optional members; the golden transcripts in
// test/fixtures/planes hold us to it.

import type { ShardPolicy } from '../identity/shard.ts'
import type { Descriptor, Held } from './descriptor.ts'
import type { ErrorData } from './errors.ts'
import type { ResourceRecord, ResourceUsage } from './resource.ts'

export const PLANES_VERSION = 1

/** The answer of every call: a refusal is an outcome, not an exception. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ErrorData; readonly moved?: PersistedPolicy }

// --- edge -> control plane -----------------------------------------------------------------------------------------------------

/** Who is calling, as decided at the edge. Counters live in the shard. */
export interface Caller {
  /** Identifier of the account. */
  readonly account: string
  readonly role: 'operator' | 'admin' | 'member' | 'read'
  readonly limits: CallerLimits
  readonly policyEpoch: number
  readonly requestId: string
}

export interface CallerLimits {
  /** Resources of one type; undefined = no limit. */
  readonly resources?: number
}

export interface CreateRequest {
  readonly name?: string
  readonly cell: string
  readonly visibility?: Descriptor['visibility']
  readonly params?: unknown
  readonly labels?: Readonly<Record<string, string>>
  readonly metadata?: Readonly<Record<string, string>>
  readonly allowedOrigins?: readonly string[]
  readonly idempotency?: { readonly key: string; readonly fingerprint: string }
}

export interface UpdateRequest {
  readonly name?: string | null
  readonly labels?: Readonly<Record<string, string>>
  readonly metadata?: Readonly<Record<string, string>>
  readonly visibility?: Descriptor['visibility']
  readonly mode?: 'active' | 'read_only' | 'suspended'
  readonly allowedOrigins?: readonly string[]
  readonly hosts?: readonly string[]
}

export interface ListRequest {
  /** Position (create_time) after which to go on, in the direction of `order`; 0 = from its beginning. */
  readonly after: number
  readonly limit: number
  /** Of creation; default: ascending. */
  readonly order?: 'ascending' | 'descending'
  /** Those that were deleted and can be restored, instead of those that are there. */
  readonly deleted?: boolean
  /** Part of a name, whatever its case, or an identifier. */
  readonly search?: string
}

/** Rows that match; a page may be short, since the rows *scanned* for it are bounded. */
export interface ListPage {
  readonly data: readonly ResourceRecord[]
  /** Position after the last row that was scanned; absent at the end. */
  readonly next?: number
}

export interface TokenGrant {
  readonly generation: number
  readonly state: ResourceRecord['state']
  /** Host names of the owner's own, to which a link may lead. */
  readonly hosts?: readonly string[]
}

/** The methods of a control plane object: argument and value of each. */
export interface ControlMethods {
  create: {
    readonly args: CreateRequest
    readonly value: { readonly record: ResourceRecord; readonly applied: boolean }
  }
  get: { readonly args: { readonly id: string }; readonly value: ResourceRecord }
  list: { readonly args: ListRequest; readonly value: ListPage }
  update: {
    readonly args: { readonly id: string; readonly ifMatch?: string; readonly changes: UpdateRequest }
    readonly value: { readonly record: ResourceRecord; readonly applied: boolean }
  }
  remove: {
    /** `purge`: without a time in which it can be restored; of a deleted one: that time ends now. */
    readonly args: { readonly id: string; readonly ifMatch?: string; readonly purge?: boolean }
    readonly value: { readonly record: ResourceRecord; readonly applied: boolean }
  }
  /** Undoes a deletion whose purge has not begun. `name`: instead of the one that it had, which may be taken meanwhile. */
  restore: {
    readonly args: { readonly id: string; readonly ifMatch?: string; readonly name?: string }
    readonly value: { readonly record: ResourceRecord; readonly applied: boolean }
  }
  /** Revokes every token: the next generation, answered once the object applied it. */
  revokeTokens: {
    readonly args: { readonly id: string }
    readonly value: { readonly record: ResourceRecord; readonly applied: boolean }
  }
  /** What a token for this resource must carry. */
  grant: { readonly args: { readonly id: string }; readonly value: TokenGrant }
  /** Everything both planes know about one resource, for the operator. */
  inspect: { readonly args: { readonly id: string }; readonly value: Inspection }
  /** From the object itself, lazily: what it holds. False when the row is not there, or of another incarnation. */
  reportUsage: {
    readonly args: {
      readonly id: string
      readonly incarnation: number
      readonly usage: Pick<ResourceUsage, 'bytes' | 'writeTimeMs'>
    }
    readonly value: boolean
  }
  /** The type's sharding policy: the root object persists the first proposal and answers what it holds. */
  policy: { readonly args: { readonly proposal: ShardPolicy }; readonly value: PersistedPolicy }
  /** Marks a one-time code as used; false when it was used before. */
  useCode: { readonly args: { readonly tokenId: string; readonly expiresAtMs: number }; readonly value: boolean }
}

/** The authority on where accounts are. An answer `moved` carries it: ask the shard that it names, once. */
export interface PersistedPolicy {
  readonly policy: ShardPolicy
  readonly epoch: number
}

/** The row as stored, its unfinished work, and what the object answers (or why it does not). */
export interface Inspection {
  readonly record: ResourceRecord
  readonly row: Readonly<Record<string, string | number | null>>
  readonly work: readonly Readonly<Record<string, string | number | null>>[]
  readonly object: Held | { readonly kind: 'unreachable'; readonly reason: string }
}

export type ControlMethod = keyof ControlMethods

export interface ControlCall<M extends ControlMethod = ControlMethod> {
  readonly v: typeof PLANES_VERSION
  readonly type: string
  /** From {@link import('../identity/object-name.ts').controlObjectName}. */
  readonly object: string
  readonly method: M
  readonly args: ControlMethods[M]['args']
  readonly caller: Caller
}

/** The epoch of every first policy. */
export const FIRST_POLICY_EPOCH = 1

// --- control plane -> data plane -------------------------------------------------------------------------------------------------

/** The lifecycle face of a data plane object. Reachable by RPC only, never by a path. */
export interface DataMethods {
  apply: {
    readonly args: { readonly descriptor: Descriptor; readonly params?: unknown; readonly notAfterMs: number }
    readonly value: ApplyOutcome
  }
  purge: {
    readonly args: { readonly id: string; readonly incarnation: number; readonly version: number }
    readonly value: PurgeOutcome
  }
  forget: { readonly args: { readonly incarnation: number }; readonly value: ForgetOutcome }
  describe: { readonly args: Record<string, never>; readonly value: { readonly held: Held; readonly bytes: number } }
}

/** `applied`: stored now. `held`: it already had this or something newer. `refused`: too late, or fenced by a tombstone. */
export interface ApplyOutcome {
  readonly outcome: 'applied' | 'held' | 'refused'
  readonly held: Held
  readonly reason?: 'not_after' | 'tombstone'
}

export interface PurgeOutcome {
  readonly outcome: 'purged' | 'refused'
  readonly held: Held
}

export interface ForgetOutcome {
  readonly outcome: 'forgotten' | 'refused'
  readonly held: Held
}

export type DataMethod = keyof DataMethods

export interface DataCall<M extends DataMethod = DataMethod> {
  readonly v: typeof PLANES_VERSION
  readonly type: string
  /** The resource's identifier; the object's name and place follow from it. */
  readonly resource: string
  readonly method: M
  readonly args: DataMethods[M]['args']
  readonly requestId: string
}

/** Both planes as seen from the other side: one method each, so a process needs no stub of a foreign object. */
export interface ControlPlaneFace {
  call<M extends ControlMethod>(call: ControlCall<M>): Promise<Outcome<ControlMethods[M]['value']>>
}

export interface DataPlaneFace {
  call<M extends DataMethod>(call: DataCall<M>): Promise<Outcome<DataMethods[M]['value']>>
}
