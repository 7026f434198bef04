// What a copy of an object has for a schema: that which the type's migrations make, and nothing else. So whatever an object has besides
// would vanish on the way, and is found here.

import type { Migration } from './storage.ts'
import { notCopied, quote, typeTables } from './tables.ts'

interface Part {
  readonly type: string
  readonly name: string
}

/** Names of everything, and of each table's columns. */
type Schema = ReadonlyMap<string, string>

/** Of each type, for as long as the process lives: its migrations do not change. */
const made = new WeakMap<object, Schema>()

/**
 * Makes the schema of an object that has nothing of the type yet. The first time, what it has then is kept: a copy's first look at a large
 * object would else have to make room for another schema beside what is there, while every object of the process waits.
 *
 * @param type whose migrations these are: the class
 */
export function makeSchema(sql: SqlStorage, type: object, migrations: readonly Migration[]): void {
  // What is there before its time, whoever made it, is none of theirs.
  const isFirst = !made.has(type) && readSchema(sql).size === 0
  for (const step of migrations) step(sql)
  if (isFirst) made.set(type, readSchema(sql))
}

/**
 * @param type whose migrations these are: the class
 * @throws ResourceError `invalid_request` naming a table, column, index, trigger or view that no migration made
 */
export function requireMadeByMigrations(
  storage: DurableObjectStorage,
  type: object,
  migrations: readonly Migration[],
): void {
  const known = made.get(type) ?? readMade(storage, migrations)
  made.set(type, known)
  for (const [key, what] of readSchema(storage.sql))
    if (!known.has(key)) throw notCopied(`${what}, which was not made by its migrations`)
}

/** Lets the migrations make their schema beside what is here, in a transaction that is given up. */
function readMade(storage: DurableObjectStorage, migrations: readonly Migration[]): Schema {
  const { sql } = storage
  const undone = new Error('undone')
  let schema: Schema = new Map()
  try {
    storage.transactionSync(() => {
      // A view takes its triggers with it.
      for (const dropped of ['trigger', 'view', 'index'])
        for (const { name } of readParts(sql).filter(({ type }) => type === dropped))
          sql.exec(`DROP ${dropped} ${quote(name)}`)
      for (const [index, { name }] of typeTables(sql).entries())
        sql.exec(`ALTER TABLE ${quote(name)} RENAME TO biplane_aside_${index}`)
      for (const step of migrations) step(sql)
      schema = readSchema(sql)
      throw undone
    })
  } catch (error) {
    if (error !== undone) throw error
  }
  return schema
}

function readSchema(sql: SqlStorage): Schema {
  const parts = readParts(sql).map(({ type, name }) => [`${type} ${name}`, `the ${type} "${name}"`] as const)
  const columns = typeTables(sql).flatMap((table) =>
    sql
      .exec<{ name: string }>('SELECT name FROM pragma_table_xinfo(?)', table.name)
      .toArray()
      .map(({ name }) => [`column ${table.name}.${name}`, `the column "${name}" of "${table.name}"`] as const),
  )
  return new Map([...parts, ...columns])
}

/** Without what is ours, the engine's or SQLite's. */
function readParts(sql: SqlStorage): Part[] {
  const tables = new Set(typeTables(sql).map(({ name }) => name))
  return sql
    .exec<{ type: string; name: string }>('SELECT type, name FROM sqlite_schema WHERE sql IS NOT NULL')
    .toArray()
    .filter(({ type, name }) => type !== 'table' || tables.has(name))
}
