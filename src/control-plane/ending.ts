// The end of a resource: its content goes wherever something of it is, then the tombstones.

import type { ObjectPlace } from '../identity/cell.ts'
import { fault } from '../object/fault.ts'
import { ResourceError } from '../wire/errors.ts'
import type { DataMethods } from '../wire/planes.ts'
import { requireEmpty } from './accounts/cascade.ts'
import { releaseBytes, takeBytes } from './accounts/metering.ts'
import { deleteRow, findRow, updateRow } from './catalog.ts'
import { FIRST_GENERATION, scheduleWork } from './descriptor.ts'
import { dropLabels } from './labels.ts'
import { observeTime } from './meta.ts'
import { followObject } from './moving/follow-object.ts'
import { homeOf, isOneObject, isSame, otherPlaces, placeOfRow } from './moving/row-place.ts'
import { callObject, type Running } from './object-call.ts'
import { waitForTimer } from './retention.ts'
import { isGivenUpImport, isNeverFilled, type CatalogRow } from './row.ts'
import { dropWork } from './work.ts'

export async function purge(deps: Running, row: CatalogRow): Promise<void> {
  TEST_BUILD: await fault('advance.purge.begin')
  const { id, incarnation, desiredVersion: version } = row
  await requireEmpty(deps, row)
  const [at, home] = [placeOfRow(row), homeOf(id)]
  const others = otherPlaces(row, deps.cellTable)
  const isHome = (place: ObjectPlace): boolean => isOneObject(deps.cellTable, place, home)
  const isUnfilled = isNeverFilled(row)
  const args = { id, incarnation, version, ...(isUnfilled ? { onlyOf: row.account } : {}) }
  // Who asks by the identifier is told of its end here, and is sent here from wherever else it ever was.
  if (!isHome(at)) await purgeAt(home, { ...args, isMarker: true })
  // By another code of its home its own marker of before may be there.
  const end = isHome(at) ? { ...args, isMarker: true } : { ...args, to: home }
  const { outcome, held } = await purgeAt(at, isSame(at, home) ? args : end)
  TEST_BUILD: await fault('advance.purge.answered')
  const moved = held.kind === 'moved' && held.moved.incarnation === incarnation ? held.moved : undefined
  // What is there instead of a part of the import is another account's.
  const isWiped = isUnfilled || outcome === 'purged' || (moved !== undefined && isHome(moved.to))
  if (!isWiped && moved !== undefined) return followObject(deps, row, moved.to, { version: moved.version })
  if (!isWiped) throw new ResourceError('internal', `The object of ${id} holds another incarnation.`)
  for (const place of others) if (!isHome(place)) await purgeAt(place, { ...args, isMarker: true, to: home })
  await deps.transact(() => {
    const current = findRow(deps.sql, id)
    if (current?.incarnation !== incarnation || current.phase !== 'purging') return
    const { tombstoneRetentionMs, applyDeadlineMs } = deps.timers
    // No token was ever minted for what never came to be, unless there was one before it: its tombstone only has to outlive the creation's
    // own late calls. An import's generation says nothing: those before it were another deployment's, whose tokens are none here.
    const isFirst = row.archive === null && row.descriptor.generation === FIRST_GENERATION
    const isNeverSeen = isGivenUpImport(row) || (row.failure !== undefined && isFirst)
    const retentionMs = !isNeverSeen ? tombstoneRetentionMs : Math.min(2 * applyDeadlineMs, tombstoneRetentionMs)
    const clockDue = observeTime(deps.sql, deps.now()) + retentionMs
    const place = others.length === 0 ? current.place : { at, left: others }
    const next: CatalogRow = {
      ...current,
      phase: 'purged',
      appliedVersion: version,
      clockDue,
      place,
      moving: undefined,
    }
    updateRow(deps.sql, next)
    dropLabels(deps.sql, current)
    releaseBytes(deps, current)
    deps.journal.event(current.account, 'purged', id)
    waitForTimer(deps, next)
  })
  TEST_BUILD: await fault('advance.purge.marked')

  function purgeAt(place: ObjectPlace, asked: DataMethods['purge']['args']): Promise<DataMethods['purge']['value']> {
    return callObject(deps, row, 'purge', asked, { at: place })
  }
}

export async function forget(deps: Running, row: CatalogRow): Promise<void> {
  TEST_BUILD: await fault('advance.forget.begin')
  const { incarnation } = row
  const outcomes: string[] = []
  const home = homeOf(row.id)
  for (const at of [placeOfRow(row), ...otherPlaces(row, deps.cellTable)]) {
    const args = isOneObject(deps.cellTable, at, home) ? { incarnation } : { incarnation, isMarker: true }
    outcomes.push((await callObject(deps, row, 'forget', args, { at })).outcome)
  }
  TEST_BUILD: await fault('advance.forget.answered')
  await deps.transact(() => {
    // Its identifier may have been taken by one of the same name meanwhile.
    if (findRow(deps.sql, row.id)?.incarnation !== incarnation) return
    if (outcomes.includes('refused') && !isNeverFilled(row)) {
      // Its content is back: the data directory came from an older backup than the catalog. It is purged again.
      updateRow(deps.sql, { ...row, phase: 'purging', clockDue: null })
      takeBytes(deps, row)
      return scheduleWork(deps, row.id, 'purge')
    }
    deleteRow(deps.sql, row.id)
    dropWork(deps.sql, row.id)
  })
  TEST_BUILD: await fault('advance.forget.marked')
}
