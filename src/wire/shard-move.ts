// How an account goes from one control plane object to another: pushed by the object that holds it, page by page. At any moment exactly one
// of the two takes changes, and at least one answers reads.

import type { ShardPolicy } from '../identity/shard.ts'
import type { OperationRecord } from './operation.ts'

/** Rows of one table, as they are stored: column -> value. */
export interface MovedRows {
  readonly table: string
  readonly rows: readonly Readonly<Record<string, string | number | null>>[]
}

/** Counters of the sending shard, above which the receiving one goes on. */
export interface ShardCounters {
  readonly incarnation: number
  readonly createTime: number
  /** Shard time of the sender: due times of timers are relative to it. */
  readonly clockMs: number
  /** Last position of audit log and events. */
  readonly journalSeq?: number
}

export interface ShardMoveMethods {
  /** To the root object, by the operator: another policy from now on. Accounts then move one by one. */
  reshard: { readonly args: { readonly policy: ShardPolicy }; readonly value: OperationRecord }
  /**
   * From the root object to each shard of the policy before: move what no longer belongs there; answers how much of it is done. All is
   * done once `done` equals `total`: the shard then takes no account any more that belongs elsewhere.
   */
  moveOut: {
    readonly args: {
      readonly policy: ShardPolicy
      readonly previous: ShardPolicy
      readonly epoch: number
      /** Asked by the shard where this account belongs: is it still here? Answers for this one alone. */
      readonly account?: string
    }
    readonly value: { readonly total: number; readonly done: number }
  }
  /**
   * From the shard that holds the account. `rows`: a page of it, again and again; `seal`: the last one, answer reads from now on;
   * `adopt`: take changes, too. Idempotent by (account, epoch).
   */
  receiveAccount: {
    readonly args: {
      readonly account: string
      readonly epoch: number
      readonly from: string
      readonly step: 'rows' | 'seal' | 'adopt'
      readonly tables?: readonly MovedRows[]
      readonly counters?: ShardCounters
    }
    readonly value: { readonly step: 'rows' | 'seal' | 'adopt' }
  }
  /** One resource that another account of another shard was given. Refused as a creation would be; idempotent by identifier. */
  receiveResource: {
    readonly args: {
      readonly row: Readonly<Record<string, string | number | null>>
      readonly counters: ShardCounters
      readonly limits: { readonly resources?: number }
    }
    readonly value: boolean
  }
}
