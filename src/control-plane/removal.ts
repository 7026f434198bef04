// Deleting one row, whoever wants it: its owner, its own end, or the end of its account.

import { ResourceError } from '../wire/errors.ts'
import type { ControlDeps } from './deps.ts'
import { bumpDescriptor } from './descriptor.ts'
import { endMoveOperation } from './operations/operations.ts'
import { giveBackOne, keepDeleted } from './accounts/quota.ts'
import { NO_RETENTION, beginRetention, endRetention } from './retention.ts'
import { GIVEN_UP_IMPORT, isRestorable, type CatalogRow } from './row.ts'

/**
 * Deletes one, whoever wants it; of one that can be restored, ends that time. Part of the caller's transaction.
 *
 * @param keepAtMost how many deleted ones the account may keep
 * @returns the row as it is now
 */
export function removeRow(
  deps: ControlDeps,
  row: CatalogRow,
  { purge, keepAtMost }: { readonly purge: boolean; readonly keepAtMost?: number | undefined },
): CatalogRow {
  if (row.descriptor.mode === 'deleted') return isRestorable(row) ? endRetention(deps, row) : row
  // What is still being created has nothing to keep.
  const isKept = !purge && row.phase === 'live' && deps.timers.deleteRetentionMs > 0
  if (isKept) keepDeleted(deps.sql, row.account, keepAtMost)
  // Of what is imported as a deleted one, none was taken.
  if (row.isListed) giveBackOne(deps.sql, row.account)
  const nowMs = deps.now()
  const retention = isKept ? beginRetention(deps, nowMs) : NO_RETENTION
  const moving = row.moving?.phase === 'copy' ? { ...row.moving, phase: 'undo' as const } : row.moving
  if (row.moving?.phase === 'copy')
    endMoveOperation(deps, row.moving.operation, new ResourceError('deleted', 'It was deleted meanwhile.'))
  const columns = {
    // The object of what was never filled may be another account's: it is not told what this one wishes.
    ...(row.awaiting === null ? {} : { phase: 'purging' as const }),
    ...retention,
    isListed: false,
    params: undefined,
    deleteTimeMs: nowMs,
    lifeDue: null,
    awaiting: null,
    moving,
    // Never filled: what is left of it keeps no other import away.
    ...(row.awaiting === null ? {} : { failure: GIVEN_UP_IMPORT }),
  }
  deps.journal.event(row.account, 'deleted', row.id, { can_be_restored: isKept })
  return bumpDescriptor(deps, row, { mode: 'deleted' }, columns)
}
