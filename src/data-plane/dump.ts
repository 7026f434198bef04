// Streaming an object's tables: what is small is read in one turn, what is large page by page in the order of its keys, with nothing held
// open in between. Equal content gives equal bytes.

import { ResourceError } from '../wire/errors.ts'
import {
  quote,
  toJsonValue,
  toPlaceholder,
  toSqlValue,
  typeTables,
  type JsonValue,
  type Line,
  type TypeTable,
} from './dump-lines.ts'

/** Read in one turn, whoever writes meanwhile: consistent, and little enough to be held by many objects at once. */
const AT_ONCE_BYTES = 8 * 1024 ** 2
/** Of a page: what one turn reads at most, but for a single row. */
const PAGE_BYTES = 512 * 1024
const PAGE_ROWS = 1_000
/** Rows whose sizes are looked at for the first page; later as many as twice the last one had. */
const FIRST_ROWS = 32

const encoder = new TextEncoder()

/**
 * Streams every table of the type.
 *
 * @param isUnchanged whether nothing was written since: asked before each page of a large content, which has no other consistency
 * @throws ResourceError `invalid_request` for a type with virtual tables; the stream fails with `unavailable` when it is changed
 */
export function dumpTables(
  sql: SqlStorage,
  schemaVersion: number,
  isUnchanged: () => boolean,
): ReadableStream<Uint8Array> {
  const pages = toPages(sql, schemaVersion)
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        for (let bytes = 0; bytes < AT_ONCE_BYTES;) {
          const { value, done } = pages.next()
          if (done === true) return controller.close()
          bytes += value.byteLength
          controller.enqueue(value)
        }
      },
      pull(controller) {
        if (!isUnchanged()) throw changedMeanwhile()
        const { value, done } = pages.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      },
    },
    // What was read at once is more than is waited for.
    { highWaterMark: 1 },
  )
}

export function changedMeanwhile(): ResourceError {
  return new ResourceError(
    'unavailable',
    'The content is large and was changed while it was copied: make the resource read-only first, or try again.',
    { applied: 'no', retryAfterSeconds: 1 },
  )
}

function* toPages(sql: SqlStorage, schemaVersion: number): Generator<Uint8Array> {
  yield toText([{ schema_version: schemaVersion }])
  for (const table of typeTables(sql)) {
    if (table.isVirtual)
      throw new ResourceError(
        'invalid_request',
        `The type has the virtual table "${table.name}": it must override dump() and load().`,
      )
    yield* toTablePages(sql, table)
  }
  yield toText([{ end: true }])
}

function* toTablePages(sql: SqlStorage, table: TypeTable): Generator<Uint8Array> {
  const columns = readColumns(sql, table)
  yield toText([{ table: table.name, columns: columns.names }])
  let after: readonly JsonValue[] | undefined
  let most = FIRST_ROWS
  do {
    const page = readPage(sql, table, columns, after, most)
    if (page.rows.length > 0) yield toText(page.rows)
    after = page.last
    most = Math.min(2 * page.rows.length + 1, PAGE_ROWS)
  } while (after !== undefined)
  const sequence = readSequence(sql, table.name)
  if (sequence !== undefined) yield toText([{ sequence }])
}

interface Columns {
  /** All that can be written back: the rowid first, where nothing else is it. */
  readonly names: readonly string[]
  /** By which rows are in order, and each is found. */
  readonly key: readonly string[]
}

function readColumns(sql: SqlStorage, { name, hasRowid }: TypeTable): Columns {
  // Without generated columns.
  const columns = sql
    .exec<{ name: string; type: string; pk: number }>('SELECT name, type, pk FROM pragma_table_info(?)', name)
    .toArray()
  const names = columns.map((column) => column.name)
  const keyed = columns.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk)
  if (!hasRowid) return { names, key: keyed.map((column) => column.name) }
  const [only] = keyed
  if (keyed.length === 1 && only?.type.toUpperCase() === 'INTEGER') return { names, key: [only.name] }
  const taken = new Set(names.map((column) => column.toLowerCase()))
  const rowid = ['rowid', '_rowid_', 'oid'].find((alias) => !taken.has(alias))
  if (rowid === undefined)
    throw new ResourceError('invalid_request', `Columns of "${name}" hide its rowid: the type must override dump().`)
  return { names: [rowid, ...names], key: [rowid] }
}

