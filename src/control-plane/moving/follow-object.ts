// A catalog that thinks that an object is where it was: it came back from an older backup. The object knows better, and is believed.

import type { ObjectPlace } from '../../identity/cell.ts'
import { ResourceError } from '../../wire/errors.ts'
import { effectiveMode, readAccount } from '../accounts/account.ts'
import { findRow } from '../catalog.ts'
import { bumpDescriptor, scheduleWork } from '../descriptor.ts'
import { callObject, type Running } from '../object-call.ts'
import { endMoveOperation } from '../operations/operations.ts'
import type { CatalogRow } from '../row.ts'
import { isOneObject, isSame, leftPlace, movedPlace, placeOfRow } from './row-place.ts'

/**
 * @param seen version of what says where it is: where the row thought that it was is nothing above; and whether that is older, whatever its
 * version
 * @throws ResourceError `internal` for one that says that it went where it is
 */
export async function followObject(
  deps: Running,
  row: CatalogRow,
  to: ObjectPlace,
  seen: { readonly version: number; readonly isOlder?: true },
): Promise<void> {
  if (isOneObject(deps.cellTable, placeOfRow(row), to)) throw wentInACircle(row)
  // Of a data plane from an older backup: what it has gone back to says so, and would be followed to and fro for ever.
  if (row.place?.left.some((place) => isSame(place, to)) === true) {
    const { held } = await callObject(deps, row, 'describe', {}, { at: to })
    if (held.kind === 'moved' && isSame(held.moved.to, placeOfRow(row))) throw wentInACircle(row)
  }
  await deps.transact((sql) => {
    const current = findRow(sql, row.id)
    if (current === undefined || current.incarnation !== row.incarnation) return
    if (!isSame(placeOfRow(current), placeOfRow(row))) return
    // What was found there may be what a move has brought since.
    if (current.desiredVersion !== row.desiredVersion || current.moving?.operation !== row.moving?.operation)
      throw new ResourceError('not_ready', 'It has changed meanwhile.')
    if (current.moving !== undefined)
      endMoveOperation(deps, current.moving.operation, new ResourceError('not_ready', 'It had moved already.'))
    const there = movedPlace(current, to, { ...seen, version: Math.max(seen.version, current.desiredVersion) })
    const place = current.moving === undefined ? there : leftPlace({ ...current, place: there }, current.moving.to)
    // What a move that never was has written into the descriptor goes, too.
    const { mode } = current.descriptor
    const own = mode === 'deleted' ? mode : effectiveMode(current.ownMode, readAccount(sql, current.account))
    bumpDescriptor(deps, current, { mode: own }, { place, cell: to.cell, moving: undefined })
    if (current.phase === 'purging') scheduleWork(deps, row.id, 'purge')
  })
}

function wentInACircle({ id }: CatalogRow): ResourceError {
  return new ResourceError('internal', `The object of ${id} went in a circle.`)
}
