// Changing a resource: ownership is decided here, before any data object is touched; everything that the object must know
// is the next version of its descriptor.

import { fault } from '../object/fault.ts'
import { ResourceError } from '../wire/errors.ts'
import type { Caller, ControlMethods, UpdateRequest } from '../wire/planes.ts'
import { toRevisionTag } from '../wire/resource.ts'
import { advanceFor } from './advance.ts'
import { findRow, ownedRow, requireFreeName, updateRow } from './catalog.ts'
import type { ControlDeps } from './deps.ts'
import { bumpDescriptor } from './descriptor.ts'
import { isRestorable, toNameKey, toRecord, type CatalogRow } from './row.ts'

export type Changed = ControlMethods['update']['value']

/**
 * Changes name, labels and metadata in the row alone (renaming never touches the object), and mode, visibility, origins and hosts
 * through the descriptor.
 *
 * @throws ResourceError `not_found`, `precondition_failed`, `not_ready` while creating, `deleted`, `already_exists`
 */
export async function update(
  deps: ControlDeps,
  caller: Caller,
  { id, ifMatch, changes }: ControlMethods['update']['args'],
): Promise<Changed> {
  const version = await deps.transact((sql) => {
    requireMatch(ownedRow(sql, id, caller.account), ifMatch)
    const row = liveRow(sql, id, caller.account)
    return applyChanges(deps, row, changes).desiredVersion
  })
  TEST_BUILD: await fault('update.recorded')
  return settle(deps, id, version)
}

function applyChanges(deps: ControlDeps, row: CatalogRow, changes: UpdateRequest): CatalogRow {
  const name = changes.name === undefined ? row.name : (changes.name?.normalize('NFC') ?? null)
  const nameKey = name === null ? null : toNameKey(name)
  if (nameKey !== null)
    requireFreeName(deps.sql, row.account, nameKey, { exceptId: row.id, wayOut: 'choose another one' })
  const columns = { name, nameKey, labels: changes.labels ?? row.labels, metadata: changes.metadata ?? row.metadata }
  const descriptor = {
    ...(changes.mode === undefined ? {} : { mode: changes.mode }),
    ...(changes.visibility === undefined ? {} : { visibility: changes.visibility }),
    ...(changes.allowedOrigins === undefined ? {} : { allowedOrigins: changes.allowedOrigins }),
    ...(changes.hosts === undefined ? {} : { hosts: changes.hosts }),
  }
  const isChanged = Object.entries(descriptor).some(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(row.descriptor[key as keyof typeof descriptor]),
  )
  if (isChanged) return bumpDescriptor(deps, row, descriptor, columns)
  const next = { ...row, ...columns, revision: row.revision + 1, updateTimeMs: deps.now() }
  updateRow(deps.sql, next)
  return next
}

/** Raises the generation: every token that was ever minted for this resource is refused once the object has it. */
export async function revokeTokens(
  deps: ControlDeps,
  caller: Caller,
  { id }: ControlMethods['revokeTokens']['args'],
): Promise<Changed> {
  const version = await deps.transact((sql) => {
    const row = liveRow(sql, id, caller.account)
    return bumpDescriptor(deps, row, { generation: row.descriptor.generation + 1 }).desiredVersion
  })
  TEST_BUILD: await fault('revoke.recorded')
  return settle(deps, id, version)
}

/** @throws ResourceError `not_found`, `not_ready`, `deleted`: no token for what is not there */
export function liveRow(sql: SqlStorage, id: string, account: string): CatalogRow {
  const row = ownedRow(sql, id, account)
  if (row.descriptor.mode === 'deleted') {
    const way = isRestorable(row) ? ' Restore it first.' : ''
    throw new ResourceError('deleted', `This resource was deleted.${way}`)
  }
  if (row.phase === 'creating')
    throw new ResourceError('not_ready', 'This resource is still being created.', { retryAfterSeconds: 1 })
  return row
}

/** @throws ResourceError `precondition_failed` unless the caller knows the row as it is */
export function requireMatch(row: CatalogRow, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch === '*') return
  const tags = ifMatch.split(',').map((tag) => tag.trim())
  if (!tags.includes(toRevisionTag(toRecord(row)))) {
    throw new ResourceError(
      'precondition_failed',
      'The resource has changed since you read it: read it again and repeat your change.',
    )
  }
}

/** Brings the change to the object, and answers how far it came in the time that a request may take. */
export async function settle(deps: ControlDeps, id: string, version: number): Promise<Changed> {
  await advanceFor(deps, id, deps.timers.createWaitMs)
  const row = findRow(deps.sql, id)
  if (row === undefined) throw new ResourceError('not_found', 'There is no such resource.')
  return { record: toRecord(row), applied: row.appliedVersion >= version }
}
