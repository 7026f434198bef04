// Work that is not one resource's next step: each kind, and the module that carries it.

import type { ControlDeps } from './deps.ts'
import { runMoves } from './sharding/move.ts'
import { operationOf } from './sharding/operation-row.ts'
import { runReshard } from './sharding/reshard.ts'
import type { WorkItem } from './work.ts'

/**
 * Does a bounded part of the work: two calls at most, or a hundred rows. What is left it puts into the table again, under the same
 * key and with another due time; an item that it leaves as it is was the last.
 */
export type Runner = (deps: ControlDeps, item: WorkItem) => Promise<void>

export const RUNNERS: Partial<Record<WorkItem['kind'], Runner>> = { move: runMoves, operation: runOperation }

async function runOperation(deps: ControlDeps, item: WorkItem): Promise<void> {
  const operation = operationOf(deps.sql, item.key)
  if (operation?.state === 'running') await runReshard(deps, item, operation)
}
