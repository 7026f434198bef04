// The reconciler's three rules, as a pure decision: applied < desired -> apply; purging -> purge; a timer is due -> forget.

import type { CatalogRow } from './catalog.ts'

export type Step = 'apply' | 'purge' | 'forget' | 'wait' | 'nothing'

/** What a row needs next. @param clock shard time */
export function nextStep(
  row: Pick<CatalogRow, 'phase' | 'clockDue' | 'desiredVersion' | 'appliedVersion'>,
  clock: number,
): Step {
  if (row.phase === 'purged') return isTimerDue(row, clock) ? 'forget' : 'wait'
  if (row.phase === 'purging') return 'purge'
  return row.appliedVersion < row.desiredVersion ? 'apply' : 'nothing'
}

/** Whether a creation has been tried for long enough, or a tombstone kept. @param clock shard time */
export function isTimerDue(row: Pick<CatalogRow, 'clockDue'>, clock: number): boolean {
  return row.clockDue !== null && clock >= row.clockDue
}
