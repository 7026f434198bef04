// What a shard keeps for a time only: journals, usage by day, operations that have ended, idempotency keys. Swept by every alarm run; a
// shard that has no other work wakes for it.

import type { LifecycleTimers } from '../wire/deployment.ts'
import { expireKeys } from './idempotency.ts'
import { expireJournals } from './journal.ts'
import { expireUsage } from './accounts/metering.ts'
import { expireOperations } from './operations/operations.ts'

type Retention = Pick<LifecycleTimers, 'journalRetentionMs' | 'operationRetentionMs' | 'usageRetentionMs'>

/** Removes some of what is over. Part of the caller's transaction. */
export function sweepExpired(sql: SqlStorage, timers: Retention, nowMs: number): void {
  expireKeys(sql, nowMs)
  expireJournals(sql, nowMs - timers.journalRetentionMs)
  expireOperations(sql, nowMs - timers.operationRetentionMs)
  expireUsage(sql, nowMs - timers.usageRetentionMs)
}

/** When the first of it will be over; undefined when there is nothing. A step in each index. */
export function nextExpiry(sql: SqlStorage, timers: Retention): number | undefined {
  const { due } = sql
    .exec<{ due: number | null }>(
      `SELECT min(value) AS due FROM json_each(json_array(
         (SELECT min(time) FROM audit) + ?1, (SELECT min(time) FROM event) + ?1,
         (SELECT min(update_time) FROM operation WHERE state <> 'running') + ?2,
         (SELECT min(day) FROM usage_day) + ?3, (SELECT min(expires) FROM idempotency)))`,
      timers.journalRetentionMs,
      timers.operationRetentionMs,
      timers.usageRetentionMs,
    )
    .one()
  // What is as old as that to the millisecond is kept yet.
  return due === null ? undefined : due + 1
}
