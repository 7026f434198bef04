// Long work that a client starts and then watches. The inside form, and the JSON that the API shows.

import type { ErrorCode } from './errors.ts'

/**
 * - `bulk_create`: up to 1,000 resources at once
 * - `purge_deleted`: ends the time in which an account's deleted resources can be restored
 * - `account_update`: an account's mode or limits reach all of its resources (suspended, resumed, deleted, restored)
 * - `account_purge`: the same at the end of a deleted account: all of its resources go, then it
 * - `reshard`: accounts move to where another policy puts them
 * - `move`: a resource moves to another cell
 * - `reconcile`: what is in a cell that came back from a backup is told what has happened since
 */
export type OperationKind =
  | 'bulk_create'
  | 'purge_deleted'
  | 'account_update'
  | 'account_purge'
  | 'reshard'
  | 'move'
  | 'reconcile'
export type OperationState = 'running' | 'succeeded' | 'failed' | 'cancelled'

/** Operations that can be ended half way without leaving anything half done. */
export const CANCELLABLE: ReadonlySet<OperationKind> = new Set(['bulk_create', 'purge_deleted', 'move', 'reconcile'])

/** Of a move: nothing may change, it is in the other cell, it may change again. */
export const MOVE_STEPS = 3
/** From this one on it goes on to its end. */
export const MOVE_FLIPPED = 2

/** The inside form. Times are milliseconds since 1970. */
export interface OperationRecord {
  readonly id: string
  readonly kind: OperationKind
  readonly type: string
  readonly account: string
  readonly state: OperationState
  /** Units of work: resources, accounts of `reshard`, steps of `move`, rows of the catalog of `reconcile`. */
  readonly total: number
  readonly done: number
  /** Of `done`, those that were refused. */
  readonly failed: number
  readonly error?: { readonly code: ErrorCode; readonly message: string }
  /** What the operation is about, such as the account, or the identifiers of what is being created. */
  readonly subject: Readonly<Record<string, unknown>>
  readonly createTimeMs: number
  readonly updateTimeMs: number
}

export interface OperationJson {
  readonly id: string
  readonly kind: OperationKind
  readonly type: string
  readonly account: string
  readonly state: OperationState
  readonly progress: { readonly total: number; readonly done: number; readonly failed: number }
  readonly error?: { readonly code: ErrorCode; readonly message: string }
  readonly cancellable: boolean
  readonly subject: Readonly<Record<string, unknown>>
  readonly create_time: string
  readonly update_time: string
}

export function toOperationJson(operation: OperationRecord): OperationJson {
  const { id, kind, type, account, state, total, done, failed, error, subject } = operation
  return {
    id,
    kind,
    type,
    account,
    state,
    progress: { total, done, failed },
    ...(error === undefined ? {} : { error }),
    cancellable: state === 'running' && CANCELLABLE.has(kind) && !(kind === 'move' && done >= MOVE_FLIPPED),
    subject,
    create_time: new Date(operation.createTimeMs).toISOString(),
    update_time: new Date(operation.updateTimeMs).toISOString(),
  }
}
