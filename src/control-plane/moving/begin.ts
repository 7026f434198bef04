// Moving a resource to another cell: what is asked, and what refuses it. The intent is one transaction; its operation (run.ts) does the rest.

import { jurisdictionLeft, placeInCell, placeOf, type ObjectPlace } from '../../identity/cell.ts'
import { fault } from '../../object/fault.ts'
import { MOVE_STEPS, type OperationRecord } from '../../wire/operation.ts'
import { ResourceError } from '../../wire/errors.ts'
import type { Caller, ControlMethods } from '../../wire/planes.ts'
import { liveRow, requireMatch } from '../change.ts'
import type { ControlDeps } from '../deps.ts'
import { bumpDescriptor } from '../descriptor.ts'
import { callObject, type Running } from '../object-call.ts'
import { beginOperation, ownedOperation, toPublic } from '../operations/operations.ts'
import type { CatalogRow } from '../row.ts'
import { isLaterCopy, laterCopyThere } from './later-copy.ts'
import { homeOf, isOneObject, placeOfRow, type RowMove } from './row-place.ts'

/**
 * Begins to move a live resource. Asked again while it is on its way there: the same operation.
 *
 * @throws ResourceError `invalid_request` for what cannot be moved there, `not_ready` while it is on its way elsewhere, `unavailable` when
 * the cell does not answer: then nothing has begun
 */
export async function move(
  deps: ControlDeps,
  caller: Caller,
  { id, cell, ifMatch }: ControlMethods['move']['args'],
): Promise<OperationRecord> {
  const asked = liveRow(deps.sql, id, caller.account)
  requireMatch(asked, ifMatch)
  if (asked.moving === undefined) {
    const to = requireReachable(deps, asked, cell)
    await askBoth({ ...deps, requestId: caller.requestId }, asked, to)
  }
  const operation = await deps.transact((sql) => {
    const row = liveRow(sql, id, caller.account)
    requireMatch(row, ifMatch)
    if (row.moving !== undefined) return operationTo(row.moving, cell)
    const to = requireReachable(deps, row, cell)
    const from = placeOfRow(row)
    const started = beginOperation(deps, {
      account: row.account,
      kind: 'move',
      total: MOVE_STEPS,
      subject: { resource: id, from: from.cell, to: to.cell },
    })
    bumpDescriptor(deps, row, {}, { moving: { operation: started, from, to, phase: 'copy', attempts: 0 } })
    deps.journal.audit(caller, 'move', id)
    return started
  })
  TEST_BUILD: await fault('moving.recorded')
  return toPublic(ownedOperation(deps.sql, operation, caller.account))
}

/**
 * Neither a cell that is down, or has a later copy, nor a content that cannot go must cost the time in which nobody can write.
 *
 * @throws ResourceError which of them it is; nothing has happened then, whether or not the question arrived
 */
async function askBoth(deps: Running, row: CatalogRow, to: ObjectPlace): Promise<void> {
  try {
    const { held } = await callObject(deps, row, 'describe', {}, { at: to })
    // Nothing is brought over what is open, and giving up would end it.
    if (held.kind === 'descriptor' && isLaterCopy(row, to, held)) throw laterCopyThere(row, to)
    await callObject(deps, row, 'describe', { isForCopy: true })
  } catch (thrown) {
    if (!(thrown instanceof ResourceError)) throw thrown
    throw new ResourceError(thrown.code, thrown.message, { ...thrown.data, applied: 'no' })
  }
}

function operationTo({ operation, to, phase }: RowMove, cell: string): string {
  if (to.cell === cell && phase !== 'undo') return operation
  throw new ResourceError('not_ready', 'This resource is just being moved: wait for that, or cancel it.', {
    retryAfterSeconds: 1,
    details: { operation },
  })
}

/** The place in that cell. @throws ResourceError `invalid_request` with the reason why it cannot be there */
function requireReachable(deps: ControlDeps, row: CatalogRow, cell: string): ObjectPlace {
  const { type, cellTable } = deps
  const [there, from] = [placeOf(cellTable, cell), placeOfRow(row)]
  const refuse = (reason: string): never => {
    throw new ResourceError('invalid_request', `${row.id} cannot be moved to the cell "${cell}": ${reason}`, {
      details: { type: type.name, cell },
    })
  }
  if (deps.ownedTypes.length > 0) return refuse('an account stays where it is.')
  // Identifiers that the platform gave out are valid in the namespace that made them.
  if (type.addressing === 'unique')
    return refuse(`the identifiers of ${type.plural} are the platform's own, and valid in one place.`)
  if (there === undefined) return refuse(`there is no such cell. Choose one of ${deps.cells.join(', ')}.`)
  if (from.cell === cell) return refuse('it is there already.')
  deps.requireCell(cell)
  const jurisdiction = jurisdictionLeft(placeOf(cellTable, from.cell), there)
  if (jurisdiction !== undefined)
    return refuse(`it is in the jurisdiction "${jurisdiction}", which that cell is not in.`)
  const to = placeInCell(cellTable, homeOf(row.id).cell, cell)
  return isOneObject(cellTable, to, from) ? refuse('it is there already.') : to
}
