// The catalog: one row per resource of a shard. The only module that reads and writes the table `resource`.

import { ResourceError } from '../wire/errors.ts'
import type { ResourceUsage } from '../wire/resource.ts'
import { COLUMNS, toRow, toValues, type CatalogRow, type Stored } from './row.ts'

/**
 * Records a new resource, before its object exists: from here on it can be listed, deleted and brought to its end.
 *
 * @step 4
 */
export function insertRow(sql: SqlStorage, row: CatalogRow): void {
  const values = COLUMNS.map(() => '?').join(', ')
  sql.exec(`INSERT INTO resource (${COLUMNS.join(', ')}) VALUES (${values})`, ...toValues(row))
  // One that another shard had has reported before.
  const { usage } = row
  if (usage !== undefined) recordUsage(sql, row, usage, usage.reportTimeMs)
}

/** Replaces a row as a whole; `revision` must have been raised by whoever changed what clients see. */
export function updateRow(sql: SqlStorage, row: CatalogRow): void {
  const [, ...changed] = COLUMNS
  sql.exec(
    `UPDATE resource SET ${changed.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`,
    ...toValues(row).slice(1),
    row.id,
  )
}

export function deleteRow(sql: SqlStorage, id: string): void {
  sql.exec('DELETE FROM resource WHERE id = ?', id)
}

export function findRow(sql: SqlStorage, id: string): CatalogRow | undefined {
  const stored = readStored(sql, id)
  return stored === undefined ? undefined : toRow(stored)
}

/** The row as it is stored, for `inspect`. */
export function readStored(sql: SqlStorage, id: string): Stored | undefined {
  return sql.exec<Stored>('SELECT * FROM resource WHERE id = ?', id).toArray()[0]
}

/** @throws ResourceError `not_found`, also for another account's resource: existence is nobody else's business */
export function ownedRow(sql: SqlStorage, id: string, account: string): CatalogRow {
  const row = findRow(sql, id)
  if (row === undefined || row.account !== account) throw new ResourceError('not_found', 'There is no such resource.')
  return row
}

/**
 * @param wayOut what the caller can do about it
 * @throws ResourceError `already_exists` when another resource of the account has the name, whatever its case
 */
export function requireFreeName(
  sql: SqlStorage,
  account: string,
  nameKey: string,
  { exceptId, wayOut }: { readonly exceptId?: string; readonly wayOut: string },
): void {
  const holder = sql
    .exec<{ id: string }>('SELECT id FROM resource WHERE listed = 1 AND account = ? AND name_key = ?', account, nameKey)
    .toArray()[0]
  if (holder !== undefined && holder.id !== exceptId) {
    throw new ResourceError('already_exists', `Another resource of this account has that name: ${wayOut}.`, {
      details: { existing_id: holder.id },
    })
  }
}

/** Rows of an account in the order of creation, also those that are not listed: of each index the next, merged. */
export function pageOfAccount(sql: SqlStorage, account: string, after: number, limit: number): CatalogRow[] {
  return [1, 0]
    .flatMap((listed) =>
      sql
        .exec<Stored>(
          `SELECT * FROM resource WHERE listed = ${listed} AND account = ? AND create_time > ? ORDER BY create_time LIMIT ?`,
          account,
          after,
          limit,
        )
        .toArray(),
    )
    .map(toRow)
    .toSorted((a, b) => a.createTimeMs - b.createTimeMs)
    .slice(0, limit)
}

/** All rows of the shard in the order of their identifiers. */
export function pageOfShard(sql: SqlStorage, after: string, limit: number): CatalogRow[] {
  return sql.exec<Stored>('SELECT * FROM resource WHERE id > ? ORDER BY id LIMIT ?', after, limit).toArray().map(toRow)
}

/** Deleted rows that can be restored, in the order of creation, of those that were deleted before a time. */
export function restorableRows(
  sql: SqlStorage,
  account: string,
  after: number,
  beforeMs: number,
  limit: number,
): CatalogRow[] {
  return sql
    .exec<Stored>(
      `SELECT * FROM resource WHERE purge_time IS NOT NULL AND account = ? AND create_time > ? AND delete_time <= ?
       ORDER BY create_time LIMIT ?`,
      account,
      after,
      beforeMs,
      limit,
    )
    .toArray()
    .map(toRow)
}

/**
 * Records what an object said about itself, beside everything that {@link updateRow} writes: neither revision nor update time
 * changes. What was written before the last known write is not news; but a time that is yet to come was told by a wrong clock.
 *
 * @returns `unknown` when there is no such row, or only its tombstone; `stale` for what is no news
 */
export function recordUsage(
  sql: SqlStorage,
  { id, incarnation }: Pick<CatalogRow, 'id' | 'incarnation'>,
  { bytes, writeTimeMs }: Omit<ResourceUsage, 'reportTimeMs'>,
  nowMs: number,
): 'unknown' | 'stale' | 'taken' {
  const known = sql
    .exec<{ time: number | null }>(
      "SELECT usage_write_time AS time FROM resource WHERE id = ? AND incarnation = ? AND phase <> 'purged'",
      id,
      incarnation,
    )
    .toArray()[0]
  if (known === undefined) return 'unknown'
  if (known.time !== null && known.time > writeTimeMs && known.time <= nowMs) return 'stale'
  sql.exec(
    'UPDATE resource SET usage_bytes = ?, usage_write_time = ?, usage_report_time = ? WHERE id = ?',
    bytes,
    writeTimeMs,
    nowMs,
    id,
  )
  return 'taken'
}
