// The generic content of an object as a stream: one JSON line per table and per row. The base class's tables are skipped, since a
// copy belongs to another descriptor. Types with a better form of their own override dump() and load().

import { base64url } from 'jose'
import { ResourceError } from '../wire/errors.ts'
import { SYSTEM_PREFIX } from './storage.ts'

type Line = { readonly table: string; readonly sql: string } | { readonly row: readonly JsonValue[] }
/** Blobs become `{"blob": base64url}`; everything else is JSON already. */
type JsonValue = string | number | null | { readonly blob: string }

const encoder = new TextEncoder()

/** Streams every table of the type. Rows are read table by table; a table is read in one turn, so that it is consistent. */
export function dumpTables(sql: SqlStorage): ReadableStream<Uint8Array> {
  const tables = sql
    .exec<{ name: string; sql: string }>(
      `SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, ?) <> ? AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'
       AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`,
      SYSTEM_PREFIX.length,
      SYSTEM_PREFIX,
    )
    .toArray()
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const table = tables.shift()
      if (table === undefined) return controller.close()
      controller.enqueue(toLine({ table: table.name, sql: table.sql }))
      for (const row of sql.exec(`SELECT * FROM ${quote(table.name)}`).raw()) {
        controller.enqueue(
          toLine({
            row: row.map((value) =>
              value instanceof ArrayBuffer ? { blob: base64url.encode(new Uint8Array(value)) } : value,
            ),
          }),
        )
      }
    },
  })
}

/**
 * Reads a dump to its end and checks it. @returns what replaces the tables, to be run in one transaction
 * @throws ResourceError `invalid_request` naming the first line that is not one of a dump
 */
export async function loadTables(stream: ReadableStream<Uint8Array>): Promise<(sql: SqlStorage) => void> {
  const lines = (await new Response(stream).text()).split('\n').filter((line) => line !== '')
  const parsed = lines.map(parseLine)
  return (sql) => {
    let table = ''
    for (const line of parsed) {
      if ('table' in line) {
        table = line.table
        sql.exec(`DROP TABLE IF EXISTS ${quote(table)}`)
        sql.exec(line.sql)
      } else {
        const values = line.row.map((value) =>
          typeof value === 'object' && value !== null ? toBuffer(value.blob) : value,
        )
        sql.exec(`INSERT INTO ${quote(table)} VALUES (${values.map(() => '?').join(', ')})`, ...values)
      }
    }
  }
}

function parseLine(text: string, index: number): Line {
  try {
    const line = JSON.parse(text) as Partial<Record<'table' | 'sql', string> & { row: JsonValue[] }>
    if (typeof line.table === 'string' && typeof line.sql === 'string' && !line.table.startsWith(SYSTEM_PREFIX)) {
      return { table: line.table, sql: line.sql }
    }
    if (Array.isArray(line.row) && index > 0) return { row: line.row }
  } catch {
    // Falls through to the one refusal.
  }
  throw new ResourceError('invalid_request', `Line ${index + 1} of the dump is not valid.`)
}

function toLine(line: Line): Uint8Array {
  return encoder.encode(`${JSON.stringify(line)}\n`)
}

function toBuffer(blob: string): ArrayBuffer {
  const bytes = base64url.decode(blob)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
