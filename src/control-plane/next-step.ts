// The reconciler's rules, as a pure decision: applied < desired -> apply; purging -> purge; a timer is due -> expire or forget.

import { isRestorable, type CatalogRow } from './row.ts'

/** `expire`: a deleted resource cannot be restored any more, and its purge begins. */
export type Step = 'apply' | 'expire' | 'purge' | 'forget' | 'wait' | 'nothing'

/** What a row needs next. @param clock shard time */
export function nextStep(
  row: Pick<CatalogRow, 'phase' | 'clockDue' | 'purgeTimeMs' | 'desiredVersion' | 'appliedVersion'>,
  clock: number,
): Step {
  if (row.phase === 'purging') return 'purge'
  if (row.phase === 'purged') return isTimerDue(row, clock) ? 'forget' : 'wait'
  if (row.appliedVersion < row.desiredVersion) return 'apply'
  if (!isRestorable(row)) return 'nothing'
  return isTimerDue(row, clock) ? 'expire' : 'wait'
}

/** Whether a creation has been tried for long enough, or what was deleted kept, or a tombstone. @param clock shard time */
export function isTimerDue(row: Pick<CatalogRow, 'clockDue'>, clock: number): boolean {
  return row.clockDue !== null && clock >= row.clockDue
}
