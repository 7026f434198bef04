// Resources whose identifier follows from their name: one that is called as a purged one was has its identifier, too, and takes its place
// in the catalog. What tells the two apart is the incarnation, for lifecycle calls, and the generation, for tokens.

import { ResourceError } from '../wire/errors.ts'
import { deleteRow, findRow } from './catalog.ts'
import type { ControlDeps } from './deps.ts'
import { FIRST_GENERATION } from './descriptor.ts'
import { orphanKeysOf } from './idempotency.ts'
import { placeOfNext } from './moving/row-place.ts'
import { isRestorable, type CatalogRow } from './row.ts'

/**
 * Makes room for a new row. Part of the transaction that creates it.
 *
 * @returns the generation with which it begins, as tokens of the one before may still be on their way; and where that one has been
 * @throws ResourceError `already_exists` until nothing but the tombstone of the one before is left
 */
export function takeIdentifier(
  { sql }: ControlDeps,
  id: string,
): { readonly generation: number; readonly place: CatalogRow['place'] } {
  const before = findRow(sql, id)
  if (before === undefined) return { generation: FIRST_GENERATION, place: undefined }
  if (before.phase !== 'purged') throw stillThere(before)
  orphanKeysOf(sql, id)
  deleteRow(sql, id)
  return { generation: before.descriptor.generation + 1, place: placeOfNext(before) }
}

function stillThere(row: CatalogRow): ResourceError {
  const way = isRestorable(row)
    ? 'it was deleted and can be restored; to get its name free, purge it (`biplane resources purge`, or DELETE with ?purge=true)'
    : 'it is just being purged, which makes its name free'
  return new ResourceError('already_exists', `Another resource of this account has that name: ${way}.`, {
    details: { existing_id: row.id },
  })
}

/** @throws ResourceError `invalid_request` for another name than the one by which the resource is reached */
export function requireSameName({ type }: ControlDeps, row: CatalogRow, nameKey: string | null): void {
  if (type.naming !== 'caller' || nameKey === row.nameKey) return
  throw new ResourceError(
    'invalid_request',
    `A ${type.name} is reached by its name, which it keeps: create another one under the new name.`,
    { details: { parameter: 'name' } },
  )
}

/** @throws ResourceError `invalid_request` where the identifier says whose the resource is */
export function requireTransferable({ type }: ControlDeps): void {
  if (type.naming !== 'caller') return
  throw new ResourceError(
    'invalid_request',
    `A ${type.name} is reached by its account and name, and cannot belong to another account: create one there.`,
  )
}
