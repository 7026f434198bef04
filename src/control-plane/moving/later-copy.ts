// Content at a place that the resource had left, of a version that it did not have then: it went there once more, and the catalog came back
// from a backup that does not know. That copy may be the only one with what was written since, so nothing wipes it.

import type { ObjectPlace } from '../../identity/cell.ts'
import type { Held } from '../../wire/descriptor.ts'
import { ResourceError } from '../../wire/errors.ts'
import { callObject, type Running } from '../object-call.ts'
import type { CatalogRow } from '../row.ts'
import { isSame, placeOfRow, type LeftPlace } from './row-place.ts'

/** Version of the whole content that an object has of a row's resource. */
export function versionOf(held: Held, { incarnation }: Pick<CatalogRow, 'incarnation'>): number | undefined {
  const holder =
    held.kind === 'arriving' && held.arriving.isComplete
      ? held.arriving.descriptor
      : held.kind === 'descriptor'
        ? held.descriptor
        : undefined
  return holder?.incarnation === incarnation ? holder.version : undefined
}

export function incarnationOf(held: Held): number {
  switch (held.kind) {
    case 'nothing':
      return 0
    case 'descriptor':
      return held.descriptor.incarnation
    case 'arriving':
      return held.arriving.descriptor.incarnation
    case 'tombstone':
      return held.tombstone.incarnation
    case 'moved':
      return held.moved.incarnation
  }
}

/** Whether what a place holds came there later than the row knows. Nothing is known of a place that the release before has noted. */
export function isLaterCopy(row: Pick<CatalogRow, 'incarnation' | 'place'>, at: ObjectPlace, held: Held): boolean {
  const version = versionOf(held, row)
  if (version === undefined) return false
  const left = leftOf(row, at)
  return left === undefined || (left.version !== undefined && version > left.version)
}

/** What the row knows of a place that it has left. */
export function leftOf({ place }: Pick<CatalogRow, 'place'>, at: ObjectPlace): LeftPlace | undefined {
  return place?.left.find((left) => isSame(left, at))
}

export async function hasLaterCopy(deps: Running, row: CatalogRow, at: ObjectPlace): Promise<boolean> {
  return isLaterCopy(row, at, (await callObject(deps, row, 'describe', {}, { at })).held)
}

export function laterCopyThere(row: CatalogRow, { cell }: ObjectPlace): ResourceError {
  const at = placeOfRow(row).cell
  return new ResourceError(
    'not_ready',
    `In ${cell} is a later copy, which its catalog does not know of; both stay as they are. If what is in ${at} came from a backup, reconcile ${at}: then the copy in ${cell} counts, and the one in ${at} goes.`,
  )
}
