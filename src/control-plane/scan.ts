// Lists: pages of the catalog in the order of creation. Each is one range of one index, so that it costs the same anywhere in the list; the
// rows *scanned* for it are bounded, so a page may be short.

import { toNameKey } from '../identity/caller-name.ts'
import type { CountResult, ListFilter, ListRequest } from '../wire/planes.ts'
import { countOf } from './accounts/quota.ts'
import { toRow, type CatalogRow, type Stored } from './row.ts'

/** Rows that are scanned for a page at most: one on which a search matches nothing costs half of a full page of 200 rows (measured). */
const MAX_SCANNED_ROWS = 2_000
/** Counting reads less of each row. */
const MAX_COUNTED_ROWS = 20_000

/** SQL and what is bound to it. */
interface Part {
  readonly text: string
  readonly values: readonly (string | number)[]
}

/**
 * The next page of an account.
 *
 * @returns `next`, where to go on; undefined at the end
 */
export function scanRows(
  sql: SqlStorage,
  account: string,
  request: ListRequest,
): { readonly rows: CatalogRow[]; readonly next: number | undefined } {
  const { after, limit, order = 'ascending' } = request
  const [beyond, until, direction] =
    order === 'ascending' ? (['>', '<=', 'ASC'] as const) : (['<', '>=', 'DESC'] as const)
  const start = order === 'ascending' || after > 0 ? after : Number.MAX_SAFE_INTEGER
  const range = toRange(account, request, beyond, start)
  const filter = toFilter(request)
  const time = timeColumn(request.label)
  const inOrder = `ORDER BY ${time} ${direction} LIMIT`
  const last = filter.text === '' ? undefined : scannedUntil(sql, time, range, inOrder, MAX_SCANNED_ROWS)
  const bound = last === undefined ? '' : `AND ${time} ${until} ?`
  const rows = sql
    .exec<Stored>(
      `SELECT r.* ${range.text} ${bound} ${filter.text} ${inOrder} ?`,
      ...range.values,
      ...(last === undefined ? [] : [last]),
      ...filter.values,
      // One more says whether there are more.
      limit + 1,
    )
    .toArray()
    .map(toRow)
  const page = rows.slice(0, limit)
  return { rows: page, next: rows.length > limit ? page.at(-1)?.createTimeMs : last }
}

/** How many rows match; of a long list only a part, and where to go on. */
export function countRows(
  sql: SqlStorage,
  account: string,
  request: Pick<ListRequest, 'after' | 'deleted'> & ListFilter,
): CountResult {
  const filter = toFilter(request)
  const { after, deleted = false, label, createdFromMs, createdBeforeMs } = request
  const isWhole =
    filter.text === '' && label === undefined && createdFromMs === undefined && createdBeforeMs === undefined
  if (isWhole && after === 0) return { count: countOf(sql, account, deleted ? 'deleted' : 'resources') }
  const range = toRange(account, request, '>', after)
  const time = timeColumn(label)
  const last = scannedUntil(sql, time, range, `ORDER BY ${time} LIMIT`, MAX_COUNTED_ROWS)
  const bound = last === undefined ? '' : `AND ${time} <= ?`
  const { count } = sql
    .exec<{ count: number }>(
      `SELECT count(*) AS count ${range.text} ${bound} ${filter.text}`,
      ...range.values,
      ...(last === undefined ? [] : [last]),
      ...filter.values,
    )
    .one()
  return { count, ...(last === undefined ? {} : { next: last }) }
}

/** By the index alone: the last row of the range that may be looked at, when there are so many. */
function scannedUntil(sql: SqlStorage, time: string, range: Part, inOrder: string, most: number): number | undefined {
  return sql
    .exec<{ create_time: number }>(
      `SELECT ${time} AS create_time ${range.text} ${inOrder} 1 OFFSET ?`,
      ...range.values,
      most - 1,
    )
    .toArray()[0]?.create_time
}

/** What one index answers: `r` is the catalog, `k` the index of labels. */
function toRange(
  account: string,
  { deleted = false, label, createdFromMs, createdBeforeMs }: Pick<ListRequest, 'deleted'> & ListFilter,
  beyond: '<' | '>',
  start: number,
): Part {
  const isThere = deleted ? 'r.purge_time IS NOT NULL' : 'r.listed = 1'
  const source: Part =
    label === undefined
      ? { text: `FROM resource AS r WHERE ${isThere} AND r.account = ?`, values: [account] }
      : {
          text: `FROM label AS k CROSS JOIN resource AS r ON r.id = k.resource WHERE k.account = ? AND k.key = ? AND k.value = ? AND ${isThere}`,
          values: [account, label.key, label.value],
        }
  const time = timeColumn(label)
  return join([
    source,
    { text: `AND ${time} ${beyond} ?`, values: [start] },
    ...(createdFromMs === undefined ? [] : [{ text: `AND ${time} >= ?`, values: [createdFromMs] }]),
    ...(createdBeforeMs === undefined ? [] : [{ text: `AND ${time} < ?`, values: [createdBeforeMs] }]),
  ])
}

/** Of the index that the range is one of. */
function timeColumn(label: ListFilter['label']): string {
  return label === undefined ? 'r.create_time' : 'k.create_time'
}

function join(parts: readonly Part[]): Part {
  return { text: parts.map(({ text }) => text).join(' '), values: parts.flatMap(({ values }) => values) }
}

function toFilter({ state, cell, namePrefix, search }: ListFilter): Part {
  const parts: Part[] = []
  if (search !== undefined)
    parts.push({ text: 'AND (instr(r.name_key, ?) > 0 OR r.id = ?)', values: [toNameKey(search), search] })
  if (namePrefix !== undefined) {
    const prefix = toNameKey(namePrefix)
    parts.push({ text: 'AND substr(r.name_key, 1, length(?)) = ?', values: [prefix, prefix] })
  }
  if (cell !== undefined) parts.push({ text: 'AND r.cell = ?', values: [cell] })
  if (state === 'creating') parts.push({ text: "AND r.phase = 'creating'", values: [] })
  else if (state !== undefined)
    parts.push({ text: "AND r.phase = 'live' AND json_extract(r.descriptor, '$.mode') = ?", values: [state] })
  return join(parts)
}
