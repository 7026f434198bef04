// What an account has in a shard, table by table: read in pages, stored by the receiver as it was, and deleted in steps. While an account is
// copied nothing of it changes, so that a position in the order of a key is all there is to remember.

import { ResourceError } from '../../wire/errors.ts'
import type { MovedRows, ShardCounters } from '../../wire/shard-move.ts'
import { observeTime } from '../meta.ts'
import { transferKey } from '../work.ts'

type Value = string | number | null
type StoredRow = Record<string, Value>

interface Part {
  readonly table: string
  readonly key: readonly string[]
  /** Of an account's rows, those that one index has in the order of `order`; `?1` is the account. */
  readonly where: string
  /** Unique among them. Default: the key. */
  readonly order?: readonly string[]
}

const OF_ACCOUNT = 'account = ?1'

/** Work on the account as a whole, and what it gives away; that on a resource goes with its row. */
const OWN_WORK = `key IN (SELECT 'hold:' || ?1 UNION ALL
  SELECT 'operation:' || id FROM operation WHERE account = ?1 AND state = 'running' UNION ALL
  SELECT key FROM work WHERE key > '${transferKey('')}' AND key < 'transfer;' AND json_extract(cursor, '$.from') = ?1)`

const PARTS: readonly Part[] = [
  { table: 'account', key: ['account'], where: OF_ACCOUNT },
  { table: 'quota', key: ['account'], where: OF_ACCOUNT },
  // Before the operations by which it is found.
  { table: 'work', key: ['key'], where: OWN_WORK },
  { table: 'resource', key: ['id'], where: `listed = 1 AND ${OF_ACCOUNT}`, order: ['create_time'] },
  { table: 'resource', key: ['id'], where: `listed = 0 AND ${OF_ACCOUNT}`, order: ['create_time'] },
  { table: 'label', key: ['account', 'key', 'value', 'create_time'], where: OF_ACCOUNT },
  { table: 'idempotency', key: ['account', 'key'], where: OF_ACCOUNT },
  { table: 'operation', key: ['id'], where: OF_ACCOUNT, order: ['create_time', 'id'] },
  { table: 'audit', key: ['account', 'seq'], where: OF_ACCOUNT },
  { table: 'event', key: ['account', 'seq'], where: OF_ACCOUNT },
  { table: 'usage_day', key: ['account', 'day', 'resource'], where: OF_ACCOUNT },
]

/** A row of the catalog with all that it may carry has 170 KB; a message between objects may have 32 MB, and memory is dear. */
const MAX_PAGE_ROWS = 200
const MAX_PAGE_CHARACTERS = 1_000_000

/** Where the next page begins. */
export interface CopyPosition {
  /** In the list of parts. */
  readonly part: number
  /** Key of the last row that was read; absent at a part's beginning. */
  readonly after?: readonly Value[]
}

export const COPY_BEGINNING: CopyPosition = { part: 0 }

/** @returns a page, and where to go on; undefined at the end */
export function readPage(
  sql: SqlStorage,
  account: string,
  from: CopyPosition,
): { readonly tables: readonly MovedRows[]; readonly next: CopyPosition | undefined } {
  const tables: MovedRows[] = []
  let position = from
  let room = { rows: MAX_PAGE_ROWS, characters: MAX_PAGE_CHARACTERS }
  for (let part = PARTS[position.part]; part !== undefined; part = PARTS[position.part]) {
    const rows: StoredRow[] = []
    for (const row of select(sql, part, account, position.after, room.rows + 1)) {
      if (room.rows === 0 || room.characters <= 0) {
        tables.push(...withWork(sql, part, rows))
        return { tables, next: position }
      }
      rows.push(withoutNulls(row))
      position = { ...position, after: orderOf(part).map((column) => row[column] ?? null) }
      room = { rows: room.rows - 1, characters: room.characters - sizeOf(row) }
    }
    if (rows.length > 0) tables.push(...withWork(sql, part, rows))
    position = { part: position.part + 1 }
  }
  return { tables, next: undefined }
}

function orderOf({ key, order = key }: Part): readonly string[] {
  return order
}

