// A move whose copy is not at the next place after all: that cell has come back from an older backup, or something there has damaged it. Until
// the place before has let go nobody has written to the copy, so what that place has is the resource.

import { fault } from '../../object/fault.ts'
import { ResourceError } from '../../wire/errors.ts'
import { findRow } from '../catalog.ts'
import { callObject, type Running } from '../object-call.ts'
import { findOperation, finishOperation } from '../operations/operations.ts'
import type { CatalogRow } from '../row.ts'
import { followObject } from './follow-object.ts'
import { isSame, movedPlace, placeOfRow, type RowMove } from './row-place.ts'
import { giveUpMove } from './undo.ts'

/**
 * The step of the row instead of handing it over: it is where it was, and the move has failed.
 *
 * @throws ResourceError `internal` when neither place has it. The operation says so; the row is tried again, since a cell may come back from a
 * backup
 */
export async function flipBack(deps: Running, row: CatalogRow, moving: RowMove): Promise<void> {
  const { id, incarnation } = row
  const [at, before] = [placeOfRow(row), moving.from]
  const { held } = await callObject(deps, row, 'describe', {}, { at: before })
  const isThere = held.kind === 'descriptor' && held.descriptor.incarnation === incarnation
  if (held.kind === 'moved' && held.moved.incarnation === incarnation && !isSame(held.moved.to, at))
    return followObject(deps, row, held.moved.to, { version: held.moved.version })
  const error = isThere
    ? new ResourceError('unavailable', `${at.cell} has lost the copy: the resource is in ${before.cell}, as it was.`)
    : new ResourceError('internal', `Neither ${at.cell} nor ${before.cell} has ${id}: restore one of them.`)
  await deps.transact((sql) => {
    const current = findRow(sql, id)
    if (current?.moving?.phase !== 'handOver' || current.moving.operation !== moving.operation) return
    const operation = findOperation(sql, moving.operation)
    if (operation !== undefined) finishOperation(deps, operation, { done: 0 }, error)
    if (isThere) giveUpMove(deps, { ...current, place: movedPlace(current, before), cell: before.cell }, current.moving)
  })
  TEST_BUILD: await fault('moving.back')
  if (!isThere) throw error
}
