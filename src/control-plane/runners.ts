// Work that is not one resource's next step: each kind, and the module that carries it.

import type { OperationKind } from '../wire/operation.ts'
import { runBulkCreate, runPurgeDeleted } from './operations/bulk.ts'
import { runCascade } from './accounts/cascade.ts'
import type { ControlDeps } from './deps.ts'
import { runHold } from './accounts/hold.ts'
import { runMove } from './moving/run.ts'
import { operationOf, type StoredOperation } from './operations/operations.ts'
import { runReconcile } from './retelling/reconcile.ts'
import { runMoves } from './sharding/move.ts'
import { runReshard } from './sharding/reshard.ts'
import { runTransfer } from './accounts/transfer.ts'
import type { WorkItem } from './work.ts'

/**
 * Does a bounded part of the work: two calls at most, or a hundred rows. What is left it puts into the table again, under the same
 * key and with another due time; an item that it leaves as it is was the last.
 */
export type Runner = (deps: ControlDeps, item: WorkItem) => Promise<void>

export const RUNNERS: Partial<Record<WorkItem['kind'], Runner>> = {
  hold: runHold,
  operation: runOperation,
  transfer: runTransfer,
  move: runMoves,
}

const OPERATIONS: Readonly<Record<OperationKind, (deps: ControlDeps, operation: StoredOperation) => Promise<void>>> = {
  bulk_create: runBulkCreate,
  purge_deleted: runPurgeDeleted,
  account_update: runCascade,
  account_purge: runCascade,
  reshard: runReshard,
  move: runMove,
  reconcile: runReconcile,
}

async function runOperation(deps: ControlDeps, item: WorkItem): Promise<void> {
  const operation = operationOf(deps.sql, item.key)
  if (operation?.state === 'running') await OPERATIONS[operation.kind](deps, operation)
}
