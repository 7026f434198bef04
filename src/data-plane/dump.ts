// The generic content of an object as a stream: one JSON line per table, per row, and per index, and one that says that this was all: a
// copy that broke off replaces nothing. The base class's tables are skipped,
// since a copy belongs to another descriptor. Types with large content, or with virtual tables, override dump() and load().

import { base64url } from 'jose'
import { ResourceError } from '../wire/errors.ts'
import { SYSTEM_PREFIX } from './storage.ts'

/** `table`: from here on rows are this table's. `index`: whatever else the schema has, to be run at the end. */
type Line =
  | { readonly table: string; readonly sql: string }
  | { readonly index: string; readonly sql: string }
  | { readonly row: readonly JsonValue[] }
  | { readonly end: true }
/** Blobs become `{"blob": base64url}`; everything else is JSON already. */
type JsonValue = string | number | null | { readonly blob: string }

const encoder = new TextEncoder()

/** Streams every table of the type, all read in one turn: consistent, and as large in memory as the content is. */
export function dumpTables(sql: SqlStorage): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      for (const line of toLines(sql)) controller.enqueue(encoder.encode(`${JSON.stringify(line)}\n`))
      controller.close()
    },
  })
}

function* toLines(sql: SqlStorage): Generator<Line> {
  for (const { name, sql: statement } of readSchema(sql, 'table')) {
    yield { table: name, sql: statement }
    for (const row of sql.exec(`SELECT * FROM ${quote(name)}`).raw()) yield { row: row.map(toJsonValue) }
  }
  for (const { name, sql: statement } of readSchema(sql, 'index')) yield { index: name, sql: statement }
  yield { end: true }
}

/** What the type declared itself: no tables of ours, the engine's or SQLite's, and no index that comes with its table. */
function readSchema(sql: SqlStorage, kind: 'table' | 'index'): { name: string; sql: string }[] {
  return sql
    .exec<{ name: string; sql: string }>(
      `SELECT name, sql FROM sqlite_schema WHERE type = ? AND sql IS NOT NULL AND substr(tbl_name, 1, ?) <> ?
       AND tbl_name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND tbl_name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid`,
      kind,
      SYSTEM_PREFIX.length,
      SYSTEM_PREFIX,
    )
    .toArray()
}

/**
 * Reads a dump to its end and checks it. @returns what replaces the content, to be run in one transaction
 * @throws ResourceError `invalid_request` naming the first line that is not one of a dump, or when its end is missing
 */
export async function loadTables(stream: ReadableStream<Uint8Array>): Promise<(sql: SqlStorage) => void> {
  const lines = (await new Response(stream).text()).split('\n').filter((line) => line !== '')
  const parsed = lines.map(parseLine)
  const end = parsed.pop()
  if (end === undefined || !('end' in end)) throw new ResourceError('invalid_request', 'The dump is not complete.')
  return (sql) => {
    // Tables refer to each other in any order, and are complete at the commit.
    sql.exec('PRAGMA defer_foreign_keys = ON')
    // Tables that the dump does not have are not part of the content that it replaces it by.
    for (const { name } of readSchema(sql, 'table')) sql.exec(`DROP TABLE ${quote(name)}`)
    let table = ''
    for (const line of parsed) {
      if ('row' in line) {
        sql.exec(
          `INSERT INTO ${quote(table)} VALUES (${line.row.map(() => '?').join(', ')})`,
          ...line.row.map(toSqlValue),
        )
      } else if ('sql' in line) {
        sql.exec(line.sql)
        if ('table' in line) table = line.table
      }
    }
  }
}

function parseLine(text: string, index: number): Line {
  try {
    const {
      table,
      index: name,
      sql,
      row,
      end,
    } = JSON.parse(text) as Partial<Record<'table' | 'index' | 'sql', string>> & { row?: JsonValue[]; end?: unknown }
    const isOwn = typeof sql === 'string' && isDeclaration(sql)
    if (isOwn && typeof table === 'string' && !SYSTEM_NAME.test(table)) return { table, sql }
    if (isOwn && typeof name === 'string') return { index: name, sql }
    if (Array.isArray(row) && index > 0) return { row }
    if (end === true) return { end }
  } catch {
    // Falls through to the one refusal.
  }
  throw new ResourceError('invalid_request', `Line ${index + 1} of the dump is not valid.`)
}

/** Names that are not the type's, in any case: SQLite makes no difference. */
const SYSTEM_NAME = /\b(biplane|_cf|sqlite)_/i

/** Whether `sql` declares one table or index of the type and does nothing else: a dump may come from anybody. */
function isDeclaration(sql: string): boolean {
  // What is left of strings and comments is nothing, of quoted names what the next line looks for.
  const code = sql.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--.*|\/\*[\s\S]*?\*\//g, (token) =>
    /^["`[]/.test(token) ? token.replaceAll(';', '') : ' ',
  )
  return /^CREATE (TABLE|(UNIQUE )?INDEX) /.test(code) && !code.includes(';') && !SYSTEM_NAME.test(code)
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
