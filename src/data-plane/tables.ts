// What a dump has to know of the type's tables: the columns that are written back, and the key by which rows are in order and each is found.

import { ResourceError } from '../wire/errors.ts'
import { SYSTEM_PREFIX } from './storage.ts'

/** Of columns in a table, of values in a row and of those bound to a statement: the engine's. */
const MAX_COLUMNS = 100
/** What is read beside the key, before a row itself. */
const LOOKED_AT = 3

export interface TypeTable {
  readonly name: string
  readonly hasRowid: boolean
  readonly isVirtual: boolean
  readonly isStrict: boolean
}

export interface Column {
  readonly name: string
  /** What is bound as a number is stored as an integer, where it is one. */
  readonly isNumeric: boolean
}

export interface KeyColumn {
  readonly name: string
  /** The index's own collation: the column may have another. */
  readonly collation: string
}

export interface Table {
  readonly name: string
  readonly hasRowid: boolean
  /** All that can be written back: without generated ones. */
  readonly columns: readonly Column[]
  readonly key: readonly KeyColumn[]
  /** What the rowid is called here, where no column is it: the first value of each row. */
  readonly rowid: string | undefined
}

/** What the type's migrations made, in the order of their names: no tables of ours, the engine's or SQLite's. */
export function typeTables(sql: SqlStorage): TypeTable[] {
  return sql
    .exec<{ name: string; type: string; wr: number; strict: number }>(
      `SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')
       AND substr(name, 1, ?) <> ? AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
       ORDER BY name`,
      SYSTEM_PREFIX.length,
      SYSTEM_PREFIX,
    )
    .toArray()
    .map(({ name, type, wr, strict }) => ({
      name,
      hasRowid: wr === 0,
      isVirtual: type === 'virtual',
      isStrict: strict === 1,
    }))
}

/** @throws ResourceError `invalid_request` for what has no copy, naming it */
export function describeTable(sql: SqlStorage, { name, hasRowid, isVirtual, isStrict }: TypeTable): Table {
  if (isVirtual) throw notCopied(`the virtual table "${name}"`)
  const all = sql
    .exec<{ name: string; type: string; pk: number; hidden: number }>(
      'SELECT name, type, pk, hidden FROM pragma_table_xinfo(?)',
      name,
    )
    .toArray()
  const columns = all
    .filter(({ hidden }) => hidden === 0)
    .map((column) => ({ name: column.name, isNumeric: isNumeric(column.type, isStrict) }))
  const index = primaryIndex(sql, name)
  const [keyed, more] = all.filter(({ pk }) => pk > 0)
  // With an index of its own it is no more than a column: DESC, or INT.
  const isRowid = more === undefined && keyed?.type.toUpperCase() === 'INTEGER' && index === undefined
  const rowid =
    hasRowid && !isRowid ? freeAlias(name, new Set(all.map((column) => column.name.toLowerCase()))) : undefined
  const key = hasRowid ? [{ name: rowid ?? keyed?.name ?? '', collation: 'BINARY' }] : keyOf(sql, index)
  const width = columns.length + (rowid === undefined ? 0 : 1)
  if (width > MAX_COLUMNS || key.length + LOOKED_AT > MAX_COLUMNS)
    throw notCopied(
      `the table "${name}", whose rows have ${width} values with their rowid; ${MAX_COLUMNS} can be copied`,
    )
  return { name, hasRowid, columns, key, rowid }
}

/** @param what is in the way @returns the refusal of a dump that would not be complete */
export function notCopied(what: string): ResourceError {
  return new ResourceError(
    'invalid_request',
    `The content cannot be copied: it has ${what}. Its type must override dump() and load().`,
  )
}

/** SQLite's rule for the affinity of a column: whether it is INTEGER, REAL or NUMERIC. */
function isNumeric(declared: string, isStrict: boolean): boolean {
  const type = declared.toUpperCase()
  if (type === '' || (isStrict && type === 'ANY')) return false
  return type.includes('INT') || !/CHAR|CLOB|TEXT|BLOB/.test(type)
}

function primaryIndex(sql: SqlStorage, table: string): string | undefined {
  return sql.exec<{ name: string }>("SELECT name FROM pragma_index_list(?) WHERE origin = 'pk'", table).toArray()[0]
    ?.name
}

function keyOf(sql: SqlStorage, index: string | undefined): KeyColumn[] {
  return sql
    .exec<{ name: string; coll: string }>(
      'SELECT name, coll FROM pragma_index_xinfo(?) WHERE "key" = 1 ORDER BY seqno',
      index ?? '',
    )
    .toArray()
    .map(({ name, coll }) => ({ name, collation: coll }))
}

function freeAlias(table: string, taken: ReadonlySet<string>): string {
  const rowid = ['rowid', '_rowid_', 'oid'].find((alias) => !taken.has(alias))
  if (rowid === undefined) throw notCopied(`the table "${table}", whose columns hide its rowid`)
  return rowid
}

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
