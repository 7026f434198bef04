// The reconciler's three rules, as a pure decision: applied < desired -> apply; purging -> purge; a timer is due -> forget (or give a
// creation up).

import type { CatalogRow } from './catalog.ts'

export type Step = 'apply' | 'give_up' | 'purge' | 'forget' | 'wait' | 'nothing'

/** What a row needs next. @param clock shard time */
export function nextStep(
  row: Pick<CatalogRow, 'phase' | 'clockDue' | 'desiredVersion' | 'appliedVersion'> & {
    readonly descriptor: Pick<CatalogRow['descriptor'], 'mode'>
  },
  clock: number,
): Step {
  const isTimerDue = row.clockDue !== null && clock >= row.clockDue
  if (row.phase === 'purged') return isTimerDue ? 'forget' : 'wait'
  if (row.phase === 'purging') return 'purge'
  if (row.phase === 'creating' && isTimerDue && row.descriptor.mode !== 'deleted') return 'give_up'
  return row.appliedVersion < row.desiredVersion ? 'apply' : 'nothing'
}
