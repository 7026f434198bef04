// Reading what dump.ts writes: into a live object as a whole, in one transaction; into one that is being filled, and that nobody sees yet,
// page by page, whatever its size.

import { ResourceError } from '../wire/errors.ts'
import { incompleteDump, invalidLine, parseLine, toPlaceholder, toSqlValue, type Line } from './dump-lines.ts'
import { LineReader } from './lines.ts'
import { countRows } from './rows.ts'
import type { Migration } from './storage.ts'
import { quote, typeTables } from './tables.ts'

/** What is loaded into a live object is in memory until all of it is there. */
const MAX_LOADED_CHARACTERS = 64 * 1024 ** 2
/** Of what is filled: one transaction. */
const PAGE_CHARACTERS = 512 * 1024

/** A dump that was read to its end. */
export interface Dump {
  readonly schemaVersion: number
  readonly lines: readonly Line[]
}

/** @throws ResourceError `invalid_request` naming the first line that is not one of a dump, or when its end is missing; `too_large` */
export async function readDump(stream: ReadableStream<Uint8Array>): Promise<Dump> {
  const source = await DumpSource.open(stream)
  const lines: Line[] = []
  for (let size = 0; ;) {
    const page = await source.nextPage()
    if (page === undefined) return { schemaVersion: source.schemaVersion, lines }
    for (const line of page.lines) lines.push(line)
    size += page.size
    if (size > MAX_LOADED_CHARACTERS)
      throw new ResourceError(
        'too_large',
        `A live resource takes a dump of ${MAX_LOADED_CHARACTERS} characters at most.`,
      )
  }
}

/**
 * Replaces the type's content by a dump's, inside the caller's transaction.
 *
 * @throws ResourceError `invalid_request` for a dump of a newer release, or rows that do not fit the schema
 */
export function replaceContent(sql: SqlStorage, dump: Dump, migrations: readonly Migration[]): void {
  // Tables refer to each other in any order, and are complete at the commit.
  sql.exec('PRAGMA defer_foreign_keys = ON')
  const writer = new TableWriter(sql, dump.schemaVersion, migrations)
  writer.add(dump.lines)
  writer.finish()
}

/**
 * Fills an object that nobody else reads or writes meanwhile, in as many transactions as it takes: one that breaks off leaves a part,
 * and is begun again.
 *
 * @param storage the object's own, for what is no transaction
 * @throws as {@link replaceContent}
 */
export async function fillTables(
  stream: ReadableStream<Uint8Array>,
  storage: DurableObjectStorage,
  migrations: readonly Migration[],
  write: (change: (sql: SqlStorage) => void) => Promise<void>,
): Promise<void> {
  const source = await DumpSource.open(stream)
  let writer: TableWriter | undefined
  await write((sql) => (writer = new TableWriter(sql, source.schemaVersion, migrations)))
  // Between two transactions; inside one it would have no effect. Rows refer to others that are yet to come.
  await scheduler.wait(0)
  storage.sql.exec('PRAGMA foreign_keys = OFF')
  try {
    for (let page = await source.nextPage(); page !== undefined; page = await source.nextPage()) {
      const { lines } = page
      await write(() => writer?.add(lines))
    }
    await write((sql) => {
      writer?.finish()
      if (sql.exec('PRAGMA foreign_key_check').toArray().length > 0)
        throw new ResourceError('invalid_request', 'Rows of the dump refer to others that are not in it.')
    })
  } finally {
    await scheduler.wait(0)
    storage.sql.exec('PRAGMA foreign_keys = ON')
  }
}

/** Lines of a dump, a page at a time. */
class DumpSource {
  readonly schemaVersion: number
  readonly #lines: LineReader
  #count = 1
  #isAtEnd = false

  private constructor(lines: LineReader, schemaVersion: number) {
    this.#lines = lines
    this.schemaVersion = schemaVersion
  }

  static async open(stream: ReadableStream<Uint8Array>): Promise<DumpSource> {
    const lines = new LineReader(stream)
    const text = await lines.next()
    const header = text === undefined ? undefined : parseLine(text, 0)
    if (header === undefined || !('schema_version' in header)) throw incompleteDump()
    return new DumpSource(lines, header.schema_version)
  }

