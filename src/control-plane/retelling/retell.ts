// A page of a shard's rows, told again to the objects of a cell that came back from a backup. Bounded in rows, calls and time; nothing is
// kept of it here, since to do it again does no harm.

import { placeOf, type CellTable } from '../../identity/cell.ts'
import { CALLS_AT_ONCE, fewAtOnce } from '../../object/few-at-once.ts'
import { fault } from '../../object/fault.ts'
import { toResourceError } from '../../wire/errors.ts'
import type { ControlMethods } from '../../wire/planes.ts'
import { findRow, pageOfShard } from '../catalog.ts'
import type { Running } from '../object-call.ts'
import { isHere } from '../sharding/place.ts'
import { retellRow, type Fate } from './row.ts'

type Retold = ControlMethods['retell']['value']

/** Read at once; most of them may be of other cells. */
const ROWS_PER_PAGE = 500
/** Of those that are told: three calls each, four at most that take long. */
const TOLD_PER_PAGE = 50
/** One call's share of the time that the root object waits for a page, in which one row makes four calls. */
const DEADLINE_DIVISOR = 5
/** No further rows are begun after this share of it. */
const BEGIN_DIVISOR = 10
/** A count for people. */
const MAX_COUNTED = 50_000

export async function retell(deps: Running, { cell, after }: ControlMethods['retell']['args']): Promise<Retold> {
  const { callTimeoutMs } = deps.timers
  const codes = codesAt(deps.cellTable, cell)
  let isHeard = false
  const silent = new Set<string>()
  const telling = {
    ...deps,
    isThere: ({ cell: code }: { readonly cell: string }) => codes.has(code),
    deadlineMs: callTimeoutMs / DEADLINE_DIVISOR,
    onAnswer: () => (isHeard = true),
    onSilence: (id: string) => silent.add(id),
  }
  const rows = pageOfShard(deps.sql, after, ROWS_PER_PAGE)
  const endMs = deps.now() + callTimeoutMs / BEGIN_DIVISOR
  const fates: Fate[] = []
  const missing: string[] = []
  const untold: Retold['untold'][number][] = []
  let looked = 0
  while (
    looked < rows.length &&
    deps.now() < endMs &&
    fates.filter(isConcerned).length + untold.length < TOLD_PER_PAGE
  ) {
    const some = rows.slice(looked, looked + CALLS_AT_ONCE)
    looked += some.length
    await fewAtOnce(some, async (row) => {
      try {
        // As it is now: it may have moved since the page was read.
        const current = findRow(deps.sql, row.id)
        const isOurs = current !== undefined && isHere(deps, current.account)
        const fate = isOurs ? await retellRow(telling, current) : 'elsewhere'
        fates.push(fate)
        if (fate === 'missing') missing.push(row.id)
      } catch (error) {
        untold.push({ id: row.id, reason: toResourceError(error).message })
      }
    })
  }
  TEST_BUILD: await fault('retell.page')
  const last = rows[looked - 1]
  const isEnd = looked === rows.length && rows.length < ROWS_PER_PAGE
  return {
    rows: looked,
    ...(after === '' ? { total: countRows(deps.sql) } : {}),
    told: fates.filter((fate) => fate === 'told').length,
    missing,
    untold,
    isAway: untold.length > 0 && !isHeard && untold.every(({ id }) => silent.has(id)),
    ...(isEnd || last === undefined ? {} : { next: last.id }),
  }
}

function isConcerned(fate: Fate): boolean {
  return fate !== 'elsewhere'
}

function countRows(sql: SqlStorage): number {
  return sql
    .exec<{ count: number }>('SELECT count(*) AS count FROM (SELECT 1 FROM resource LIMIT ?)', MAX_COUNTED)
    .one().count
}

/** Of every cell that is at the same place: what one of them had is in the other's data. */
function codesAt(cells: CellTable, cell: string): ReadonlySet<string> {
  const address = placeOf(cells, cell)?.address
  return new Set(Object.keys(cells).filter((code) => code === cell || placeOf(cells, code)?.address === address))
}
