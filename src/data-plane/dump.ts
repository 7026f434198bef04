// The generic content of an object as a stream of JSON lines: a header with the version of the type's schema, every table's rows, and a
// line that says that this was all. A copy never brings its own schema: the type's migrations make it, so that nothing in a dump is ever
// run, and one of an older release is brought up to date. Types with large content, or with virtual tables, override dump() and load().

import { base64url } from 'jose'
import { ResourceError } from '../wire/errors.ts'
import { SYSTEM_PREFIX, type Migration } from './storage.ts'

type Line =
  | { readonly schema_version: number }
  /** From here on rows are this table's, with these columns. */
  | { readonly table: string; readonly columns: readonly string[] }
  | { readonly row: readonly JsonValue[] }
  | { readonly end: true }
/** Blobs become `{"blob": base64url}`; everything else is JSON already. */
type JsonValue = string | number | null | { readonly blob: string }

/** A dump that was read to its end. */
export interface Dump {
  readonly schemaVersion: number
  readonly lines: readonly Line[]
}

const encoder = new TextEncoder()

/** Streams every table of the type, all read in one turn: consistent, and as large in memory as the content is. */
export function dumpTables(sql: SqlStorage, schemaVersion: number): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      for (const line of toLines(sql, schemaVersion)) controller.enqueue(encoder.encode(`${JSON.stringify(line)}\n`))
      controller.close()
    },
  })
}

function* toLines(sql: SqlStorage, schemaVersion: number): Generator<Line> {
  yield { schema_version: schemaVersion }
  for (const table of typeTables(sql)) {
    // Without generated columns, which cannot be written back.
    const columns = sql.exec<{ name: string }>('SELECT name FROM pragma_table_info(?)', table).toArray()
    const names = columns.map(({ name }) => name)
    yield { table, columns: names }
    for (const row of sql.exec(`SELECT ${names.map(quote).join(', ')} FROM ${quote(table)}`).raw()) {
      yield { row: row.map(toJsonValue) }
    }
  }
  yield { end: true }
}

/** What the type's migrations made: no tables of ours, the engine's or SQLite's. */
function typeTables(sql: SqlStorage): string[] {
  return sql
    .exec<{ name: string }>(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, ?) <> ?
       AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid`,
      SYSTEM_PREFIX.length,
      SYSTEM_PREFIX,
    )
    .toArray()
    .map(({ name }) => name)
}

/** @throws ResourceError `invalid_request` naming the first line that is not one of a dump, or when its end is missing */
export async function readDump(stream: ReadableStream<Uint8Array>): Promise<Dump> {
  const lines = (await new Response(stream).text())
    .split('\n')
    .filter((line) => line !== '')
    .map(parseLine)
  const [header] = lines
  const end = lines.at(-1)
  if (header === undefined || !('schema_version' in header) || end === undefined || !('end' in end)) {
    throw new ResourceError('invalid_request', 'The dump is not complete.')
  }
  return { schemaVersion: header.schema_version, lines: lines.slice(1, -1) }
}

/**
 * Replaces the type's content by a dump's, inside the caller's transaction.
 *
 * @throws ResourceError `invalid_request` for a dump of a newer release, or rows that do not fit the schema
 */
export function replaceContent(sql: SqlStorage, dump: Dump, migrations: readonly Migration[]): void {
  if (dump.schemaVersion > migrations.length) {
    throw new ResourceError('invalid_request', 'The dump was made by a newer release: upgrade the server.')
  }
  // Tables refer to each other in any order, and are complete at the commit.
  sql.exec('PRAGMA defer_foreign_keys = ON')
  for (const table of typeTables(sql)) sql.exec(`DROP TABLE ${quote(table)}`)
  for (const step of migrations.slice(0, dump.schemaVersion)) step(sql)
  const tables = typeTables(sql)
  // What a migration put in is in the dump, too, as it was by then.
  for (const table of tables) sql.exec(`DELETE FROM ${quote(table)}`)
  insertRows(sql, dump.lines, new Set(tables))
  for (const step of migrations.slice(dump.schemaVersion)) step(sql)
}

function insertRows(sql: SqlStorage, lines: readonly Line[], tables: ReadonlySet<string>): void {
  let statement: string | undefined
  for (const [index, line] of lines.entries()) {
    try {
      if ('table' in line && tables.has(line.table)) {
        const places = line.columns.map(() => '?').join(', ')
        statement = `INSERT INTO ${quote(line.table)} (${line.columns.map(quote).join(', ')}) VALUES (${places})`
      } else if ('row' in line && statement !== undefined) {
        sql.exec(statement, ...line.row.map(toSqlValue))
      } else {
        throw invalidLine(index + 1)
      }
    } catch {
      // Whatever SQLite has against a row: it is the dump that does not fit.
      throw invalidLine(index + 1)
    }
  }
}

function parseLine(text: string, index: number): Line {
  try {
    const line = JSON.parse(text) as Record<string, unknown>
    const { schema_version: schemaVersion, table, columns, row, end } = line
    if (Number.isSafeInteger(schemaVersion) && index === 0) return { schema_version: Number(schemaVersion) }
    if (typeof table === 'string' && Array.isArray(columns) && columns.every((name) => typeof name === 'string')) {
      return { table, columns }
    }
    if (Array.isArray(row) && row.every(isJsonValue)) return { row }
    if (end === true) return { end }
  } catch {
    // Falls through to the one refusal.
  }
  throw invalidLine(index)
}

/** @param index from 0, the header */
function invalidLine(index: number): ResourceError {
  return new ResourceError('invalid_request', `Line ${index + 1} of the dump is not valid.`)
}

function isJsonValue(value: unknown): value is JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'number') return true
  return typeof value === 'object' && 'blob' in value && typeof value.blob === 'string'
}

function toJsonValue(value: SqlStorageValue): JsonValue {
  return value instanceof ArrayBuffer ? { blob: base64url.encode(new Uint8Array(value)) } : value
}

function toSqlValue(value: JsonValue): SqlStorageValue {
  if (typeof value !== 'object' || value === null) return value
  const bytes = base64url.decode(value.blob)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
