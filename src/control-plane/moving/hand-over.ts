// The second half of a move, a step of the row: the resource is at its next place and opened there for reading; then the place before, and
// the one that its identifier names, learn where it went; only then may it be written to.

import { fault } from '../../object/fault.ts'
import { ResourceError } from '../../wire/errors.ts'
import { effectiveMode, readAccount } from '../accounts/account.ts'
import { takeReport } from '../accounts/metering.ts'
import { findRow } from '../catalog.ts'
import type { ControlDeps } from '../deps.ts'
import { bumpDescriptor } from '../descriptor.ts'
import { callObject, type Running } from '../object-call.ts'
import { isRestorable, type CatalogRow } from '../row.ts'
import { flipBack } from './flip-back.ts'
import { followObject } from './follow-object.ts'
import { hasLaterCopy, incarnationOf, versionOf } from './later-copy.ts'
import { homeOf, isOneObject, isSame, placeOfRow, type RowMove } from './row-place.ts'

export async function handOver(deps: Running, row: CatalogRow, moving: RowMove): Promise<void> {
  const { id, incarnation, desiredVersion: version } = row
  const at = placeOfRow(row)
  // A deletion is stored over whatever is there; of what can be restored the whole must be there.
  if (isRestorable(row) && !(await hasCopy(deps, row))) return flipBack(deps, row, moving)
  // Opens what is there, and creates nothing: if the copy is lost, what the place before has is all that there is.
  const { outcome, held } = await callObject(deps, row, 'apply', { descriptor: row.descriptor, notAfterMs: 0 })
  // Of a catalog from an older backup: it has gone on since, or come to its end.
  if (held.kind === 'moved' && held.moved.incarnation === incarnation)
    return followObject(deps, row, held.moved.to, { version: held.moved.version })
  if (held.kind === 'tombstone' && outcome === 'refused') return endMove(deps, id, moving)
  const isAtItsEnd = row.descriptor.mode === 'deleted' && !isRestorable(row)
  const isThere = held.kind === 'descriptor' && held.descriptor.incarnation === incarnation
  if (!isThere && !isAtItsEnd) return flipBack(deps, row, moving)
  TEST_BUILD: await fault('moving.opened')
  // Who asks by the identifier must not go through all the places where it ever was.
  const home = homeOf(id)
  const before = [moving.from, ...(isSame(home, moving.from) ? [] : [home])]
  const places = before.filter((place) => !isOneObject(deps.cellTable, place, at))
  let usage = { requests: 0, writes: 0 }
  for (const place of places) {
    if (await hasLaterCopy(deps, row, place)) continue
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

async function hasCopy(deps: Running, row: CatalogRow): Promise<boolean> {
  const { held } = await callObject(deps, row, 'describe', {})
  const isEnd = held.kind === 'moved' || held.kind === 'tombstone'
  return isEnd ? incarnationOf(held) === row.incarnation : versionOf(held, row) !== undefined
}

/** What its object says decides: the row's next step sees it. */
async function endMove(deps: ControlDeps, id: string, { operation }: RowMove): Promise<void> {
  await deps.transact((sql) => {
    const current = findRow(sql, id)
    if (current?.moving?.operation === operation) bumpDescriptor(deps, current, {}, { moving: undefined })
  })
}