function select(
  sql: SqlStorage,
  part: Part,
  account: string,
  after: CopyPosition['after'],
  limit: number,
): Iterable<StoredRow> {
  const order = orderOf(part)
  const beyond =
    after === undefined ? '' : `AND (${order.join(', ')}) > (${order.map((_, index) => `?${index + 3}`).join(', ')})`
  return sql.exec<StoredRow>(
    `SELECT * FROM ${part.table} WHERE ${part.where} ${beyond} ORDER BY ${order.join(', ')} LIMIT ?2`,
    account,
    limit,
    ...(after ?? []),
  )
}

/** A column that is new and unused must not keep an account from moving to a shard that still runs the release before. */
function withoutNulls(row: StoredRow): StoredRow {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))
}

function sizeOf(row: StoredRow): number {
  return Object.values(row).reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 8), 0)
}

/** Rows of the catalog, with the work that their next steps are waiting in. */
function withWork(sql: SqlStorage, { table }: Part, rows: readonly StoredRow[]): MovedRows[] {
  const own = { table, rows }
  if (table !== 'resource') return [own]
  const work = rows.flatMap(({ id }) => sql.exec<StoredRow>('SELECT * FROM work WHERE key = ?', id ?? '').toArray())
  return work.length === 0 ? [own] : [own, { table: 'work', rows: work }]
}

/** Stores a page of another shard; the same one again changes nothing. Part of the caller's transaction. */
export function storePage(
  sql: SqlStorage,
  account: string,
  tables: readonly MovedRows[],
  { clockMs }: ShardCounters,
  nowMs: number,
): void {
  // Timers run on a shard's own clock: what is left of them stays.
  const shiftMs = observeTime(sql, nowMs) - clockMs
  for (const { table, rows } of tables) {
    if (!PARTS.some((part) => part.table === table))
      throw new ResourceError('unavailable', `This release knows no table "${table}" of an account.`)
    for (const row of rows) {
      if (table === 'account') storeHold(sql, account, row)
      else store(sql, table, table === 'resource' ? withShiftedTimers(row, shiftMs) : row)
    }
  }
}

function withShiftedTimers(row: StoredRow, shiftMs: number): StoredRow {
  const shifted = (value: Value | undefined): Value => (typeof value === 'number' ? value + shiftMs : null)
  return { ...row, clock_due: shifted(row['clock_due']), life_due: shifted(row['life_due']) }
}

function store(sql: SqlStorage, table: string, row: StoredRow): void {
  const columns = Object.keys(row)
  const unknown = columns.find((column) => !/^[a-z_]+$/.test(column))
  if (unknown !== undefined) throw new ResourceError('invalid_request', `"${unknown}" is no column.`)
  const values = columns.map(() => '?').join(', ')
  sql.exec(`REPLACE INTO ${table} (${columns.join(', ')}) VALUES (${values})`, ...Object.values(row))
}

/** Where the account is, this shard knows better. */
function storeHold(sql: SqlStorage, account: string, row: StoredRow): void {
  sql.exec(
    'UPDATE account SET hold = ?, hold_version = ?, limits = ?, is_over = ? WHERE account = ?',
    ...['hold', 'hold_version', 'limits', 'is_over'].map((column) => row[column] ?? null),
    account,
  )
}

/** Of a thousand rows a deletion takes some milliseconds. */
const MAX_CLEARED_ROWS = 500

/** Deletes some of what an account left behind, but for where it is. @returns whether nothing is left */
export function clearSome(sql: SqlStorage, account: string): boolean {
  let room = MAX_CLEARED_ROWS
  for (const { table, key, where } of PARTS) {
    if (table === 'account') continue
    const columns = key.join(', ')
    const some = `SELECT ${columns} FROM ${table} WHERE ${where} LIMIT ?2`
    if (table === 'resource') sql.exec(`DELETE FROM work WHERE key IN (${some})`, account, room)
    const deleted = sql.exec(`DELETE FROM ${table} WHERE (${columns}) IN (${some}) RETURNING 1`, account, room)
    room -= deleted.toArray().length
    if (room <= 0) return false
  }
  return true
}
