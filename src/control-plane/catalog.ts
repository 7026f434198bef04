// The catalog: one row per resource of a shard. The only module that reads and writes the table `resource`.

import type { Descriptor } from '../wire/descriptor.ts'
import { ResourceError, type ErrorData } from '../wire/errors.ts'
import type { ResourceRecord, ResourceState } from '../wire/resource.ts'

export type Phase = 'creating' | 'live' | 'purging' | 'purged'

/** A row with its JSON columns parsed. */
export interface CatalogRow {
  readonly id: string
  readonly account: string
  readonly name: string | null
  readonly nameKey: string | null
  readonly cell: string
  readonly phase: Phase
  readonly isListed: boolean
  readonly incarnation: number
  readonly desiredVersion: number
  readonly appliedVersion: number
  readonly descriptor: Descriptor
  readonly params: unknown
  readonly failure: ErrorData | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, string>>
  readonly revision: number
  readonly createTimeMs: number
  readonly updateTimeMs: number
  readonly deleteTimeMs: number | null
  readonly clockDue: number | null
}

type Stored = Record<string, string | number | null>

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

/** @throws ResourceError `already_exists` when another resource of the account has the name, whatever its case */
export function requireFreeName(sql: SqlStorage, account: string, nameKey: string, exceptId?: string): void {
  const holder = sql
    .exec<{ id: string }>('SELECT id FROM resource WHERE account = ? AND name_key = ?', account, nameKey)
    .toArray()[0]
  if (holder !== undefined && holder.id !== exceptId) {
    throw new ResourceError(
      'already_exists',
      'Another resource of this account has that name: choose another one, or leave it out.',
      {
        details: { existing_id: holder.id },
      },
    )
  }
}

/** The next rows of an account in the order of creation: one range of one index, so a page costs the same anywhere in the list. */
export function listRows(sql: SqlStorage, account: string, afterMs: number, limit: number): CatalogRow[] {
  return sql
    .exec<Stored>(
      'SELECT * FROM resource WHERE listed = 1 AND account = ? AND create_time > ? ORDER BY create_time LIMIT ?',
      account,
      afterMs,
      limit,
    )
    .toArray()
    .map(toRow)
}

/** The form of a name that decides whether two are the same: NFC and case-folded. */
export function toNameKey(name: string): string {
  return name.normalize('NFC').toUpperCase().toLowerCase()
}

export function toRecord(row: CatalogRow): ResourceRecord {
  return {
    id: row.id,
    type: row.descriptor.type,
    account: row.account,
    name: row.name,
    cell: row.cell,
    state: stateOf(row),
    visibility: row.descriptor.visibility,
    allowedOrigins: row.descriptor.allowedOrigins,
    labels: row.labels,
    metadata: row.metadata,
    createTimeMs: row.createTimeMs,
    updateTimeMs: row.updateTimeMs,
    deleteTimeMs: row.deleteTimeMs,
    revision: row.revision,
  }
}

function stateOf(row: CatalogRow): ResourceState {
  if (row.descriptor.mode === 'deleted') {
    return row.phase === 'purging' || row.phase === 'purged' ? 'deleted' : 'deleting'
  }
  return row.phase === 'creating' ? 'creating' : row.descriptor.mode
}

const COLUMNS = [
  'id',
  'account',
  'name',
  'name_key',
  'cell',
  'phase',
  'listed',
  'incarnation',
  'desired_version',
  'applied_version',
  'descriptor',
  'params',
  'failure',
  'labels',
  'metadata',
  'revision',
  'create_time',
  'update_time',
  'delete_time',
  'clock_due',
] as const

/** In the order of COLUMNS. */
function toValues(row: CatalogRow): (string | number | null)[] {
  return [
    row.id,
    row.account,
    row.name,
    row.nameKey,
    row.cell,
    row.phase,
    row.isListed ? 1 : 0,
    row.incarnation,
    row.desiredVersion,
    row.appliedVersion,
    JSON.stringify(row.descriptor),
    row.params === undefined ? null : JSON.stringify(row.params),
    row.failure === undefined ? null : JSON.stringify(row.failure),
    JSON.stringify(row.labels),
    JSON.stringify(row.metadata),
    row.revision,
    row.createTimeMs,
    row.updateTimeMs,
    row.deleteTimeMs,
    row.clockDue,
  ]
}

function toRow(stored: Stored): CatalogRow {
  const json = (column: string): unknown => (stored[column] === null ? undefined : JSON.parse(String(stored[column])))
  return {
    id: String(stored['id']),
    account: String(stored['account']),
    name: stored['name'] as string | null,
    nameKey: stored['name_key'] as string | null,
    cell: String(stored['cell']),
    phase: stored['phase'] as Phase,
    isListed: stored['listed'] === 1,
    incarnation: Number(stored['incarnation']),
    desiredVersion: Number(stored['desired_version']),
    appliedVersion: Number(stored['applied_version']),
    descriptor: json('descriptor') as Descriptor,
    params: json('params'),
    failure: json('failure') as ErrorData | undefined,
    labels: json('labels') as Record<string, string>,
    metadata: json('metadata') as Record<string, string>,
    revision: Number(stored['revision']),
    createTimeMs: Number(stored['create_time']),
    updateTimeMs: Number(stored['update_time']),
    deleteTimeMs: stored['delete_time'] as number | null,
    clockDue: stored['clock_due'] as number | null,
  }
}
