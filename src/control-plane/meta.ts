// The counters of a shard, and its clock. Every function belongs into the transaction of what it is counted for.

import type { ShardCounters } from '../wire/shard-move.ts'

/** A forward step of the wall clock counts for at most this much; see {@link shardTime}. One day: an idle shard wakes that rarely. */
export const MAX_CLOCK_STEP_MS: number = 24 * 3_600_000

export function readMeta(sql: SqlStorage, key: string): string | undefined {
  return sql.exec<{ value: string }>('SELECT value FROM meta WHERE key = ?', key).toArray()[0]?.value
}

export function writeMeta(sql: SqlStorage, key: string, value: string): void {
  sql.exec(
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    key,
    value,
  )
}

/** The next value of a counter that begins at 1. */
export function nextCounter(sql: SqlStorage, name: string): number {
  const next = Number(readMeta(sql, name) ?? 0) + 1
  writeMeta(sql, name, String(next))
  return next
}

/** The next incarnation: fences the lifecycle calls of one creation against those of every other. */
export function nextIncarnation(sql: SqlStorage): number {
  return nextCounter(sql, 'incarnation')
}

/** A create_time that no other resource of the shard has and that is later than all of theirs: the order of lists. */
export function nextCreateTime(sql: SqlStorage, nowMs: number): number {
  const next = Math.max(nowMs, Number(readMeta(sql, 'last_create_time') ?? 0) + 1)
  writeMeta(sql, 'last_create_time', String(next))
  return next
}

/**
 * The shard's own time, on which everything destructive is scheduled. It follows the wall clock, but a jump ahead (a wrong clock, a
 * machine that slept) counts for one day at most and a jump back for nothing: retention is time that was really observed.
 */
export function shardTime(sql: SqlStorage, nowMs: number): number {
  return clockAt(readMeta(sql, 'clock'), nowMs)
}

/** {@link shardTime} as a function of what is stored: the shard's time and the wall time at which it was seen. */
export function clockAt(stored: string | undefined, nowMs: number): number {
  const [clock, seen] = (stored ?? `0 ${nowMs}`).split(' ').map(Number) as [number, number]
  return clock + Math.min(Math.max(nowMs - seen, 0), MAX_CLOCK_STEP_MS)
}

/** Moves the shard's time to now and answers it. */
export function observeTime(sql: SqlStorage, nowMs: number): number {
  const clock = shardTime(sql, nowMs)
  writeMeta(sql, 'clock', `${clock} ${nowMs}`)
  return clock
}

/** Counters above which another shard goes on with what this one had. */
export function readCounters(sql: SqlStorage, nowMs: number): ShardCounters {
  return {
    incarnation: Number(readMeta(sql, 'incarnation') ?? 0),
    createTime: Number(readMeta(sql, 'last_create_time') ?? 0),
    journalSeq: Number(readMeta(sql, 'journal_seq') ?? 0),
    clockMs: shardTime(sql, nowMs),
  }
}

/** Nothing that this shard makes from now on is below what the other one made. */
export function raiseCounters(sql: SqlStorage, { incarnation, createTime, journalSeq = 0 }: ShardCounters): void {
  for (const [key, least] of [
    ['incarnation', incarnation],
    ['last_create_time', createTime],
    ['journal_seq', journalSeq],
  ] as const) {
    if (Number(readMeta(sql, key) ?? 0) < least) writeMeta(sql, key, String(least))
  }
}

/** Wall time at which to look again at something that is due at `clockDue` in shard time. */
export function toWallTime(clock: number, clockDue: number, nowMs: number): number {
  return nowMs + Math.min(Math.max(clockDue - clock, 0), MAX_CLOCK_STEP_MS)
}

/** Marks the operator's one-time code as used. @returns false when it was used before */
export function useCodeOnce(sql: SqlStorage, tokenId: string, expiresAtMs: number, nowMs: number): boolean {
  sql.exec('DELETE FROM used_code WHERE expires < ?', nowMs)
  const inserted = sql.exec(
    'INSERT INTO used_code (token_id, expires) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING 1',
    tokenId,
    expiresAtMs,
  )
  return inserted.toArray().length === 1
}
