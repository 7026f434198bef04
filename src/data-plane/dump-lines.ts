// The generic content of an object as JSON lines: a header with the version of the type's schema, every table's rows, and a line that says
// that this was all. A copy never brings its own schema: the type's migrations make it, so that nothing in a dump is ever run, and one of
// an older release is brought up to date. Types with large content, or with virtual tables, override dump() and load().

import { base64url } from 'jose'
import { ResourceError } from '../wire/errors.ts'

export type Line =
  | { readonly schema_version: number }
  /** From here on rows are this table's, with these columns. */
  | { readonly table: string; readonly columns: readonly string[] }
  | { readonly row: readonly JsonValue[] }
  /** Of a table with AUTOINCREMENT: the largest number that it ever gave out. */
  | { readonly sequence: JsonInteger }
  | { readonly end: true }

/**
 * What JSON does not have: blobs as base64url, and text that is not UTF-8; integers as their digits, beyond 2^53 and where a number would
 * come back as a real; what is not finite, and the zero with a sign.
 */
export type JsonValue =
  | string
  | JsonInteger
  | null
  | { readonly blob: string }
  | { readonly text: string }
  | { readonly real: Real }

export type JsonInteger = number | { readonly integer: string }

type Real = 'Infinity' | '-Infinity' | '-0'

const REALS: Readonly<Record<Real, number>> = { Infinity: Infinity, '-Infinity': -Infinity, '-0': -0 }

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
    if (isInteger(sequence)) return { sequence }
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
  if ('integer' in value) return isInteger(value)
  if ('real' in value) return typeof value.real === 'string' && Object.hasOwn(REALS, value.real)
  if ('text' in value) return typeof value.text === 'string'
  return 'blob' in value && typeof value.blob === 'string'
}

function isInteger(value: unknown): value is JsonInteger {
  if (typeof value !== 'object' || value === null) return Number.isSafeInteger(value)
  return 'integer' in value && typeof value.integer === 'string' && /^-?\d{1,19}$/.test(value.integer)
}

/** @param digits of an integer */
export function toInteger(digits: string): JsonInteger {
  const number = Number(digits)
  return Number.isSafeInteger(number) ? number : { integer: digits }
}

/**
 * @param how.isInteger what SQLite says of it @param how.isNumeric whether a number comes back as an integer where it is one
 * @param ask for what the engine's value may not say
 */
export function toJsonValue(
  value: SqlStorageValue,
  how: { readonly isInteger: boolean; readonly isNumeric: boolean },
  ask: { readonly digits: () => string; readonly bytes: () => ArrayBuffer },
): JsonValue {
  if (value instanceof ArrayBuffer) return { blob: toBase64(value) }
  if (typeof value === 'string') return value.includes('\uFFFD') ? toText(value, ask.bytes()) : value
  if (typeof value !== 'number') return value
  if (how.isInteger) {
    const integer = Number.isSafeInteger(value) ? value : toInteger(ask.digits())
    return how.isNumeric || typeof integer !== 'number' ? integer : { integer: String(integer) }
  }
  if (Object.is(value, -0)) return { real: '-0' }
  return Number.isFinite(value) ? value : { real: value > 0 ? 'Infinity' : '-Infinity' }
}

/** The engine replaces what is not UTF-8, so text that has the replacement may have been something else. */
function toText(value: string, bytes: ArrayBuffer): JsonValue {
  return isUtf8(bytes) ? value : { text: toBase64(bytes) }
}

function isUtf8(bytes: ArrayBuffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

function toBase64(bytes: ArrayBuffer): string {
  return base64url.encode(new Uint8Array(bytes))
}

export function toSqlValue(value: JsonValue): SqlStorageValue {
  if (typeof value !== 'object' || value === null) return value
  if ('integer' in value) return value.integer
  if ('real' in value) return REALS[value.real]
  const bytes = base64url.decode('text' in value ? value.text : value.blob)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
}

/** Of a value's place in a statement. */
export function toPlaceholder(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return '?'
  if ('integer' in value) return 'CAST(? AS INTEGER)'
  return 'text' in value ? 'CAST(? AS TEXT)' : '?'
}

export function toLine(line: Line): string {
  return `${JSON.stringify(line)}\n`
}
