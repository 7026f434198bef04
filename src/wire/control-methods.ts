// The methods of a control plane object: argument and value of each, as plain data. Compatibility: only add optional members.

import type { ShardPolicy } from '../identity/shard.ts'
import type { CallerLimits } from './account.ts'
import type { ArchiveMethods } from './archive.ts'
import type { Descriptor, Held } from './descriptor.ts'
import type { AuditRecord, EventRecord, JournalPage } from './journal.ts'
import type { OperationRecord } from './operation.ts'
import type { ReconcileMethods } from './reconcile.ts'
import type { ResourceRecord, ResourceState, ResourceUsage } from './resource.ts'
import type { ShardMoveMethods } from './shard-move.ts'

export interface CreateRequest {
  readonly name?: string
  readonly cell: string
  readonly visibility?: Descriptor['visibility']
  readonly params?: unknown
  readonly labels?: Readonly<Record<string, string>>
  readonly metadata?: Readonly<Record<string, string>>
  readonly allowedOrigins?: readonly string[]
  readonly settings?: Readonly<Record<string, unknown>>
  readonly deleteProtection?: boolean
  /** When it is deleted by itself; null: never, whatever the type says. */
  readonly expireTimeMs?: number | null
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
  readonly settings?: Readonly<Record<string, unknown>>
  readonly deleteProtection?: boolean
  readonly expireTimeMs?: number | null
}

/** What rows must have in common; each narrows. */
export interface ListFilter {
  readonly state?: ResourceState
  readonly cell?: string
  readonly label?: { readonly key: string; readonly value: string }
  /** Case-folded like names. */
  readonly namePrefix?: string
  /** Inclusive. */
  readonly createdFromMs?: number
  /** Exclusive. */
  readonly createdBeforeMs?: number
  /** Part of a name, whatever its case, or an identifier. */
  readonly search?: string
}

export interface ListRequest extends ListFilter {
  /** Position (create_time) after which to go on, in the direction of `order`; 0 = from its beginning. */
  readonly after: number
  readonly limit: number
  /** Of creation; default: ascending. */
  readonly order?: 'ascending' | 'descending'
  /** Those that were deleted and can be restored, instead of those that are there. */
  readonly deleted?: boolean
  /** The operator's list over all accounts of the shard, in the order (account, create_time): where to go on. Ascending only. */
  readonly everyAccount?: { readonly from: string }
}

/** Rows that match; a page may be short, since the rows *scanned* for it are bounded. */
export interface ListPage {
  readonly data: readonly ResourceRecord[]
  /** Position after the last row that was scanned; absent at the end. */
  readonly next?: number
  /** Of a list over all accounts: the account that `next` is a position of. */
  readonly nextAccount?: string
}

/** How many rows a filter matches. */
export interface CountResult {
  readonly count: number
  /** Scanning is bounded: go on counting from here, and add up. */
  readonly next?: number
}

export interface TokenGrant {
  readonly generation: number
  readonly state: ResourceRecord['state']
  /** Host names of the owner's own, to which a link may lead. */
  readonly hosts?: readonly string[]
}

/** The answer to a change: the row as it is now, and whether the object knows of it. */
export interface Changed {
  readonly record: ResourceRecord
  readonly applied: boolean
  /** Work that the change began, of accounts: it reaches all of their resources. */
  readonly operation?: string
}

/** Where an account stands as a whole, told to each shard that may hold resources of it. */
export interface AccountHold {
  /** Of the account's descriptor: orders these. */
  readonly version: number
  readonly mode: 'active' | 'read_only' | 'suspended' | 'deleted'
  readonly limits: CallerLimits
}

/** How far a hold has come in a shard. */
export interface HoldProgress {
  readonly total: number
  readonly done: number
}

/** Bytes, requests and writes of one resource in one UTC day. */
export interface UsageRow {
  readonly resource: string
  /** The day's beginning, milliseconds since 1970. */
  readonly dayMs: number
  /** Largest size that was reported. */
  readonly bytes: number
  /** Approximate: what an object counted in memory and had not yet reported is lost when its process dies. */
  readonly requests: number
  readonly writes: number
}

