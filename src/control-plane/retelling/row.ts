// One resource whose object may have come back from a backup, older than its row. Everything that is said to it is ordered by incarnation
// and version, so it is safe to say it again. Nothing is ever made anew: what is not there is named, and stays as it is.

import type { ObjectPlace } from '../../identity/cell.ts'
import { cellOfControlObject } from '../../identity/object-name.ts'
import { fault } from '../../object/fault.ts'
import type { Held } from '../../wire/descriptor.ts'
import { ResourceError } from '../../wire/errors.ts'
import type { DataMethod, DataMethods } from '../../wire/planes.ts'
import { findRow } from '../catalog.ts'
import { followObject } from '../moving/follow-object.ts'
import { incarnationOf, isLaterCopy, laterCopyThere, leftOf, versionOf } from '../moving/later-copy.ts'
import { homeOf, isOneObject, isSame, otherPlaces, placeOfRow } from '../moving/row-place.ts'
import { callObject, type Running } from '../object-call.ts'
import { isNeverFilled, isRestorable, type CatalogRow } from '../row.ts'

export type Telling = Running & {
  /** Whether a place is in what came back. */
  readonly isThere: (place: ObjectPlace) => boolean
  /** Of each call. */
  readonly deadlineMs: number
  /** Called when an object in what came back has answered, and when nobody has. */
  readonly onAnswer: () => void
  readonly onSilence: (id: string) => void
}

/** `elsewhere`: nothing of it is in what came back. `agreed`: it knew, or whoever brings it to its end tells it. `missing`: it has no content. */
export type Fate = 'elsewhere' | 'agreed' | 'told' | 'missing'

/** @throws ResourceError when it cannot be told now */
export async function retellRow(deps: Telling, row: CatalogRow): Promise<Fate> {
  const places = [placeOfRow(row), ...otherPlaces(row, deps.cellTable)]
  if (!places.some((place) => deps.isThere(place))) return 'elsewhere'
  const isEnding = row.descriptor.mode === 'deleted' && !isRestorable(row) && row.phase !== 'purged'
  if (row.awaiting !== null || row.phase === 'creating') return 'agreed'
  if (isEnding) return close(deps, row, places)
  if (row.phase === 'purged') return bury(deps, row, places)
  if (row.moving !== undefined) throw new ResourceError('not_ready', 'It is just being moved.')
  return tell(deps, row)
}

/** What ends may have to wait for another cell; meanwhile nothing of it is served from what came back. */
async function close(deps: Telling, row: CatalogRow, places: readonly ObjectPlace[]): Promise<Fate> {
  // What is there instead of a part of the import is another account's.
  if (isNeverFilled(row)) return 'agreed'
  let isNews = false
  for (const place of places.filter(deps.isThere)) {
    const { held } = await ask(deps, row, place, 'describe', {})
    if (held.kind !== 'descriptor' || held.descriptor.incarnation !== row.incarnation) continue
    if (held.descriptor.version >= row.desiredVersion) continue
    await ask(deps, row, place, 'apply', { descriptor: row.descriptor, notAfterMs: 0 })
    isNews = true
  }
  return isNews ? 'told' : 'agreed'
}

async function tell(deps: Telling, row: CatalogRow): Promise<Fate> {
  const at = placeOfRow(row)
  const held = await look(deps, row, at)
  const known = versionOf(held, row)
  const isStale = known === undefined || known < row.desiredVersion
  let isNews = false
  if (isStale || deps.isThere(at)) {
    const newer = await findNewer(deps, row, held)
    if (newer !== undefined) return follow(deps, row, newer)
  }
  if (isStale) {
    if (known === undefined) return missing(deps, row, held)
    if (deps.isThere(at)) {
      const { outcome } = await ask(deps, row, at, 'apply', { descriptor: row.descriptor, notAfterMs: 0 })
      if (outcome === 'refused') throw new ResourceError('internal', 'Its object refuses what it is to know.')
      isNews = true
    }
  }
  let later: ObjectPlace | undefined
  for (const place of otherPlaces(row, deps.cellTable).filter(deps.isThere)) {
    const there = await look(deps, row, place)
    if (isLaterCopy(row, place, there)) later = place
    else if (await sendOn(deps, row, place, there)) isNews = true
  }
  if (later !== undefined) throw laterCopyThere(row, later)
  return isNews ? 'told' : 'agreed'
}

/** Of several cells that came back, another one has what is newer: the whole of it counts, wherever the row thought that it was. */
async function follow(deps: Telling, row: CatalogRow, { at: to, ...seen }: Copy): Promise<Fate> {
  await followObject(deps, row, to, seen)
  const next = findRow(deps.sql, row.id)
  if (next?.incarnation === row.incarnation && isSame(placeOfRow(next), to)) await tell(deps, next)
  return 'told'
}

/** No resource has moved so often since a backup. */
const MAX_PLACES = 20

interface Copy {
  readonly at: ObjectPlace
  readonly version: number
  /** What is where the row thinks that it is. */
  readonly isOlder?: true
}

/**
 * The other place with the newest content of all, if that is newer than what is where the row thinks that it is: one that the row knows, or
 * that an object knows. If the catalog came back, too, the row's versions say little, as it has counted anew since; but what came to a place
 * after the resource had left it is newer than all that came back.
 */
