// The reconciler's rules, as a pure decision: applied < desired -> apply; purging -> purge; a timer is due -> expire, retire or forget;
// a move that was flipped is handed over before anything else is applied, one that was given up is undone when nothing else is to do.

import { isRestorable, type CatalogRow } from './row.ts'

/** `expire`: a deleted resource cannot be restored any more, and its purge begins. `retire`: a live one may have come to its own end. */
export type Step = 'apply' | 'expire' | 'retire' | 'purge' | 'forget' | 'handOver' | 'undo' | 'wait' | 'nothing'

type Timed = Pick<CatalogRow, 'phase' | 'clockDue' | 'lifeDue' | 'purgeTimeMs'> & Partial<Pick<CatalogRow, 'awaiting'>>

/** What a row needs next. @param clock shard time */
export function nextStep(
  row: Timed & Pick<CatalogRow, 'desiredVersion' | 'appliedVersion' | 'moving'>,
  clock: number,
): Step {
  // Whoever imports it fills its object.
  if ((row.awaiting ?? null) !== null) return 'nothing'
  if (row.phase === 'purging') return 'purge'
  if (row.phase === 'purged') return isTimerDue(row, clock) ? 'forget' : 'wait'
  if (row.moving?.phase === 'handOver') return 'handOver'
  if (row.appliedVersion < row.desiredVersion) return 'apply'
  const step = timedStep(row, clock)
  return row.moving?.phase === 'undo' && (step === 'wait' || step === 'nothing') ? 'undo' : step
}

function timedStep(row: Timed, clock: number): Step {
  if (isRestorable(row)) return isTimerDue(row, clock) ? 'expire' : 'wait'
  if (row.phase !== 'live' || row.lifeDue === null) return 'nothing'
  return clock >= row.lifeDue ? 'retire' : 'wait'
}

/** Whether a creation has been tried for long enough, or what was deleted kept, or a tombstone. @param clock shard time */
export function isTimerDue(row: Pick<CatalogRow, 'clockDue'>, clock: number): boolean {
  return row.clockDue !== null && clock >= row.clockDue
}

/** Shard time at which a row needs something by itself; null: never. */
export function timerDue(row: Timed): number | null {
  return row.phase === 'live' && !isRestorable(row) ? row.lifeDue : row.clockDue
}
