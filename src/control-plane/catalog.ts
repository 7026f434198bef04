// The catalog: one row per resource of a shard. The only module that reads and writes the table `resource`.

import { ResourceError } from '../wire/errors.ts'
import type { ListRequest } from '../wire/planes.ts'
import type { ResourceUsage } from '../wire/resource.ts'
import { COLUMNS, toNameKey, toRow, toValues, type CatalogRow, type Stored } from './row.ts'

/**
 * Records a new resource, before its object exists: from here on it can be listed, deleted and brought to its end.
 *
 * @step 4
 */
export function insertRow(sql: SqlStorage, row: CatalogRow): void {
  const values = COLUMNS.map(() => '?').join(', ')
  sql.exec(`INSERT INTO resource (${COLUMNS.join(', ')}) VALUES (${values})`, ...toValues(row))
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

/** Rows that are scanned for a page at most: one on which a search matches nothing costs half of a full page of 200 rows (measured). */
const MAX_SCANNED_ROWS = 2_000

/**
 * The next page of an account in the order of creation: one range of one index, so that it costs the same anywhere in the list.
 *
 * @returns `next`, where to go on; undefined at the end
 */
export function scanRows(
  sql: SqlStorage,
  account: string,
  { after, limit, order = 'ascending', deleted = false, search }: ListRequest,
): { readonly rows: CatalogRow[]; readonly next: number | undefined } {
  const isAscending = order === 'ascending'
  const [beyond, until, direction] = isAscending ? (['>', '<=', 'ASC'] as const) : (['<', '>=', 'DESC'] as const)
  const start = isAscending || after > 0 ? after : Number.MAX_SAFE_INTEGER
  const range = `FROM resource WHERE ${deleted ? 'purge_time IS NOT NULL' : 'listed = 1'} AND account = ? AND create_time ${beyond} ?`
  const inOrder = `ORDER BY create_time ${direction} LIMIT`
  const filter = search === undefined ? '' : 'AND (instr(name_key, ?) > 0 OR id = ?)'
  const wanted = search === undefined ? [] : [toNameKey(search), search]
  // By the index alone: the last row of the range that this page may look at, when there are so many.
  const last =
    search === undefined
      ? undefined
      : sql
          .exec<{ create_time: number }>(
            `SELECT create_time ${range} ${inOrder} 1 OFFSET ?`,
            account,
            start,
            MAX_SCANNED_ROWS - 1,
          )
          .toArray()[0]?.create_time
  const bound = last === undefined ? '' : `AND create_time ${until} ?`
  const bounds = last === undefined ? [] : [last]
  const rows = sql
    .exec<Stored>(
      `SELECT * ${range} ${bound} ${filter} ${inOrder} ?`,
      account,
      start,
      ...bounds,
      ...wanted,
      // One more says whether there are more.
      limit + 1,
    )
    .toArray()
    .map(toRow)
  const page = rows.slice(0, limit)
  return { rows: page, next: rows.length > limit ? page.at(-1)?.createTimeMs : last }
}

/**
 * Records what an object said about itself, beside everything that {@link updateRow} writes: neither revision nor update time
 * changes. What was written before the last known write is not news; but a time that is yet to come was told by a wrong clock.
 *
 * @returns false when there is no such row, or only its tombstone
 */
export function recordUsage(
  sql: SqlStorage,
  { id, incarnation }: Pick<CatalogRow, 'id' | 'incarnation'>,
  { bytes, writeTimeMs }: Omit<ResourceUsage, 'reportTimeMs'>,
  nowMs: number,
): boolean {
  const known = sql
    .exec<{ time: number | null }>(
      "SELECT usage_write_time AS time FROM resource WHERE id = ? AND incarnation = ? AND phase <> 'purged'",
      id,
      incarnation,
    )
    .toArray()[0]
  if (known === undefined) return false
  if (known.time !== null && known.time > writeTimeMs && known.time <= nowMs) return true
  sql.exec(
    'UPDATE resource SET usage_bytes = ?, usage_write_time = ?, usage_report_time = ? WHERE id = ?',
    bytes,
    writeTimeMs,
    nowMs,
    id,
  )
  return true
}