async function findNewer(deps: Telling, row: CatalogRow, held: Held): Promise<Copy | undefined> {
  const own = versionOf(held, row) ?? 0
  let found: Copy | undefined
  const places = [placeOfRow(row), ...otherPlaces(row, deps.cellTable)]
  const isBack = deps.isThere(placeOfRow(row))
  // Only of a catalog that came back itself there can be copies that it does not know of: else nobody waits for a cell that is dead.
  const isCatalogBack = deps.isThere({ cell: cellOfControlObject(deps.type.name, deps.objectName, deps.rootCell) })
  const isComplete = own >= row.desiredVersion && !isCatalogBack
  addNext(deps, places, row, held)
  for (let index = 1; index < Math.min(places.length, MAX_PLACES); index++) {
    const place = places[index] as ObjectPlace
    const there = await look(deps, row, place).catch((error: unknown) => {
      if (isComplete && isAway(error)) return undefined
      throw error
    })
    if (there === undefined) continue
    addNext(deps, places, row, there)
    const version = versionOf(there, row) ?? 0
    const left = leftOf(row, place)
    if (own > 0 && left?.isOlder === true) continue
    const isLater = isBack && left !== undefined && isLaterCopy(row, place, there)
    if (version > (found?.version ?? 0) && (isLater || version > own))
      found = { at: place, version, ...(isLater ? { isOlder: true } : {}) }
  }
  return found
}

function isAway(error: unknown): boolean {
  return error instanceof ResourceError && (error.code === 'unavailable' || error.code === 'deadline_exceeded')
}

/** Where an object says that the resource went. */
function addNext({ cellTable }: Telling, places: ObjectPlace[], { incarnation }: CatalogRow, held: Held): void {
  if (held.kind !== 'moved' || held.moved.incarnation !== incarnation) return
  const { to } = held.moved
  if (!places.some((place) => isOneObject(cellTable, place, to))) places.push(to)
}

/** It was made there, or came there, after the backup. What else is there goes, so that nobody takes it for the resource. */
async function missing(deps: Telling, row: CatalogRow, held: Held): Promise<Fate> {
  const at = placeOfRow(row)
  if (!deps.isThere(at)) return 'missing'
  // It leads to where nothing is, and from there perhaps back.
  if (held.kind === 'moved') await ask(deps, row, at, 'forget', { incarnation: held.moved.incarnation, isMarker: true })
  // Of the resource that had this identifier before.
  if (held.kind === 'descriptor' && held.descriptor.incarnation < row.incarnation) {
    const { incarnation, version } = held.descriptor
    await ask(deps, row, at, 'purge', { id: row.id, incarnation, version })
  }
  return 'missing'
}

/** Where it was, what knows where it is. Called only when it has been seen there. @returns whether that was news */
async function sendOn(deps: Telling, row: CatalogRow, place: ObjectPlace, held: Held): Promise<boolean> {
  const { id, incarnation, desiredVersion: version } = row
  const to = placeOfRow(row)
  if (held.kind === 'moved' && held.moved.incarnation === incarnation && isSame(held.moved.to, to)) return false
  if (held.kind === 'tombstone') {
    if (held.tombstone.incarnation === incarnation) return false
    await ask(deps, row, place, 'forget', { incarnation: held.tombstone.incarnation })
  }
  const { outcome } = await ask(deps, row, place, 'leave', { id, incarnation, version, to })
  if (outcome === 'refused') throw newerThanItsRow()
  TEST_BUILD: await fault('retell.left')
  return true
}

/** What was purged is purged again wherever something of it is, under its tombstone. */
async function bury(deps: Telling, row: CatalogRow, places: readonly ObjectPlace[]): Promise<Fate> {
  const { id, incarnation, desiredVersion: version, account } = row
  const home = homeOf(id)
  // What is there instead of a part of the import is another account's.
  const purge = { id, incarnation, version, isMarker: true, ...(isNeverFilled(row) ? { onlyOf: account } : {}) }
  let isNews = false
  for (const place of places.filter(deps.isThere)) {
    const isHome = isOneObject(deps.cellTable, place, home)
    const { held } = await ask(deps, row, place, 'describe', {})
    const isLater = incarnationOf(held) > incarnation
    if (isLater || (held.kind === 'nothing' ? !isHome : incarnationOf(held) === incarnation && isEnd(held, isHome)))
      continue
    const { outcome } = await ask(deps, row, place, 'purge', { ...purge, ...(isHome ? {} : { to: home }) })
    if (outcome === 'purged') isNews = true
  }
  return isNews ? 'told' : 'agreed'

  function isEnd(held: Held, isHome: boolean): boolean {
    return held.kind === 'tombstone' || (!isHome && held.kind === 'moved' && isSame(held.moved.to, home))
  }
}

/** @throws ResourceError for what belongs to a later creation than the row's */
async function look(deps: Telling, row: CatalogRow, place: ObjectPlace): Promise<Held> {
  const { held } = await ask(deps, row, place, 'describe', {})
  if (incarnationOf(held) > row.incarnation) throw newerThanItsRow()
  return held
}

function newerThanItsRow(): ResourceError {
  return new ResourceError('internal', 'Its object is newer than its row.')
}

async function ask<M extends DataMethod>(
  deps: Telling,
  row: CatalogRow,
  at: ObjectPlace,
  method: M,
  args: DataMethods[M]['args'],
): Promise<DataMethods[M]['value']> {
  try {
    const answer = await callObject(deps, row, method, args, { at, deadlineMs: deps.deadlineMs })
    if (deps.isThere(at)) deps.onAnswer()
    return answer
  } catch (error) {
    if (error instanceof ResourceError && error.code === 'unavailable' && deps.isThere(at)) deps.onSilence(row.id)
    throw error
  }
}
