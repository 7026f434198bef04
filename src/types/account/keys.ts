// The keys of one account, and the log of what happened to them. A key is kept as its hash, and is gone once it is revoked.

import { ResourceError } from '../../wire/errors.ts'
import type { AccountMethods, KeyAudit, KeyRecord, KeyRole } from '../../wire/account.ts'

/** Far more than a team's people and deployments, and few enough to be listed at once. */
export const MAX_KEYS = 100
/** A page of the log has at most this many; the oldest lines go when there are more than the kept ones. */
const MAX_AUDIT_PAGE = 200
const KEPT_AUDIT_ROWS = 10_000
/** A use is written down at most this often: a busy key must not cost a commit per request. */
const LAST_USED_INTERVAL_MS = 60_000

export function createKeyTables(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE key (
      id TEXT PRIMARY KEY, hash TEXT NOT NULL, name TEXT, role TEXT NOT NULL, create_time INTEGER NOT NULL,
      expire_time INTEGER, last_used_time INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE audit (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
      resource TEXT NOT NULL, request_id TEXT NOT NULL
    ) STRICT;
  `)
}

type KeyRow = {
  id: string
  hash: string
  name: string | null
  role: string
  create_time: number
  expire_time: number | null
  last_used_time: number | null
}

function findKey(sql: SqlStorage, keyId: string): KeyRow | undefined {
  return sql.exec<KeyRow>('SELECT * FROM key WHERE id = ?', keyId).toArray()[0]
}

/**
 * The role of a key that is good, compared in constant time.
 *
 * @returns `isStale`: its use is to be written down
 * @throws ResourceError `unauthenticated` when it is unknown, revoked or expired: which of them is nobody's business
 */
export function checkKey(
  sql: SqlStorage,
  { keyId, hash }: AccountMethods['authenticate']['args'],
  nowMs: number,
): { readonly role: KeyRole; readonly isStale: boolean } {
  const row = findKey(sql, keyId)
  if (row === undefined || !isSame(row.hash, hash) || isExpired(row, nowMs)) throw badKey()
  const isStale = row.last_used_time === null || nowMs - row.last_used_time >= LAST_USED_INTERVAL_MS
  return { role: row.role as KeyRole, isStale }
}

export function badKey(): ResourceError {
  return new ResourceError('unauthenticated', 'This API key is not known here, was revoked, or has expired.')
}

export function noteUse(sql: SqlStorage, keyId: string, nowMs: number): void {
  sql.exec('UPDATE key SET last_used_time = ? WHERE id = ?', nowMs, keyId)
}

/** @throws ResourceError `quota_exceeded` with limit and used */
export function insertKey(sql: SqlStorage, args: AccountMethods['createKey']['args'], nowMs: number): KeyRecord {
  const { keyId, hash, name, role, expireTimeMs, actor, requestId } = args
  // Expired keys stay in the list, where people look for the reason, until their place is needed.
  if (countKeys(sql) >= MAX_KEYS) sql.exec('DELETE FROM key WHERE expire_time <= ?', nowMs)
  const used = countKeys(sql)
  if (used >= MAX_KEYS) {
    throw new ResourceError(
      'quota_exceeded',
      `An account may have ${MAX_KEYS} keys and this one has ${used}: revoke those that are not used.`,
      { details: { limit: MAX_KEYS, used } },
    )
  }
  sql.exec(
    'INSERT INTO key (id, hash, name, role, create_time, expire_time) VALUES (?, ?, ?, ?, ?, ?)',
    keyId,
    hash,
    name,
    role,
    nowMs,
    expireTimeMs,
  )
  note(sql, 'create_key', keyId, { actor, requestId }, nowMs)
  return { id: keyId, name, role, createTimeMs: nowMs, expireTimeMs, lastUsedTimeMs: null }
}

/** In the order of creation. */
export function listKeys(sql: SqlStorage): KeyRecord[] {
  return sql.exec<KeyRow>('SELECT * FROM key ORDER BY create_time, id').toArray().map(toRecord)
}

/** @throws ResourceError `not_found` */
export function deleteKey(
  sql: SqlStorage,
  { keyId, actor, requestId }: AccountMethods['revokeKey']['args'],
  nowMs: number,
): KeyRecord {
  const row = findKey(sql, keyId)
  if (row === undefined) throw new ResourceError('not_found', 'This account has no such key.')
  sql.exec('DELETE FROM key WHERE id = ?', keyId)
  note(sql, 'revoke_key', keyId, { actor, requestId }, nowMs)
  return toRecord(row)
}

export function readAudit(sql: SqlStorage, after: number, limit: number): AccountMethods['audit']['value'] {
  const most = Math.min(limit, MAX_AUDIT_PAGE)
  const rows = sql
    .exec<{ seq: number; time: number; actor: string; action: string; resource: string; request_id: string }>(
      'SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?',
      after,
      most + 1,
    )
    .toArray()
  const data = rows.slice(0, most).map((row): KeyAudit => ({
    seq: row.seq,
    timeMs: row.time,
    actor: row.actor,
    action: row.action as KeyAudit['action'],
    resource: row.resource,
    requestId: row.request_id,
  }))
  const last = data.at(-1)
  return { data, ...(rows.length > most && last !== undefined ? { next: last.seq } : {}) }
}

function note(
  sql: SqlStorage,
  action: KeyAudit['action'],
  keyId: string,
  { actor, requestId }: { readonly actor: string; readonly requestId: string },
  nowMs: number,
): void {
  const { seq } = sql
    .exec<{ seq: number }>(
      'INSERT INTO audit (time, actor, action, resource, request_id) VALUES (?, ?, ?, ?, ?) RETURNING seq',
      nowMs,
      actor,
      action,
      // As an actor is written, so that what a key did is found beside what was done to it.
      `key:${keyId}`,
      requestId,
    )
    .one()
  sql.exec('DELETE FROM audit WHERE seq <= ?', seq - KEPT_AUDIT_ROWS)
}

function countKeys(sql: SqlStorage): number {
  return sql.exec<{ count: number }>('SELECT count(*) AS count FROM key').one().count
}

function isExpired({ expire_time: expireTime }: KeyRow, nowMs: number): boolean {
  return expireTime !== null && expireTime <= nowMs
}

function isSame(stored: string, presented: string): boolean {
  const [known, given] = [stored, presented].map((text) => new TextEncoder().encode(text)) as [Uint8Array, Uint8Array]
  return known.byteLength === given.byteLength && crypto.subtle.timingSafeEqual(known, given)
}

function toRecord(row: KeyRow): KeyRecord {
  return {
    id: row.id,
    name: row.name,
    role: row.role as KeyRole,
    createTimeMs: row.create_time,
    expireTimeMs: row.expire_time,
    lastUsedTimeMs: row.last_used_time,
  }
}
