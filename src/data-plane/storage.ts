// What the base class keeps in an object's database beside the type's own tables, and the rules for using that database: nothing is
// created before the first descriptor, migrations are lazy and transactional, bytes are limited inside the object.

import type { Held } from '../wire/descriptor.ts'
import { ResourceError } from '../wire/errors.ts'

/** One step of a type's schema. Steps only ever get appended; each runs once per object, in order, in one transaction. */
export type Migration = (sql: SqlStorage) => void

/** Tables of the base class. `dump()` skips them, and a type must not use the prefix. */
export const SYSTEM_PREFIX = 'biplane_'

const LIFECYCLE_SCHEMA = `
  CREATE TABLE IF NOT EXISTS biplane_lifecycle (
    one INTEGER PRIMARY KEY CHECK (one = 1), held TEXT NOT NULL, schema_version INTEGER NOT NULL
  ) STRICT;
`
/** Made by the first code that is redeemed: most objects never see one, and every table costs pages and time at creation. */
const CODE_SCHEMA = `
  CREATE TABLE IF NOT EXISTS biplane_code (
    token_id TEXT PRIMARY KEY, expires_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`

export interface StoredLifecycle {
  readonly held: Held
  readonly schemaVersion: number
}

/** Reads without creating anything: an object that was merely addressed stays empty. */
export function readLifecycle(sql: SqlStorage): StoredLifecycle {
  try {
    const row = sql
      .exec<{ held: string; schema_version: number }>('SELECT held, schema_version FROM biplane_lifecycle')
      .toArray()[0]
    return row === undefined
      ? { held: { kind: 'nothing' }, schemaVersion: 0 }
      : { held: JSON.parse(row.held) as Held, schemaVersion: row.schema_version }
  } catch (error) {
    if (error instanceof Error && error.message.includes('no such table'))
      return { held: { kind: 'nothing' }, schemaVersion: 0 }
    throw error
  }
}

/** Writes what the object holds. Call inside a transaction together with what depends on it. */
export function writeLifecycle(sql: SqlStorage, held: Held, schemaVersion: number): void {
  sql.exec(LIFECYCLE_SCHEMA)
  sql.exec(
    `INSERT INTO biplane_lifecycle (one, held, schema_version) VALUES (1, ?, ?)
     ON CONFLICT (one) DO UPDATE SET held = excluded.held, schema_version = excluded.schema_version`,
    JSON.stringify(held),
    schemaVersion,
  )
}

/**
 * Runs the steps that an object has not seen, and records the new version in the same transaction.
 *
 * @returns the version that the object now has
 * @throws ResourceError `unavailable` when the object was written by a newer release of the type
 */
export function migrate(
  storage: DurableObjectStorage,
  stored: StoredLifecycle,
  migrations: readonly Migration[],
): number {
  if (stored.schemaVersion > migrations.length) {
    throw new ResourceError('unavailable', 'This resource was written by a newer release: upgrade the server.')
  }
  if (stored.schemaVersion === migrations.length) return stored.schemaVersion
  return storage.transactionSync(() => {
    for (const step of migrations.slice(stored.schemaVersion)) step(storage.sql)
    writeLifecycle(storage.sql, stored.held, migrations.length)
    return migrations.length
  })
}

/**
 * A transaction that may not leave the database larger than the limit, unless it made it smaller.
 *
 * @param beforeBytes the size that the last transaction left; measured when it is not known
 * @param note the base class's own note about the change, in the same transaction and beyond the limit: it must not refuse what makes
 * the content smaller. Answers whether it wrote anything.
 * @returns what `change` answered, and the size that it left
 * @throws ResourceError `storage_full`; everything that `change` did is rolled back
 */
export function limitedTransaction<T>(
  storage: DurableObjectStorage,
  limitBytes: number,
  beforeBytes: number | undefined,
  change: () => T,
  note: () => boolean,
): { readonly value: T; readonly bytes: number } {
  return storage.transactionSync(() => {
    const used = beforeBytes ?? storage.sql.databaseSize
    const value = change()
    const bytes = storage.sql.databaseSize
    if (bytes > limitBytes && bytes > used) {
      throw new ResourceError(
        'storage_full',
        `This resource may hold ${limitBytes} bytes, and this change would make it ${bytes}.`,
        { details: { limit: limitBytes, used } },
      )
    }
    return { value, bytes: note() ? storage.sql.databaseSize : bytes }
  })
}

/** Marks a one-time code as used. @returns false when it was used before */
export function useCode(storage: DurableObjectStorage, tokenId: string, expiresAtMs: number, nowMs: number): boolean {
  return storage.transactionSync(() => {
    storage.sql.exec(CODE_SCHEMA)
    storage.sql.exec('DELETE FROM biplane_code WHERE expires_ms < ?', nowMs)
    const inserted = storage.sql.exec(
      'INSERT INTO biplane_code (token_id, expires_ms) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING 1',
      tokenId,
      expiresAtMs,
    )
    return inserted.toArray().length === 1
  })
}

/** The one-time codes that were used, and when each may be forgotten. */
export function readCodes(sql: SqlStorage): [tokenId: string, expiresMs: number][] {
  const hasTable = sql.exec("SELECT 1 FROM sqlite_schema WHERE name = 'biplane_code'").toArray().length === 1
  if (!hasTable) return []
  return sql
    .exec<{ token_id: string; expires_ms: number }>('SELECT token_id, expires_ms FROM biplane_code ORDER BY token_id')
    .toArray()
    .map((row) => [row.token_id, row.expires_ms])
}

/** Replaces them. Part of the caller's transaction. */
export function writeCodes(sql: SqlStorage, codes: Iterable<readonly [tokenId: string, expiresMs: number]>): void {
  sql.exec('DROP TABLE IF EXISTS biplane_code')
  for (const code of codes) {
    sql.exec(CODE_SCHEMA)
    sql.exec('REPLACE INTO biplane_code (token_id, expires_ms) VALUES (?, ?)', ...code)
  }
}

/** What the strictest engine stores in one value. A larger one would work here and be lost on the way there. */
export const MAX_VALUE_BYTES: number = 2 * 1024 ** 2

const encoder = new TextEncoder()

/**
 * The object's SQL with the limit on what is bound to a statement.
 *
 * @throws ResourceError `too_large` from `exec`, before the statement runs
 */
export function limitValues(sql: SqlStorage): SqlStorage {
  const limited: Pick<SqlStorage, 'exec' | 'databaseSize'> = {
    exec(query, ...bindings) {
      for (const value of bindings) requireSmall(value)
      return sql.exec(query, ...bindings)
    },
    get databaseSize() {
      return sql.databaseSize
    },
  }
  // The rest of the interface are classes for `instanceof`.
  return Object.assign(limited, { Cursor: sql.Cursor, Statement: sql.Statement })
}

function requireSmall(value: unknown): void {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return requireBytes(value.byteLength)
  // Three bytes are the most that UTF-8 takes for one UTF-16 unit.
  if (typeof value === 'string' && value.length * 3 > MAX_VALUE_BYTES) requireBytes(encoder.encode(value).byteLength)
}

function requireBytes(bytes: number): void {
  if (bytes <= MAX_VALUE_BYTES) return
  throw new ResourceError(
    'too_large',
    `One stored value may have ${MAX_VALUE_BYTES} bytes, and this one has ${bytes}.`,
    {
      details: { limit: MAX_VALUE_BYTES },
    },
  )
}