export interface ControlMethods extends ShardMoveMethods, ArchiveMethods, ReconcileMethods {
  create: { readonly args: CreateRequest; readonly value: Changed }
  /** All intents in one transaction, or none. */
  bulkCreate: {
    readonly args: {
      readonly requests: readonly CreateRequest[]
      readonly idempotency?: { readonly key: string; readonly fingerprint: string }
    }
    readonly value: OperationRecord
  }
  get: { readonly args: { readonly id: string }; readonly value: ResourceRecord }
  list: { readonly args: ListRequest; readonly value: ListPage }
  count: { readonly args: Omit<ListRequest, 'limit' | 'order' | 'everyAccount'>; readonly value: CountResult }
  update: {
    readonly args: { readonly id: string; readonly ifMatch?: string; readonly changes: UpdateRequest }
    readonly value: Changed
  }
  remove: {
    /** `purge`: without a time in which it can be restored; of a deleted one: that time ends now. */
    readonly args: { readonly id: string; readonly ifMatch?: string; readonly purge?: boolean }
    readonly value: Changed
  }
  /** Undoes a deletion whose purge has not begun. `name`: instead of the one that it had, which may be taken meanwhile. */
  restore: {
    readonly args: { readonly id: string; readonly ifMatch?: string; readonly name?: string }
    readonly value: Changed
  }
  /** Ends the retention of every deleted resource of the account. */
  purgeDeleted: { readonly args: Record<string, never>; readonly value: OperationRecord }
  /** Gives a resource to another account. `limits`: that account's. */
  transfer: {
    readonly args: {
      readonly id: string
      readonly ifMatch?: string
      readonly to: string
      readonly limits: CallerLimits
    }
    readonly value: Changed
  }
  /** Begins to move a resource to another cell, under the same identifier. */
  move: {
    readonly args: { readonly id: string; readonly ifMatch?: string; readonly cell: string }
    readonly value: OperationRecord
  }
  /** Revokes one token, or without `tokenId` every token (the next generation); answered once the object applied it. */
  revokeTokens: {
    readonly args: { readonly id: string; readonly tokenId?: string; readonly expiresAtMs?: number }
    readonly value: Changed
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
      /** `writeTimeMs` 0: nothing was written since the object woke up; it was only read. */
      readonly usage: Pick<ResourceUsage, 'bytes' | 'writeTimeMs'> & {
        /** Since the last report. */
        readonly requests?: number
        readonly writes?: number
      }
    }
    readonly value: boolean
  }
  /** Usage by day and resource, in the order (day, resource). */
  usage: {
    readonly args: {
      readonly fromMs: number
      readonly untilMs: number
      readonly resource?: string
      readonly after?: { readonly dayMs: number; readonly resource: string }
      readonly limit: number
    }
    readonly value: {
      readonly data: readonly UsageRow[]
      readonly next?: { readonly dayMs: number; readonly resource: string }
    }
  }
  /** What the account has now, and may have. */
  account: {
    readonly args: Record<string, never>
    readonly value: {
      readonly resources: number
      readonly deleted: number
      readonly bytes: number
      readonly hold: AccountHold['mode']
    }
  }
  /** From the control plane of accounts: the account's mode and limits, for all of its resources here. Idempotent by version. */
  holdAccount: { readonly args: AccountHold; readonly value: HoldProgress }
  audit: { readonly args: { readonly after: number; readonly limit: number }; readonly value: JournalPage<AuditRecord> }
  events: {
    readonly args: { readonly after: number; readonly limit: number }
    readonly value: JournalPage<EventRecord>
  }
  getOperation: { readonly args: { readonly id: string }; readonly value: OperationRecord }
  /** Newest first. */
  listOperations: {
    readonly args: { readonly before?: number; readonly limit: number }
    readonly value: { readonly data: readonly OperationRecord[]; readonly next?: number }
  }
  cancelOperation: { readonly args: { readonly id: string }; readonly value: OperationRecord }
  /** Figures of the shard for the operator's metrics. */
  metrics: { readonly args: Record<string, never>; readonly value: ShardMetrics }
  /** The type's sharding policy: the root object persists the first proposal and answers what it holds. */
  policy: { readonly args: { readonly proposal: ShardPolicy }; readonly value: PersistedPolicy }
  /** Marks a one-time code as used; false when it was used before. */
  useCode: { readonly args: { readonly tokenId: string; readonly expiresAtMs: number }; readonly value: boolean }
}

export interface ShardMetrics {
  /** `listed`, `deleted`, `bytes`, `accounts`, and work items as `work_<kind>`. */
  readonly states: Readonly<Record<string, number>>
  readonly workDue: number
  /** Age of the oldest row whose object does not yet hold what it should; 0 when there is none. */
  readonly oldestUnfinishedMs: number
  /** Since the object woke up: `reconciled`, `reconcile_failed`, `rate_limited`, `overloaded`. */
  readonly counters: Readonly<Record<string, number>>
}

/** The authority on where accounts are. An answer `moved` carries it: ask the shard that it names, once. */
export interface PersistedPolicy {
  readonly policy: ShardPolicy
  readonly epoch: number
  /** While accounts move: where those are that have not moved yet. */
  readonly previous?: ShardPolicy
  /** In an answer `moved`: the object that holds this very account now. */
  readonly object?: string
}

/** The row as stored, its unfinished work, and what the object answers (or why it does not). */
export interface Inspection {
  readonly record: ResourceRecord
  readonly row: Readonly<Record<string, string | number | null>>
  readonly work: readonly Readonly<Record<string, string | number | null>>[]
  readonly object: Held | { readonly kind: 'unreachable'; readonly reason: string }
}