  /** @returns undefined after the line that says that this was all @throws ResourceError when there is none */
  async nextPage(): Promise<{ readonly lines: readonly Line[]; readonly size: number } | undefined> {
    if (this.#isAtEnd) return undefined
    const lines: Line[] = []
    let size = 0
    while (size < PAGE_CHARACTERS) {
      const text = await this.#lines.next()
      if (text === '') continue
      if (text === undefined) throw incompleteDump()
      const line = parseLine(text, this.#count++)
      if ('end' in line) {
        if ((await this.#lines.next()) !== undefined) throw invalidLine(this.#count)
        this.#isAtEnd = true
        break
      }
      lines.push(line)
      size += text.length
    }
    return { lines, size }
  }
}

/** Writes lines into tables that it makes by the type's migrations. What a dump names is only ever looked up. */
class TableWriter {
  readonly #sql: SqlStorage
  readonly #laterSteps: readonly Migration[]
  readonly #tables: ReadonlySet<string>
  /** Statements that make the schema's triggers: what they did is in the dump already. */
  readonly #triggers: readonly string[]
  #table: { readonly name: string; readonly columns: readonly string[] } | undefined
  /** By table. */
  readonly #added = new Map<string, number>()
  #count = 0

  constructor(sql: SqlStorage, schemaVersion: number, migrations: readonly Migration[]) {
    if (schemaVersion > migrations.length)
      throw new ResourceError('invalid_request', 'The dump was made by a newer release: upgrade the server.')
    this.#sql = sql
    this.#laterSteps = migrations.slice(schemaVersion)
    dropTypeTables(sql)
    for (const step of migrations.slice(0, schemaVersion)) step(sql)
    this.#triggers = dropTriggers(sql)
    this.#tables = new Set(typeTables(sql).map(({ name }) => name))
    // What a migration put in is in the dump, too, as it was by then.
    for (const table of this.#tables) sql.exec(`DELETE FROM ${quote(table)}`)
  }

  /** @throws ResourceError `invalid_request`; what the engine throws when it is not the row that is at fault */
  add(lines: readonly Line[]): void {
    for (const line of lines) {
      this.#count += 1
      try {
        this.#addLine(line)
      } catch (error) {
        if (error instanceof ResourceError || isOfDisk(error)) throw error
        // Whatever else SQLite has against a row: it is the dump that does not fit.
        throw invalidLine(this.#count)
      }
    }
  }

  /** Brings what was written up to date. @throws ResourceError `invalid_request` when a row has taken another's place */
  finish(): void {
    for (const [name, added] of this.#added)
      if (countRows(this.#sql, { name }) !== added)
        throw new ResourceError('invalid_request', `Rows of the dump replace each other in the table "${name}".`)
    for (const trigger of this.#triggers) this.#sql.exec(trigger)
    for (const step of this.#laterSteps) step(this.#sql)
  }

  #addLine(line: Line): void {
    if ('table' in line && this.#tables.has(line.table)) {
      this.#table = { name: line.table, columns: line.columns }
    } else if ('row' in line && this.#table !== undefined) {
      const { name, columns } = this.#table
      const places = line.row.map(toPlaceholder).join(', ')
      const statement = `INSERT INTO ${quote(name)} (${columns.map(quote).join(', ')}) VALUES (${places})`
      this.#sql.exec(statement, ...line.row.map(toSqlValue))
      this.#added.set(name, (this.#added.get(name) ?? 0) + 1)
    } else if ('sequence' in line && this.#table !== undefined) {
      const { name } = this.#table
      this.#sql.exec('DELETE FROM sqlite_sequence WHERE name = ?', name)
      const digits = typeof line.sequence === 'number' ? String(line.sequence) : line.sequence.integer
      this.#sql.exec('INSERT INTO sqlite_sequence (name, seq) VALUES (?, CAST(? AS INTEGER))', name, digits)
    } else {
      throw new TypeError('no line of a dump at this place')
    }
  }
}

/** The disk's fault, or the engine's: the same dump may fit another time. */
function isOfDisk(error: unknown): boolean {
  return error instanceof Error && /SQLITE_(FULL|IOERR|NOMEM|CORRUPT|READONLY|CANTOPEN|BUSY)/.test(error.message)
}

/** Ends the type's tables with all that belongs to them. Part of the caller's transaction. */
export function dropTypeTables(sql: SqlStorage): void {
  sql.exec('PRAGMA defer_foreign_keys = ON')
  // Virtual ones first: their tables go with them.
  for (const { name } of typeTables(sql).toSorted((a, b) => Number(b.isVirtual) - Number(a.isVirtual)))
    sql.exec(`DROP TABLE ${quote(name)}`)
  const views = sql.exec<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'view'").toArray()
  for (const { name } of views) sql.exec(`DROP VIEW ${quote(name)}`)
}

function dropTriggers(sql: SqlStorage): string[] {
  const triggers = sql
    .exec<{ name: string; sql: string }>("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY rowid")
    .toArray()
  for (const { name } of triggers) sql.exec(`DROP TRIGGER ${quote(name)}`)
  return triggers.map((trigger) => trigger.sql)
}
