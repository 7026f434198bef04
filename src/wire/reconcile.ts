// How what a cell holds is made to agree with a catalog that is newer: the cell came back from a backup. Driven by the root object of each
// type, which asks every shard for its rows, page by page.

import type { OperationJson, OperationRecord } from './operation.ts'

/** Why an object could not be told. */
export interface Untold {
  readonly id: string
  readonly reason: string
}

/**
 * What the engine of a cell that came back asks its own edge, signed as a call between cells: no sign-in of a builder has a say in it, and who
 * can sign could do all of it anyway. The answer: {@link ReconcileAnswer}.
 */
export interface ReconcileCall {
  readonly cell: string
  readonly type: string
  /** The one that it was told before; absent: it is to begin. */
  readonly operation?: string
  readonly requestId: string
}

export interface ReconcileAnswer {
  /** Absent: there are no rows of the type, and so nothing to tell. */
  readonly operation?: OperationJson
}

/** In a refusal of a control plane that does not have the type: its cell runs an earlier release of the application. */
export const UNKNOWN_TYPE_DETAIL = 'unknown_type'

export interface ReconcileMethods {
  /** To the root object, by the operator: what is in this cell is told again what it must know. */
  reconcile: { readonly args: { readonly cell: string }; readonly value: OperationRecord }
  /** From the root object to each shard: the next of its rows, in the order of their identifiers. Idempotent. */
  retell: {
    readonly args: {
      readonly cell: string
      /** '' = from the beginning. */
      readonly after: string
    }
    readonly value: {
      /** Rows that were looked at. */
      readonly rows: number
      /** All that there are, bounded; with the first page only. */
      readonly total?: number
      /** Objects that did not know. */
      readonly told: number
      /** Resources whose content is nowhere. */
      readonly missing: readonly string[]
      readonly untold: readonly Untold[]
      /** Nobody in the cell answered. */
      readonly isAway: boolean
      /** Absent at the end. */
      readonly next?: string
    }
  }
}
