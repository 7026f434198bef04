// Reading a table's rows in the order of its key, exactly: what SQLite says of them first, without reading them, then as many as fit.

import type { ResourceError } from '../wire/errors.ts'
import { toInteger, toJsonValue, toLine, type JsonValue } from './dump-lines.ts'
import { MAX_LINE_BYTES } from './lines.ts'
import { MAX_VALUE_BYTES } from './storage.ts'
import { notCopied, quote, type Table } from './tables.ts'

/** Of a page: what one turn reads at most, but for a single row. */
const PAGE_BYTES = 512 * 1024
/** Text of control characters has six bytes a byte in a line; nothing has more. */
const LINE_FACTOR = 6
/** Rows of which a survey asks in one turn: some milliseconds. */
const SURVEYED_ROWS = 10_000

/** A value of a key, exact, in its place in a statement. */
interface KeyValue {
  readonly place: string
  readonly value: SqlStorageValue
}

export type RowKey = readonly KeyValue[]

interface Look {
  readonly key: RowKey
  /** Of each column, the first letter of the type of what it has. */
  readonly kinds: string
  readonly bytes: number
}

export interface Page {
  readonly lines: readonly string[]
  /** Of the last row; absent at the end. */
  readonly last?: RowKey
}

/**
 * @param after the key of the row before @param most rows
 * @throws ResourceError `invalid_request` naming the value, or row, that cannot be loaded again
 */
export function readPage(sql: SqlStorage, table: Table, after: RowKey | undefined, most: number): Page {
  const looks = look(sql, table, range(table, after, '>'), most)
  let fitting = 0
  for (let bytes = 0; fitting < looks.length; fitting++) {
    bytes += looks[fitting]?.bytes ?? 0
    if (fitting > 0 && bytes > PAGE_BYTES) break
  }
  const read = looks.slice(0, fitting)
  const lines = readRows(sql, table, read, range(table, after, '>'))
  const last = read.at(-1)?.key
  return last === undefined || (read.length === looks.length && looks.length < most) ? { lines } : { lines, last }
}

export function countRows(sql: SqlStorage, { name }: Pick<Table, 'name'>): number {
  return sql.exec<{ rows: number }>(`SELECT count(*) AS rows FROM ${quote(name)}`).one().rows
}

/**
 * Looks for rows that {@link readPage} would refuse, among as many as one turn may look at.
 *
 * @returns where to go on; undefined at the end @throws what readPage throws
 */
export function surveyRows(sql: SqlStorage, table: Table, after: RowKey | undefined): RowKey | undefined {
  const found = range(table, after, '>')
  for (const doubtful of look(sql, table, found, SURVEYED_ROWS, 'WHERE doubtful'))
    readRows(sql, table, [doubtful], range(table, doubtful.key, '='))
  return look(sql, table, found, 1, '', SURVEYED_ROWS - 1)[0]?.key
}

interface Range {
  readonly text: string
  readonly bindings: readonly SqlStorageValue[]
}

/** The collation is said at the value: at the column of a comparison it would keep the index from being used. */
function range({ name, key }: Table, than: RowKey | undefined, compared: '>' | '='): Range {
  const collations = key.map(({ collation }) => `COLLATE ${quote(collation)}`)
  const columns = key.map((column) => quote(column.name))
  const values = (than ?? []).map(({ place }, index) => `${place} ${collations[index]}`)
  const where = than === undefined ? '' : `WHERE (${columns.join(', ')}) ${compared} (${values.join(', ')})`
  return {
    text: `FROM ${quote(name)} ${where} ORDER BY ${columns.map((column, index) => `${column} ${collations[index]}`).join(', ')}`,
    bindings: (than ?? []).map(({ value }) => value),
  }
}

/** What SQLite knows of rows without reading what is long in them. */
function look(sql: SqlStorage, table: Table, { text, bindings }: Range, most: number, where = '', offset = 0): Look[] {
  const names = table.columns.map(({ name }) => quote(name))
  const bytes = names.map((name) => `coalesce(octet_length(${name}), 0)`)
  const sum = joined(bytes, ' + ')
  const isLarge = joined(
    bytes.map((size) => `${size} > ${MAX_VALUE_BYTES}`),
    ' OR ',
  )
  const keys = table.key.map(
    ({ name }) => `CASE typeof(${quote(name)})
    WHEN 'integer' THEN CAST(${quote(name)} AS TEXT) WHEN 'text' THEN CAST(${quote(name)} AS BLOB) ELSE ${quote(name)} END`,
  )
  const keyKinds = joined(
    table.key.map(({ name }) => kindOf(quote(name))),
    ' || ',
  )
  const query = `SELECT ${keys.join(', ')}, ${keyKinds} || ${joined(names.map(kindOf), ' || ')}, ${sum} AS bytes`
  const doubtful = `${isLarge} OR ${sum} > ${Math.floor(MAX_LINE_BYTES / LINE_FACTOR)}`
  const from =
    where === ''
      ? `${query} ${text} LIMIT ? OFFSET ${offset}`
      : `SELECT * FROM (${query}, ${doubtful} AS doubtful ${text} LIMIT ?) ${where}`
  const width = table.key.length
  return [...sql.exec(from, ...bindings, most).raw<SqlStorageValue[]>()].map((values) => {
    const kinds = values[width] as string
    return {
      key: table.key.map((_, index) => toKeyValue(values[index] ?? null, kinds[index])),
      kinds: kinds.slice(width),
      bytes: Number(values[width + 1]),
    }
  })
}

