// Where a row's object is, and was. Nothing is kept for one that never moved: its identifier says it.

import { placeOf, type CellTable, type ObjectPlace } from '../../identity/cell.ts'
import { parseResourceId } from '../../identity/resource-id.ts'
import type { Descriptor } from '../../wire/descriptor.ts'
import { formatPlace } from '../../wire/hop.ts'

export interface RowPlace {
  readonly at: ObjectPlace
  /** Where objects know where it went, or hold a copy that never was opened: they end with the resource. */
  readonly left: readonly LeftPlace[]
}

export interface LeftPlace extends ObjectPlace {
  /** The row's when the resource left it: nothing there is above, but what came later (later-copy.ts). Of the release before, absent. */
  readonly version?: number
  /** What is there is older than what was found later, though its version may be higher. */
  readonly isOlder?: true
}

/**
 * A move that is under way.
 *
 * - `copy`: it is where it was, and changes nothing. Driven by its operation, which can be given up until here.
 * - `handOver`: it is at its next place, and the one before is yet to know. A step of the row, which goes on to its end.
 * - `undo`: it was given up, and what the next place has of it is yet to go. A step of the row.
 */
export interface RowMove {
  readonly operation: string
  readonly from: ObjectPlace
  readonly to: ObjectPlace
  readonly phase: 'copy' | 'handOver' | 'undo'
  /** Attempts to copy it that have begun. Of a move that the release before has begun, absent. */
  readonly attempts?: number
}

interface Placed {
  readonly id: string
  readonly place?: RowPlace | undefined
}

type Versioned = Placed & { readonly desiredVersion: number }

/** @throws TypeError for what is no identifier */
export function homeOf(id: string): ObjectPlace {
  const home = parseResourceId(id)
  if (home === undefined) throw new TypeError(`"${id}" has no cell`)
  return { cell: home.cell }
}

export function placeOfRow({ id, place }: Placed): ObjectPlace {
  return place?.at ?? homeOf(id)
}

/** Every other place at which an object has something of it: each object once, and none that is the row's own by another code. */
export function otherPlaces(row: Placed & { readonly moving?: RowMove | undefined }, cells: CellTable): ObjectPlace[] {
  const at = placeOfRow(row)
  const { left = [] } = row.place ?? {}
  const { to } = row.moving ?? {}
  const places = left.map(({ version: _version, isOlder: _isOlder, ...place }): ObjectPlace => place)
  return [...places, ...(to === undefined ? [] : [to])].reduce<ObjectPlace[]>(
    (others, place) =>
      [at, ...others].some((known) => isOneObject(cells, known, place)) ? others : [...others, place],
    [],
  )
}

/** The row's place after it went there, or was found there. */
export function movedPlace(row: Versioned, at: ObjectPlace, known: Omit<LeftPlace, keyof ObjectPlace> = {}): RowPlace {
  const { left = [] } = row.place ?? {}
  const before: LeftPlace = { ...placeOfRow(row), version: row.desiredVersion, ...known }
  return { at, left: withPlace(left, before).filter((place) => !isSame(place, at)) }
}

/** The row's place with one more at which something of it was. @param version that is not above there */
export function leftPlace(row: Versioned, place: ObjectPlace, version: number = row.desiredVersion): RowPlace {
  const at = placeOfRow(row)
  const { left = [] } = row.place ?? {}
  return { at, left: isSame(place, at) ? left : withPlace(left, { ...place, version }) }
}

/** For the next creation of the same identifier, of which nothing was anywhere. */
export function placeOfNext(before: Versioned): RowPlace | undefined {
  if (before.place === undefined) return undefined
  const { at, left } = movedPlace(before, homeOf(before.id))
  return { at, left: left.map(({ isOlder: _isOlder, ...place }) => ({ ...place, version: 0 })) }
}

/** Whether two places are one object. Codes that had places of their own have one where a code was given to another cell. */
export function isOneObject(cells: CellTable, a: ObjectPlace, b: ObjectPlace): boolean {
  if (isSame(a, b)) return true
  const [one, other] = [placeOf(cells, a.cell), placeOf(cells, b.cell)]
  if (a.renamed === true || b.renamed === true || one === undefined || other === undefined) return false
  return one.address === other.address && one.jurisdiction === other.jurisdiction
}

export function isSame(a: ObjectPlace, b: ObjectPlace): boolean {
  return formatPlace(a) === formatPlace(b)
}

function withPlace(places: readonly LeftPlace[], place: LeftPlace): LeftPlace[] {
  return places.some((known) => isSame(known, place))
    ? places.map((known) => (isSame(known, place) ? place : known))
    : [...places, place]
}

/** What a descriptor says about a move: while content is copied nothing may change, whatever else the resource's mode would be. */
export function whileMoving(descriptor: Descriptor, moving: RowMove | undefined): Descriptor {
  const { moving: _before, ...own } = descriptor
  if (moving === undefined || moving.phase === 'undo' || own.mode === 'deleted') return own
  return { ...own, mode: own.mode === 'active' ? 'read_only' : own.mode, moving: true }
}
