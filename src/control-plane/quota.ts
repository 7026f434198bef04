// How many resources an account has in this shard, and how many deleted ones that can be restored, exact: counted in the transaction that
// creates, deletes or restores one.

import { ResourceError } from '../wire/errors.ts'

type Counted = 'resources' | 'deleted'

export function countOf(sql: SqlStorage, account: string, counted: Counted = 'resources'): number {
  const row = sql.exec<Record<Counted, number>>('SELECT resources, deleted FROM quota WHERE account = ?', account)
  return row.toArray()[0]?.[counted] ?? 0
}

/** Takes one. @throws ResourceError `quota_exceeded` with limit and used */
export function takeOne(sql: SqlStorage, account: string, limit: number | undefined): void {
  requireRoom(
    countOf(sql, account),
    limit,
    (used) => `This account may have ${limit} of these and has ${used}: delete one, or have the quota raised.`,
  )
  addTo(sql, account, 1, 0)
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

function requireRoom(used: number, limit: number | undefined, toMessage: (used: number) => string): void {
  if (limit === undefined || used < limit) return
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
