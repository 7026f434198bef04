// Deleting and restoring. A deletion is a descriptor that says `deleted`, and a time after which the content goes; restoring is the next
// descriptor. Both are decided in one transaction, with name and count.

import { toNameKey } from '../identity/caller-name.ts'
import { fault } from '../object/fault.ts'
import { ResourceError } from '../wire/errors.ts'
import type { Caller, Changed, ControlMethods } from '../wire/planes.ts'
import { effectiveMode, readAccount, requireOpen, resourceBytes } from './accounts/account.ts'
import { cascade } from './accounts/cascade.ts'
import { ownedRow, requireFreeName } from './catalog.ts'
import { requireMatch, requireNotLeaving, settle } from './change.ts'
import type { ControlDeps } from './deps.ts'
import { bumpDescriptor } from './descriptor.ts'
import { awaken } from './lifetime.ts'
import { releaseDeleted, takeOne } from './accounts/quota.ts'
import { removeRow } from './removal.ts'
import { NO_RETENTION } from './retention.ts'
import { isRestorable, type CatalogRow } from './row.ts'
import { requireSameName } from './succession.ts'

/**
 * Deletes a resource: name and count are free at once, and the object refuses everything once it has the descriptor. Its content is
 * kept for the retention time, unless `purge` asks otherwise, and then purged; a tombstone stays. Deleting again answers the same.
 *
 * @throws ResourceError `not_found`, `precondition_failed`, `delete_protected`, `quota_exceeded` when too many deleted ones are kept already
 */
export async function remove(
  deps: ControlDeps,
  caller: Caller,
  { id, ifMatch, purge = false }: ControlMethods['remove']['args'],
): Promise<Changed> {
  const { version, operation } = await deps.transact((sql) => {
    const row = ownedRow(sql, id, caller.account)
    const isDeleted = row.descriptor.mode === 'deleted'
    if (isDeleted && !(purge && isRestorable(row))) return { version: row.desiredVersion, operation: undefined }
    requireMatch(row, ifMatch)
    requireNotLeaving(sql, row)
    // What never was filled from its archive has nothing to protect, and cannot be changed either.
    if (row.isProtected && !isDeleted && row.awaiting === null) {
      throw new ResourceError(
        'delete_protected',
        'This resource is protected: PATCH it with {"delete_protection": false} first.',
      )
    }
    const next = removeRow(deps, row, { purge, keepAtMost: caller.limits.resources })
    deps.journal.audit(caller, purge ? 'purge' : 'delete', id)
    const kind = isRestorable(next) ? 'account_update' : 'account_purge'
    return { version: next.desiredVersion, operation: cascade(deps, next, kind) }
  })
  TEST_BUILD: await fault('remove.recorded')
  const changed = await settle(deps, caller, id, version)
  return operation === undefined ? changed : { ...changed, operation }
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
  const { version, operation } = await deps.transact((sql) => {
    const row = ownedRow(sql, id, caller.account)
    if (row.descriptor.mode !== 'deleted') return { version: row.desiredVersion, operation: undefined }
    if (!isRestorable(row)) throw gone()
    requireMatch(row, ifMatch)
    const held = readAccount(sql, row.account)
    requireOpen(sql, row.account, held)
    takeOne(sql, row.account, caller.limits.resources)
    releaseDeleted(sql, row.account)
    // An end that has come meanwhile would take it away again at once.
    const expireTimeMs = row.expireTimeMs !== null && row.expireTimeMs <= deps.now() ? null : row.expireTimeMs
    const columns = {
      ...NO_RETENTION,
      ...takeName(deps, row, name),
      isListed: true,
      deleteTimeMs: null,
      expireTimeMs,
      ...awaken(deps, { ...row, expireTimeMs }),
    }
    const limits = { bytes: resourceBytes(deps.type.limits.bytes, held.limits) }
    const next = bumpDescriptor(deps, row, { mode: effectiveMode(row.ownMode, held), limits }, columns)
    deps.journal.audit(caller, 'restore', id)
    deps.journal.event(row.account, 'restored', id)
    return { version: next.desiredVersion, operation: cascade(deps, next) }
  })
  TEST_BUILD: await fault('restore.recorded')
  const changed = await settle(deps, caller, id, version)
  // The object had only its tombstone left: its data directory and the catalog come from different backups.
  const { state, purgeTimeMs } = changed.record
  if (state === 'deleted' && purgeTimeMs === undefined) throw gone()
  return operation === undefined ? changed : { ...changed, operation }
}

/** The name that it had, or another one. @throws ResourceError `already_exists` */
function takeName(deps: ControlDeps, row: CatalogRow, asked: string | undefined): Pick<CatalogRow, 'name' | 'nameKey'> {
  const name = asked?.normalize('NFC') ?? row.name
  if (name === null) return { name, nameKey: null }
  const nameKey = toNameKey(name)
  requireSameName(deps, row, nameKey)
  requireFreeName(deps.sql, row.account, nameKey, { wayOut: 'restore it with another `name`, or rename that one' })
  return { name, nameKey }
}

function gone(): ResourceError {
  return new ResourceError('deleted', 'This resource was deleted for good: it cannot be restored any more.')
}