/** As one expression that is not deeper than the engine allows. */
function joined(parts: readonly string[], operator: string): string {
  const half = Math.ceil(parts.length / 2)
  if (parts.length < 2) return parts[0] ?? "''"
  return `(${joined(parts.slice(0, half), operator)}${operator}${joined(parts.slice(half), operator)})`
}

function kindOf(name: string): string {
  return `substr(typeof(${name}), 1, 1)`
}

/** Of a rowid. */
function digitsOf(id: KeyValue | undefined): string {
  return typeof id?.value === 'string' ? id.value : ''
}

/** With a plus before it, a cast has no affinity that the column would take over in a comparison. */
function toKeyValue(value: SqlStorageValue, kind: string | undefined): KeyValue {
  if (kind === 'i') return { place: '+CAST(? AS INTEGER)', value }
  return { place: kind === 't' ? '+CAST(? AS TEXT)' : '?', value }
}

/** @param looks at what is first in the range @returns lines */
function readRows(sql: SqlStorage, table: Table, looks: readonly Look[], { text, bindings }: Range): string[] {
  for (const { key, bytes } of looks) if (bytes > MAX_LINE_BYTES) throw tooLong(table, key)
  if (looks.length === 0) return []
  const names = table.columns.map(({ name }) => quote(name)).join(', ')
  const read = [...sql.exec(`SELECT ${names} ${text} LIMIT ?`, ...bindings, looks.length).raw<SqlStorageValue[]>()]
  return looks.map(({ key, kinds }, index) => {
    const row = table.columns.map(({ name, isNumeric }, at): JsonValue => {
      const value = read[index]?.[at] ?? null
      if (bytesOf(value) > MAX_VALUE_BYTES) throw tooLarge(table, name, key)
      const how = { isInteger: kinds[at] === 'i', isNumeric }
      return toJsonValue(value, how, {
        digits: () => readAs<string>(sql, table, name, key, 'TEXT'),
        bytes: () => readAs<ArrayBuffer>(sql, table, name, key, 'BLOB'),
      })
    })
    const line = toLine({ row: table.rowid === undefined ? row : [toInteger(digitsOf(key[0])), ...row] })
    if (bytesOf(line) > MAX_LINE_BYTES) throw tooLong(table, key)
    return line
  })
}

/** The same value as digits, or as bytes, where what the engine makes of it is not exact. */
function readAs<T extends string | ArrayBuffer>(
  sql: SqlStorage,
  table: Table,
  column: string,
  key: RowKey,
  as: 'TEXT' | 'BLOB',
): T {
  const { text, bindings } = range(table, key, '=')
  return sql.exec<{ value: T }>(`SELECT CAST(${quote(column)} AS ${as}) AS value ${text}`, ...bindings).one().value
}

const encoder = new TextEncoder()

function bytesOf(value: SqlStorageValue): number {
  if (value instanceof ArrayBuffer) return value.byteLength
  if (typeof value !== 'string') return 0
  // Three bytes are the most that UTF-8 takes for one UTF-16 unit.
  return value.length * 3 > MAX_VALUE_BYTES ? encoder.encode(value).byteLength : value.length
}

function tooLarge(table: Table, column: string, key: RowKey): ResourceError {
  return notCopied(`a value of more than ${MAX_VALUE_BYTES} bytes in the column "${column}" of ${rowOf(table, key)}`)
}

function tooLong(table: Table, key: RowKey): ResourceError {
  return notCopied(`more than ${MAX_LINE_BYTES} bytes in ${rowOf(table, key)}`)
}

/** Content is nobody's business but its owner's: a rowid says which row it is, another key would say what is in it. */
function rowOf({ name, hasRowid }: Table, [id]: RowKey): string {
  return hasRowid ? `row ${digitsOf(id)} of the table "${name}"` : `a row of the table "${name}"`
}
