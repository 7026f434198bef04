// The generic content of an object as JSON lines: a header with the version of the type's schema, every table's rows, and a line that says
// that this was all. A copy never brings its own schema: the type's migrations make it, so that nothing in a dump is ever run, and one of
// an older release is brought up to date. Types with large content, or with virtual tables, override dump() and load().

import { base64url } from 'jose'
import { ResourceError } from '../wire/errors.ts'
import { SYSTEM_PREFIX } from './storage.ts'

export type Line =
  | { readonly schema_version: number }
  /** From here on rows are this table's, with these columns. */
  | { readonly table: string; readonly columns: readonly string[] }
  | { readonly row: readonly JsonValue[] }
  /** Of a table with AUTOINCREMENT: the largest number that it ever gave out. */
  | { readonly sequence: number }
  | { readonly end: true }

/** What JSON does not have: blobs as base64url, integers beyond 2^53 as their digits, and what is not finite. */
export type JsonValue =
  | string
  | number
  | null
  | { readonly blob: string }
  | { readonly integer: string }
  | { readonly real: 'Infinity' | '-Infinity' }

/** @throws ResourceError `invalid_request` @param index from 0, the header */
export function parseLine(text: string, index: number): Line {
  try {
    const line = JSON.parse(text) as Record<string, unknown>
    const { schema_version: schemaVersion, table, columns, row, sequence, end } = line
    if (Number.isSafeInteger(schemaVersion) && index === 0) return { schema_version: Number(schemaVersion) }
    if (typeof table === 'string' && Array.isArray(columns) && columns.every((name) => typeof name === 'string')) {
      return { table, columns }
    }
    if (Array.isArray(row) && row.every(isJsonValue)) return { row }
    if (Number.isSafeInteger(sequence)) return { sequence: Number(sequence) }
    if (end === true) return { end }
  } catch {
    // Falls through to the one refusal.
  }
  throw invalidLine(index)
}

/** @param index from 0, the header */
export function invalidLine(index: number): ResourceError {
  return new ResourceError('invalid_request', `Line ${index + 1} of the dump is not valid.`)
}

export function incompleteDump(): ResourceError {
  return new ResourceError('invalid_request', 'The dump is not complete.')
}

function isJsonValue(value: unknown): value is JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'number') return true
  if (typeof value !== 'object') return false
  if ('integer' in value) return typeof value.integer === 'string' && /^-?\d{1,19}$/.test(value.integer)
  if ('real' in value) return value.real === 'Infinity' || value.real === '-Infinity'
  return 'blob' in value && typeof value.blob === 'string'
}

/** @param digits asks for the digits of a value that may be an integer beyond what a number can say; undefined when it is none */
export function toJsonValue(value: SqlStorageValue, digits: () => string | undefined): JsonValue {
  if (value instanceof ArrayBuffer) return { blob: base64url.encode(new Uint8Array(value)) }
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  if (!Number.isFinite(value)) return { real: value > 0 ? 'Infinity' : '-Infinity' }
  const integer = Number.isInteger(value) ? digits() : undefined
  return integer === undefined ? value : { integer }
}

export function toSqlValue(value: JsonValue): SqlStorageValue {
  if (typeof value !== 'object' || value === null) return value
  if ('integer' in value) return value.integer
  if ('real' in value) return value.real === 'Infinity' ? Infinity : -Infinity
  const bytes = base64url.decode(value.blob)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
}

/** Of a value's place in a statement. */
export function toPlaceholder(value: JsonValue): string {
  return typeof value === 'object' && value !== null && 'integer' in value ? 'CAST(? AS INTEGER)' : '?'
}

export interface TypeTable {
  readonly name: string
  readonly hasRowid: boolean
  readonly isVirtual: boolean
}

/** What the type's migrations made, in the order of their names: no tables of ours, the engine's or SQLite's. */
export function typeTables(sql: SqlStorage): TypeTable[] {
  return sql
    .exec<{ name: string; type: string; wr: number }>(
      `SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')
       AND substr(name, 1, ?) <> ? AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
       ORDER BY name`,
      SYSTEM_PREFIX.length,
      SYSTEM_PREFIX,
    )
    .toArray()
    .map(({ name, type, wr }) => ({ name, hasRowid: wr === 0, isVirtual: type === 'virtual' }))
}

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
