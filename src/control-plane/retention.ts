// The time in which a deleted resource can be restored. It is a timer of the row, on the shard's own clock; the object holds a descriptor
// that says `deleted`, and its content. Every function is part of the caller's transaction.

import { updateRow } from './catalog.ts'
import type { ControlDeps } from './deps.ts'
import { scheduleWork } from './descriptor.ts'
import { observeTime, toWallTime } from './meta.ts'
import { timerDue } from './next-step.ts'
import { releaseDeleted } from './accounts/quota.ts'
import { isRestorable, stateOf, type CatalogRow } from './row.ts'
import { putWork } from './work.ts'

/** Columns of a row whose retention begins now. */
export function beginRetention(deps: ControlDeps, nowMs: number): Pick<CatalogRow, 'clockDue' | 'purgeTimeMs'> {
  const { deleteRetentionMs } = deps.timers
  return {
    clockDue: observeTime(deps.sql, nowMs) + deleteRetentionMs,
    purgeTimeMs: nowMs + deleteRetentionMs,
  }
}

/** Columns of a row without one. */
export const NO_RETENTION: Pick<CatalogRow, 'clockDue' | 'purgeTimeMs'> = { clockDue: null, purgeTimeMs: null }

/** Ends the retention of a deleted row, if it has one: its content goes, at once if its object knows of the deletion already. */
export function endRetention(deps: ControlDeps, row: CatalogRow): CatalogRow {
  if (isRestorable(row)) releaseDeleted(deps.sql, row.account)
  const phase = row.appliedVersion < row.desiredVersion ? row.phase : 'purging'
  const next = withRevision(row, { ...row, ...NO_RETENTION, phase })
  updateRow(deps.sql, next)
  scheduleWork(deps, row.id, phase === 'purging' ? 'purge' : 'apply')
  return next
}

/** `next` with a revision of its own, if clients see another state or purge time than before. */
export function withRevision(row: CatalogRow, next: CatalogRow): CatalogRow {
  const isSeen = stateOf(next) !== stateOf(row) || next.purgeTimeMs !== row.purgeTimeMs
  return isSeen ? { ...next, revision: row.revision + 1 } : next
}

/** Puts the work item at the wall time at which a row's timer should be looked at again. */
export function waitForTimer(deps: ControlDeps, row: CatalogRow): void {
  // Looked at again and again until it is done, and the timers with it.
  if (row.moving !== undefined && row.moving.phase !== 'copy') return scheduleWork(deps, row.id, 'place')
  const clockDue = timerDue(row)
  if (clockDue === null) return
  const nowMs = deps.now()
  const due = toWallTime(observeTime(deps.sql, nowMs), clockDue, nowMs)
  putWork(deps.sql, { key: row.id, kind: timerOf(row), due, attempt: 0, cursor: null })
  deps.arm()
}

/** What a row's timer is for. */
export function timerOf(row: Pick<CatalogRow, 'phase' | 'purgeTimeMs'>): 'expire' | 'forget' | 'retire' {
  if (row.phase === 'purged') return 'forget'
  return isRestorable(row) ? 'expire' : 'retire'
}
