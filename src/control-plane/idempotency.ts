// Idempotency keys: the client's name for one creation. The record is written with the intent, in the same transaction; a refusal
// leaves none, so that a corrected request may use the key again.

import { ResourceError } from '../wire/errors.ts'

export interface IdempotencyKey {
  readonly key: string
  /** Hash of method, route and canonical body. */
  readonly fingerprint: string
}

/** @returns the resource that this key has created already @throws ResourceError `idempotency_key_reused` for another request */
export function findByKey(
  sql: SqlStorage,
  account: string,
  { key, fingerprint }: IdempotencyKey,
  nowMs: number,
): string | undefined {
  const record = sql
    .exec<{ fingerprint: string; resource: string }>(
      'SELECT fingerprint, resource FROM idempotency WHERE account = ? AND key = ? AND expires > ?',
      account,
      key,
      nowMs,
    )
    .toArray()[0]
  if (record !== undefined && record.fingerprint !== fingerprint) {
    throw new ResourceError(
      'idempotency_key_reused',
      'This Idempotency-Key was used with another body: use a new key for a new request.',
    )
  }
  return record?.resource
}

export function recordKey(
  sql: SqlStorage,
  account: string,
  { key, fingerprint }: IdempotencyKey,
  resource: string,
  expires: number,
): void {
  sql.exec(
    'REPLACE INTO idempotency (account, key, fingerprint, resource, expires) VALUES (?, ?, ?, ?, ?)',
    account,
    key,
    fingerprint,
    resource,
    expires,
  )
}

/** A creation that failed for good was a refusal after all: its key is free again. */
export function forgetKeysOf(sql: SqlStorage, resource: string): void {
  sql.exec('DELETE FROM idempotency WHERE resource = ?', resource)
}

/** What a key has created is gone, and another resource has its identifier: who asks again is told so. */
export function orphanKeysOf(sql: SqlStorage, resource: string): void {
  sql.exec("UPDATE idempotency SET resource = '' WHERE resource = ?", resource)
}

/** Removes some expired records; called now and then, bounded so that it never delays a request. */
export function expireKeys(sql: SqlStorage, nowMs: number): void {
  sql.exec(
    'DELETE FROM idempotency WHERE (account, key) IN (SELECT account, key FROM idempotency WHERE expires <= ? LIMIT 500)',
    nowMs,
  )
}