/** @param most rows @returns the lines of a page, and the key of its last row; without one at the end */
function readPage(
  sql: SqlStorage,
  { name }: TypeTable,
  { names, key }: Columns,
  after: readonly JsonValue[] | undefined,
  most: number,
): { readonly rows: Line[]; readonly last?: readonly JsonValue[] } {
  const keys = key.map(quote).join(', ')
  const beyond = after === undefined ? '' : `WHERE (${keys}) > (${after.map(toPlaceholder).join(', ')})`
  const range = `FROM ${quote(name)} ${beyond} ORDER BY ${keys} LIMIT`
  const bindings = (after ?? []).map(toSqlValue)
  const sizes = names.map((column) => `coalesce(octet_length(${quote(column)}), 0)`).join(' + ')
  // How many of them fit, by what SQLite knows without reading them.
  const { fitting } = sql
    .exec<{ fitting: number }>(
      `SELECT count(*) AS fitting FROM (SELECT sum(bytes) OVER (ROWS UNBOUNDED PRECEDING) AS sum
       FROM (SELECT ${sizes} AS bytes ${range} ?)) WHERE sum <= ?`,
      ...bindings,
      most,
      PAGE_BYTES,
    )
    .one()
  const limit = Math.max(fitting, 1)
  const columns = [...key.map(quote), ...key.map(digitsOf), ...names.map(quote)].join(', ')
  const raw = [...sql.exec(`SELECT ${columns} ${range} ?`, ...bindings, limit).raw<SqlStorageValue[]>()]
  const found = raw.map((values) => {
    const own = key.map((_, index): JsonValue => {
      const digits = values[key.length + index]
      return typeof digits === 'string' ? { integer: digits } : toJsonValue(values[index] ?? null, () => undefined)
    })
    const row = values
      .slice(2 * key.length)
      .map((value, index) => toJsonValue(value, () => readDigits(sql, name, names[index] ?? '', key, own)))
    return { line: { row }, own }
  })
  const rows = found.map(({ line }) => line)
  const last = found.at(-1)?.own
  return raw.length < limit || last === undefined ? { rows } : { rows, last }
}

/** A number has 53 bits, an integer of SQLite 64: its digits, where they say more. */
function digitsOf(column: string): string {
  const name = quote(column)
  return `CASE WHEN typeof(${name}) = 'integer' AND abs(${name} / 2) > ${Number.MAX_SAFE_INTEGER / 2} THEN CAST(${name} AS TEXT) END`
}

function readDigits(
  sql: SqlStorage,
  table: string,
  column: string,
  key: readonly string[],
  values: readonly JsonValue[],
): string | undefined {
  const where = key.map((name, index) => `${quote(name)} = ${toPlaceholder(values[index] ?? null)}`).join(' AND ')
  const query = `SELECT ${digitsOf(column)} AS digits FROM ${quote(table)} WHERE ${where}`
  return sql.exec<{ digits: string | null }>(query, ...values.map(toSqlValue)).toArray()[0]?.digits ?? undefined
}

function readSequence(sql: SqlStorage, table: string): number | undefined {
  const hasAny = sql.exec("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").toArray().length === 1
  if (!hasAny) return undefined
  return sql.exec<{ seq: number }>('SELECT seq FROM sqlite_sequence WHERE name = ?', table).toArray()[0]?.seq
}

function toText(lines: readonly Line[]): Uint8Array {
  return encoder.encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
}
