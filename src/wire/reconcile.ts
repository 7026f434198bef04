// How what a cell holds is made to agree with a catalog that is newer: the cell came back from a backup. Driven by the root object of each
// type, which asks every shard for its rows, page by page.

import type { OperationRecord } from './operation.ts'

/** Why an object could not be told. */
export interface Untold {
  readonly id: string
  readonly reason: string
}

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
