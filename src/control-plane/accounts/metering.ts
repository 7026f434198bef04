// What objects report about themselves: the row's own columns, the account's sum of bytes, and usage by day. The only module that writes
// `usage_day`.

import { parseResourceId } from '../../identity/resource-id.ts'
import { ResourceError } from '../../wire/errors.ts'
import type { ControlMethods, UsageRow } from '../../wire/planes.ts'
import { checkBytes, readAccount } from './account.ts'
import { findRow, recordUsage } from '../catalog.ts'
import type { ControlDeps } from '../deps.ts'
import { addBytes, countOf } from './quota.ts'
import type { CatalogRow } from '../row.ts'
import { isLeaving } from '../work.ts'

const DAY_MS = 24 * 3_600_000

/**
 * Takes over a report. Part of the caller's transaction.
 *
 * @returns false when the row is not there, or only its tombstone
 * @throws ResourceError `unavailable` while it is given to another account
 */
export function takeReport(
  deps: ControlDeps,
  { id, incarnation, usage }: ControlMethods['reportUsage']['args'],
): boolean {
  const row = findRow(deps.sql, id)
  if (row === undefined || parseResourceId(id) === undefined) return false
  // Its new account has been told how large it was; the report comes again, to that one.
  if (isLeaving(deps.sql, row)) throw new ResourceError('unavailable', 'It is being given to another account.')
  const nowMs = deps.now()
  // Without a write there is no news about the row; only about how often it was read.
  const outcome = usage.writeTimeMs === 0 ? 'stale' : recordUsage(deps.sql, { id, incarnation }, usage, nowMs)
  if (outcome === 'unknown' || row.incarnation !== incarnation || row.phase === 'purged') return false
  const { requests = 0, writes = 0, bytes } = usage
  addUsage(deps.sql, row, { dayMs: Math.floor(nowMs / DAY_MS) * DAY_MS, bytes, requests, writes })
  if (outcome === 'taken' && bytes !== (row.usage?.bytes ?? 0)) {
    addBytes(deps.sql, row.account, bytes - (row.usage?.bytes ?? 0))
    checkBytes(deps, row.account)
  }
  return true
}

/** A purged resource holds nothing any more. Part of the caller's transaction. */
export function releaseBytes(deps: ControlDeps, { account, usage }: CatalogRow): void {
  if (usage === undefined || usage.bytes === 0) return
  addBytes(deps.sql, account, -usage.bytes)
  checkBytes(deps, account)
}

/** What came with a resource that was another account's, or is there again. */
export function takeBytes(deps: ControlDeps, { account, usage }: CatalogRow): void {
  if (usage === undefined || usage.bytes === 0) return
  addBytes(deps.sql, account, usage.bytes)
  checkBytes(deps, account)
}

function addUsage(
  sql: SqlStorage,
  { id, account }: CatalogRow,
  { dayMs, bytes, requests, writes }: Omit<UsageRow, 'resource'>,
): void {
  sql.exec(
    `INSERT INTO usage_day (account, day, resource, bytes, requests, writes) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (account, day, resource) DO UPDATE SET bytes = max(bytes, excluded.bytes), requests = requests + excluded.requests,
     writes = writes + excluded.writes`,
    account,
    dayMs,
    id,
    bytes,
    requests,
    writes,
  )
}

/** Days of one resource, each a step in the index; a range of it has what all other resources of the account used on those days, too. */
const OF_ONE = `resource = ?1 AND day IN (
  WITH RECURSIVE one (day) AS (SELECT ?3 WHERE ?3 < ?4 UNION ALL SELECT day + ${DAY_MS} FROM one WHERE day + ${DAY_MS} < ?4) SELECT day FROM one)`
const OF_ALL = '(day, resource) > (?3, ?1) AND day < ?4'

/** A page in the order (day, resource). */
export function readUsage(
  sql: SqlStorage,
  account: string,
  { fromMs, untilMs, resource, after, limit }: ControlMethods['usage']['args'],
): ControlMethods['usage']['value'] {
  // One has one row a day.
  const next = after === undefined ? fromMs : resource === undefined ? after.dayMs : after.dayMs + DAY_MS
  const rows = sql
    .exec<{ day: number; resource: string; bytes: number; requests: number; writes: number }>(
      `SELECT day, resource, bytes, requests, writes FROM usage_day
       WHERE account = ?2 AND ${resource === undefined ? OF_ALL : OF_ONE} ORDER BY day, resource LIMIT ?5`,
      resource ?? after?.resource ?? '',
      account,
      Math.max(next, fromMs),
      untilMs,
      limit + 1,
    )
    .toArray()
    .map(({ day, ...row }) => ({ dayMs: day, ...row }))
  const data = rows.slice(0, limit)
  const last = data.at(-1)
  if (rows.length <= limit || last === undefined) return { data }
  return { data, next: { dayMs: last.dayMs, resource: last.resource } }
}

/** What an account has now. */
export function readTotals(sql: SqlStorage, account: string): ControlMethods['account']['value'] {
  const { hold, isOver } = readAccount(sql, account)
  return {
    resources: countOf(sql, account),
    deleted: countOf(sql, account, 'deleted'),
    bytes: countOf(sql, account, 'bytes'),
    hold: hold === 'active' && isOver ? 'read_only' : hold,
  }
}

/** Removes some days that are older than the retention; bounded so that it never delays a request. */
export function expireUsage(sql: SqlStorage, beforeMs: number): void {
  sql.exec(
    'DELETE FROM usage_day WHERE (account, day, resource) IN (SELECT account, day, resource FROM usage_day WHERE day < ? LIMIT 500)',
    beforeMs,
  )
}
