// How many resources an account has in this shard, and how many deleted ones that can be restored, exact: counted in the transaction that
// creates, deletes or restores one. How many bytes, as they were reported. How fast it creates.

import { ResourceError } from '../../wire/errors.ts'

type Counted = 'resources' | 'deleted' | 'bytes'

export function countOf(sql: SqlStorage, account: string, counted: Counted = 'resources'): number {
  const row = sql.exec<Record<Counted, number>>(
    'SELECT resources, deleted, bytes FROM quota WHERE account = ?',
    account,
  )
  return row.toArray()[0]?.[counted] ?? 0
}

/** Takes one, or several at once. @throws ResourceError `quota_exceeded` with limit and used */
export function takeOne(sql: SqlStorage, account: string, limit: number | undefined, count = 1): void {
  requireRoom(
    countOf(sql, account),
    limit,
    (used) => `This account may have ${limit} of these and has ${used}: delete one, or have the quota raised.`,
    count,
  )
  addTo(sql, account, count, 0)
}

const MINUTE_MS = 60_000

/**
 * Takes from what may be created per minute: a bucket that holds one minute's worth and fills evenly.
 *
 * @throws ResourceError `rate_limited`, with the time until there is room; `quota_exceeded` for more at once than ever fit
 */
export function takeRate(
  sql: SqlStorage,
  account: string,
  perMinute: number | undefined,
  count: number,
  nowMs: number,
): void {
  if (perMinute === undefined) return
  if (count > perMinute)
    throw new ResourceError(
      'quota_exceeded',
      `This account may create ${perMinute} per minute: ask for fewer at once.`,
      {
        details: { limit: perMinute, used: 0 },
      },
    )
  const stored = sql
    .exec<{ rate_tokens: number | null; rate_time: number }>(
      'SELECT rate_tokens, rate_time FROM quota WHERE account = ?',
      account,
    )
    .toArray()[0]
  const elapsedMs = Math.max(nowMs - (stored?.rate_time ?? 0), 0)
  const tokens = Math.min(perMinute, (stored?.rate_tokens ?? perMinute) + (elapsedMs * perMinute) / MINUTE_MS)
  if (tokens < count) {
    const waitMs = ((count - tokens) * MINUTE_MS) / perMinute
    throw new ResourceError('rate_limited', `This account may create ${perMinute} per minute: wait, then repeat.`, {
      retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
    })
  }
  sql.exec(
    `INSERT INTO quota (account, resources, rate_tokens, rate_time) VALUES (?, 0, ?, ?) ON CONFLICT (account) DO UPDATE
     SET rate_tokens = excluded.rate_tokens, rate_time = excluded.rate_time`,
    account,
    tokens - count,
    nowMs,
  )
}

/** What a resource reported, more or less than before. */
export function addBytes(sql: SqlStorage, account: string, bytes: number): void {
  sql.exec(
    'INSERT INTO quota (account, resources, bytes) VALUES (?, 0, max(0, ?)) ON CONFLICT (account) DO UPDATE SET bytes = max(0, bytes + ?)',
    account,
    bytes,
    bytes,
  )
}

export function giveBackOne(sql: SqlStorage, account: string): void {
  addTo(sql, account, -1, 0)
}

/**
 * Keeps one that was deleted. Their bytes are there until the purge, so there may be as many of them as of live ones.
 *
 * @throws ResourceError `quota_exceeded` with limit and used
 */
export function keepDeleted(sql: SqlStorage, account: string, limit: number | undefined): void {
  requireRoom(
    countOf(sql, account, 'deleted'),
    limit,
    (used) =>
      `This account may keep ${limit} deleted ones of these and has ${used}: purge one of them, or delete this one with ?purge=true.`,
  )
  addTo(sql, account, 0, 1)
}

export function releaseDeleted(sql: SqlStorage, account: string): void {
  addTo(sql, account, 0, -1)
}

function requireRoom(used: number, limit: number | undefined, toMessage: (used: number) => string, count = 1): void {
  if (limit === undefined || used + count <= limit) return
  throw new ResourceError('quota_exceeded', toMessage(used), { details: { limit, used } })
}

function addTo(sql: SqlStorage, account: string, resources: number, deleted: number): void {
  sql.exec(
    `INSERT INTO quota (account, resources, deleted) VALUES (?, ?, ?) ON CONFLICT (account) DO UPDATE
     SET resources = resources + excluded.resources, deleted = deleted + excluded.deleted`,
    account,
    resources,
    deleted,
  )
}
