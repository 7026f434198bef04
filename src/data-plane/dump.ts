// Streaming an object's tables: what is small is read in one turn, what is large page by page in the order of its keys, with nothing held
// open in between. Equal content gives equal bytes. What could not be loaded again is refused here.

import { ResourceError } from '../wire/errors.ts'
import { toInteger, toLine, type Line } from './dump-lines.ts'
import { requireMadeByMigrations } from './made-schema.ts'
import { countRows, readPage, surveyRows, type RowKey } from './rows.ts'
import type { Migration } from './storage.ts'
import { describeTable, notCopied, typeTables, type Table } from './tables.ts'

/** Read in one turn, whoever writes meanwhile: consistent, and little enough to be held by many objects at once. */
const AT_ONCE_BYTES = 8 * 1024 ** 2
const PAGE_ROWS = 1_000
/** Rows that are looked at for the first page; later as many as twice the last one had. */
const FIRST_ROWS = 32
/** Of a survey before a copy, whose caller waits: what it has not seen by then, the copy itself refuses. */
const SURVEY_MS = 3_000

const encoder = new TextEncoder()

/** What a dump is of. */
export interface Content {
  readonly storage: DurableObjectStorage
  /** The class, whose migrations these are. */
  readonly type: object
  readonly migrations: readonly Migration[]
}

/**
 * Streams every table of the type.
 *
 * @param isUnchanged whether nothing was written since: asked before each page of a large content, which has no other consistency
 * @throws ResourceError `invalid_request` naming what cannot be loaded again; of a large content, the stream fails with it, and with
 * `unavailable` when it is changed
 */
export function dumpTables(content: Content, isUnchanged: () => boolean): ReadableStream<Uint8Array> {
  const pages = toPages(content.storage.sql, content.migrations.length, requireTables(content))
  // Here and not in the stream: an error inside of one has lost its code where it arrives.
  const first: Uint8Array[] = []
  let isAtEnd = false
  for (let bytes = 0; bytes < AT_ONCE_BYTES && !isAtEnd;) {
    const { value, done } = pages.next()
    isAtEnd = done === true
    if (value === undefined) continue
    first.push(value)
    bytes += value.byteLength
  }
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        for (const page of first.splice(0)) controller.enqueue(page)
        if (isAtEnd) controller.close()
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

/**
 * Looks at all of the content, as far as there is time, for what {@link dumpTables} refuses: before anybody waits for a copy.
 *
 * @throws ResourceError `invalid_request` naming it
 */
export async function requireDumpable(content: Content): Promise<void> {
  const endMs = Date.now() + SURVEY_MS
  for (const table of requireTables(content)) {
    let after: RowKey | undefined
    do {
      after = surveyRows(content.storage.sql, table, after)
      // Whoever else waits for this object comes first.
      await scheduler.wait(0)
    } while (after !== undefined && Date.now() < endMs)
  }
}

export function changedMeanwhile(): ResourceError {
  return new ResourceError(
    'unavailable',
    'The content is large and was changed while it was copied: make the resource read-only first, or try again.',
    { applied: 'no', retryAfterSeconds: 1 },
  )
}

/** All that goes into a dump. @throws ResourceError `invalid_request` naming what would be left behind */
function requireTables({ storage, type, migrations }: Content): Table[] {
  const tables = typeTables(storage.sql).map((table) => describeTable(storage.sql, table))
  requireMadeByMigrations(storage, type, migrations)
  for (const [key] of storage.kv.list({ limit: 1 })) throw notCopied(`the entry "${key}" in storage.kv`)
  return tables
}

function* toPages(sql: SqlStorage, schemaVersion: number, tables: readonly Table[]): Generator<Uint8Array, undefined> {
  yield toBytes([{ schema_version: schemaVersion }])
  for (const table of tables) yield* toTablePages(sql, table)
  yield toBytes([{ end: true }])
}

function* toTablePages(sql: SqlStorage, table: Table): Generator<Uint8Array> {
  const { name, columns, rowid } = table
  const names = columns.map((column) => column.name)
  yield toBytes([{ table: name, columns: rowid === undefined ? names : [rowid, ...names] }])
  const count = countRows(sql, table)
  let written = 0
  let after: RowKey | undefined
  let most = FIRST_ROWS
  do {
    const { lines, last } = readPage(sql, table, after, most)
    if (lines.length > 0) yield encoder.encode(lines.join(''))
    written += lines.length
    after = last
    most = Math.min(2 * lines.length + 1, PAGE_ROWS)
  } while (after !== undefined)
  // Better no copy than one without some of it.
  if (written !== count)
    throw new ResourceError('internal', `The copy of the table "${name}" has ${written} of ${count} rows.`)
  const sequence = readSequence(sql, name)
  if (sequence !== undefined) yield toBytes([{ sequence: toInteger(sequence) }])
}

/** @returns its digits */
function readSequence(sql: SqlStorage, table: string): string | undefined {
  const hasAny = sql.exec("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").toArray().length === 1
  if (!hasAny) return undefined
  const query = 'SELECT CAST(CAST(seq AS INTEGER) AS TEXT) AS digits FROM sqlite_sequence WHERE name = ?'
  return sql.exec<{ digits: string }>(query, table).toArray()[0]?.digits
}

function toBytes(lines: readonly Line[]): Uint8Array {
  return encoder.encode(lines.map(toLine).join(''))
}
