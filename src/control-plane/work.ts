// The work table: what is still to be done, and when to try next. An item is written in the transaction that makes the work
// necessary; the object's alarm stands at the earliest of them. Lifecycle work has one item per resource, keyed by its identifier; other
// work is keyed by what it is about: `hold:<account>`, `operation:<id>`, `transfer:<id>`, `move:<account>`.

/** `place`: a move that was flipped, or given up, is yet to be told. */
export type LifecycleKind = 'apply' | 'expire' | 'retire' | 'purge' | 'forget' | 'place'

export interface WorkItem {
  readonly key: string
  readonly kind: LifecycleKind | 'hold' | 'operation' | 'transfer' | 'move'
  /** Milliseconds since 1970, wall time. */
  readonly due: number
  readonly attempt: number
  readonly cursor: string | null
}

/** Of the item that gives a resource to another account. */
export function transferKey(id: string): string {
  return `transfer:${id}`
}

/** Whether it is just being given away: whatever else would be its next version is the other account's to decide. */
export function isLeaving(
  sql: SqlStorage,
  { id, account }: { readonly id: string; readonly account: string },
): boolean {
  const { leaving } = sql
    .exec<{ leaving: number }>(
      "SELECT count(*) AS leaving FROM work WHERE key = ? AND json_extract(cursor, '$.from') = ?",
      transferKey(id),
      account,
    )
    .one()
  return leaving > 0
}

export function putWork(sql: SqlStorage, item: WorkItem): void {
  sql.exec(
    'REPLACE INTO work (key, kind, due, attempt, cursor) VALUES (?, ?, ?, ?, ?)',
    item.key,
    item.kind,
    item.due,
    item.attempt,
    item.cursor,
  )
}

/**
 * When what goes on at once is due. Later than whatever is due already: an item whose run has put it in again is known by its other due
 * time from one that the run has finished.
 */
export function soonest(nowMs: number): number {
  return nowMs + 1
}

export function dropWork(sql: SqlStorage, key: string): void {
  sql.exec('DELETE FROM work WHERE key = ?', key)
}

export function findWork(sql: SqlStorage, key: string): WorkItem | undefined {
  return sql.exec<Row>('SELECT * FROM work WHERE key = ?', key).toArray()[0]
}

/** Of an operation's key; its identifier follows. */
export const OPERATION_PREFIX = 'operation:'

/** The earliest first; before them operations, which are few, and whose progress would else be told when all they count is done. */
export function dueWork(sql: SqlStorage, nowMs: number, limit: number): WorkItem[] {
  const operations = sql
    .exec<Row>(
      'SELECT * FROM work WHERE key >= ? AND key < ? AND due <= ? ORDER BY key LIMIT ?',
      OPERATION_PREFIX,
      `${OPERATION_PREFIX}~`,
      nowMs,
      Math.ceil(limit / 2),
    )
    .toArray()
  const others = sql
    .exec<Row>(
      "SELECT * FROM work WHERE due <= ? AND kind <> 'operation' ORDER BY due LIMIT ?",
      nowMs,
      limit - operations.length,
    )
    .toArray()
  return [...operations, ...others]
}

/** Nothing of a cell that is due now is looked at before that time. @param cell '' for work that is about no resource */
export function postponeDue(sql: SqlStorage, cell: string, nowMs: number, untilMs: number): void {
  sql.exec(
    `UPDATE work SET due = ? WHERE due <= ? AND coalesce((SELECT cell FROM resource WHERE id = work.key), '') = ?`,
    untilMs,
    nowMs,
    cell,
  )
}

/** Work that is due later than any is ever put was put under a clock that ran ahead: it is due now. */
export function bringWorkBack(sql: SqlStorage, latestMs: number, nowMs: number): void {
  sql.exec('UPDATE work SET due = ? WHERE due > ?', nowMs, latestMs)
}

/** When the next item is due; undefined when there is no work. */
export function nextDue(sql: SqlStorage): number | undefined {
  return sql.exec<{ due: number | null }>('SELECT min(due) AS due FROM work').one().due ?? undefined
}

/** Delay before attempt n (from 0): doubles up to the maximum, with full jitter in its upper half so that nobody waits for nothing. */
export function backOffMs(attempt: number, baseMs: number, maxMs: number, random: number = Math.random()): number {
  const full = Math.min(baseMs * 2 ** attempt, maxMs)
  return Math.round(full / 2 + (full / 2) * random)
}

type Row = { key: string; kind: WorkItem['kind']; due: number; attempt: number; cursor: string | null }
