// The second half of a move, a step of the row: the resource is at its next place and opened there for reading; then the place before, and
// the one that its identifier names, learn where it went; only then may it be written to.

import { fault } from '../../object/fault.ts'
import { ResourceError } from '../../wire/errors.ts'
import { effectiveMode, readAccount } from '../accounts/account.ts'
import { takeReport } from '../accounts/metering.ts'
import { findRow } from '../catalog.ts'
import { bumpDescriptor } from '../descriptor.ts'
import { callObject, type Running } from '../object-call.ts'
import type { CatalogRow } from '../row.ts'
import { homeOf, isSame, placeOfRow, type RowMove } from './row-place.ts'

export async function handOver(deps: Running, row: CatalogRow, moving: RowMove): Promise<void> {
  const { id, incarnation, desiredVersion: version } = row
  const at = placeOfRow(row)
  const notAfterMs = deps.now() + deps.timers.applyDeadlineMs
  const opened = await callObject(deps, row, 'apply', { descriptor: row.descriptor, notAfterMs })
  if (opened.outcome === 'refused')
    throw new ResourceError('internal', `The object of ${id} in ${at.cell} refuses: ${opened.reason}.`)
  TEST_BUILD: await fault('moving.opened')
  // Who asks by the identifier must not go through all the places where it ever was.
  const home = homeOf(id)
  const places = [moving.from, ...(isSame(home, moving.from) ? [] : [home])].filter((place) => !isSame(place, at))
  let usage = { requests: 0, writes: 0 }
  for (const place of places) {
    const left = await callObject(deps, row, 'leave', { id, incarnation, version, to: at }, { at: place })
    if (left.outcome === 'refused')
      throw new ResourceError('internal', `The object of ${id} in ${place.cell} is newer than its row.`)
    usage = left.usage ?? usage
  }
  TEST_BUILD: await fault('moving.left')
  await deps.transact((sql) => {
    const current = findRow(sql, id)
    if (current?.moving?.phase !== 'handOver' || current.moving.operation !== moving.operation) return
    if (usage.requests + usage.writes > 0)
      takeReport(deps, { id, incarnation, usage: { bytes: current.usage?.bytes ?? 0, writeTimeMs: 0, ...usage } })
    const { mode } = current.descriptor
    const next = mode === 'deleted' ? mode : effectiveMode(current.ownMode, readAccount(sql, current.account))
    bumpDescriptor(deps, current, { mode: next }, { moving: undefined })
    deps.journal.event(current.account, 'moved', id, { from: moving.from.cell, to: at.cell })
  })
  TEST_BUILD: await fault('moving.ended')
}
