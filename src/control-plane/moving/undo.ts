// Giving a move up while the resource is still where it was: it may be written to again at once, and what its next place has of it goes,
// whenever that place can be reached.

import { fault } from '../../object/fault.ts'
import { ResourceError } from '../../wire/errors.ts'
import { MOVE_FLIPPED, type OperationRecord } from '../../wire/operation.ts'
import { effectiveMode, readAccount } from '../accounts/account.ts'
import { findRow, updateRow } from '../catalog.ts'
import type { ControlDeps } from '../deps.ts'
import { bumpDescriptor, scheduleWork } from '../descriptor.ts'
import { callObject, type Running } from '../object-call.ts'
import { waitForTimer } from '../retention.ts'
import type { CatalogRow } from '../row.ts'
import { dropWork } from '../work.ts'
import { isLaterCopy } from './later-copy.ts'
import { isOneObject, leftPlace, placeOfRow, type RowMove } from './row-place.ts'

/** Part of the caller's transaction, which also ends the operation. */
export function giveUpMove(deps: ControlDeps, row: CatalogRow, moving: RowMove): CatalogRow {
  const { mode: now } = row.descriptor
  const mode = now === 'deleted' ? now : effectiveMode(row.ownMode, readAccount(deps.sql, row.account))
  return bumpDescriptor(deps, row, { mode }, { moving: { ...moving, phase: 'undo' } })
}

/**
 * Ends a move because its operation was cancelled. Part of that transaction.
 *
 * @throws ResourceError `invalid_request` for one that has come to its next place, wherever the resource is by now
 */
export function cancelMove(deps: ControlDeps, { id: operation, done, subject }: OperationRecord): void {
  if (done >= MOVE_FLIPPED)
    throw new ResourceError('invalid_request', 'It is in the other cell already: move it back instead.')
  const row = findRow(deps.sql, String(subject['resource']))
  if (row?.moving?.operation === operation && row.moving.phase === 'copy') giveUpMove(deps, row, row.moving)
}

/** The step of the row: the next place forgets the content, and remembers where the resource is. */
export async function undo(deps: Running, row: CatalogRow, { to }: RowMove): Promise<void> {
  const { id, incarnation, desiredVersion: version } = row
  const args = { id, incarnation, version, to: placeOfRow(row) }
  const before = await callObject(deps, row, 'describe', {}, { at: to })
  // What this move has brought is not open.
  const isLater = before.held.kind === 'descriptor' && isLaterCopy(row, to, before.held)
  if (!isLater && !isOneObject(deps.cellTable, to, placeOfRow(row))) {
    const { outcome, held } = await callObject(deps, row, 'leave', args, { at: to })
    if (outcome === 'refused' && held.kind !== 'tombstone')
      throw new ResourceError('internal', `The object of ${id} in ${to.cell} is newer than its row.`)
  }
  TEST_BUILD: await fault('moving.undone')
  await deps.transact((sql) => {
    const current = findRow(sql, id)
    if (current?.moving?.phase !== 'undo' || current.incarnation !== incarnation) return
    // What stays there is later than anything: reconciling names it.
    const place = isLater ? leftPlace(current, to, 0) : leftPlace(current, to)
    const next = { ...current, place, moving: undefined }
    updateRow(sql, next)
    // Another change may have come meanwhile, whose item has the same key.
    if (next.appliedVersion < next.desiredVersion) return scheduleWork(deps, id, 'apply')
    dropWork(sql, id)
    waitForTimer(deps, next)
  })
}
