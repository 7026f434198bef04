// Deleting and restoring. A deletion is a descriptor that says `deleted`, and a time after which the content goes; restoring is the next
// descriptor. Both are decided in one transaction, with name and count.

import { fault } from '../object/fault.ts'
import { ResourceError } from '../wire/errors.ts'
import type { Caller, ControlMethods } from '../wire/planes.ts'
import { ownedRow, requireFreeName } from './catalog.ts'
import { requireMatch, settle, type Changed } from './change.ts'
import type { ControlDeps } from './deps.ts'
import { bumpDescriptor } from './descriptor.ts'
import { giveBackOne, keepDeleted, releaseDeleted, takeOne } from './quota.ts'
import { NO_RETENTION, beginRetention, endRetention } from './retention.ts'
import { isRestorable, toNameKey, type CatalogRow } from './row.ts'

/**
 * Deletes a resource: name and count are free at once, and the object refuses everything once it has the descriptor. Its content is
 * kept for the retention time, unless `purge` asks otherwise, and then purged; a tombstone stays. Deleting again answers the same.
 *
 * @throws ResourceError `not_found`, `precondition_failed`, `quota_exceeded` when too many deleted ones are kept already
 */
export async function remove(
  deps: ControlDeps,
  caller: Caller,
  { id, ifMatch, purge = false }: ControlMethods['remove']['args'],
): Promise<Changed> {
  const version = await deps.transact((sql) => {
    const row = ownedRow(sql, id, caller.account)
    const isDeleted = row.descriptor.mode === 'deleted'
    if (isDeleted && !(purge && isRestorable(row))) return row.desiredVersion
    requireMatch(row, ifMatch)
    if (isDeleted) {
      endRetention(deps, row)
      return row.desiredVersion
    }
    // What is still being created has nothing to keep.
    const isKept = !purge && row.phase === 'live' && deps.timers.deleteRetentionMs > 0
    if (isKept) keepDeleted(sql, row.account, caller.limits.resources)
    giveBackOne(sql, row.account)
    const nowMs = deps.now()
    const retention = isKept ? beginRetention(deps, row, nowMs) : NO_RETENTION
    const columns = { ...retention, isListed: false, params: undefined, deleteTimeMs: nowMs }
    return bumpDescriptor(deps, row, { mode: 'deleted' }, columns).desiredVersion
  })
  TEST_BUILD: await fault('remove.recorded')
  return settle(deps, id, version)
}

/**
 * Undoes a deletion: content, tokens and the mode are what they were. One that is not deleted is answered as it is.
 *
 * @throws ResourceError `deleted` once the purge has begun; `already_exists` when its name was given away; `quota_exceeded`
 */
export async function restore(
  deps: ControlDeps,
  caller: Caller,
  { id, ifMatch, name }: ControlMethods['restore']['args'],
): Promise<Changed> {
  const version = await deps.transact((sql) => {
    const row = ownedRow(sql, id, caller.account)
    if (row.descriptor.mode !== 'deleted') return row.desiredVersion
    if (row.previousMode === null) throw gone()
    requireMatch(row, ifMatch)
    takeOne(sql, row.account, caller.limits.resources)
    releaseDeleted(sql, row.account)
    const columns = { ...NO_RETENTION, ...takeName(deps, row, name), isListed: true, deleteTimeMs: null }
    return bumpDescriptor(deps, row, { mode: row.previousMode }, columns).desiredVersion
  })
  TEST_BUILD: await fault('restore.recorded')
  const changed = await settle(deps, id, version)
  // The object had only its tombstone left: its data directory and the catalog come from different backups.
  const { state, purgeTimeMs } = changed.record
  if (state === 'deleted' && purgeTimeMs === undefined) throw gone()
  return changed
}

/** The name that it had, or another one. @throws ResourceError `already_exists` */
function takeName(deps: ControlDeps, row: CatalogRow, asked: string | undefined): Pick<CatalogRow, 'name' | 'nameKey'> {
  const name = asked?.normalize('NFC') ?? row.name
  if (name === null) return { name, nameKey: null }
  const nameKey = toNameKey(name)
  requireFreeName(deps.sql, row.account, nameKey, { wayOut: 'restore it with another `name`, or rename that one' })
  return { name, nameKey }
}

function gone(): ResourceError {
  return new ResourceError('deleted', 'This resource was deleted for good: it cannot be restored any more.')
}
