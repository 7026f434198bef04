// An account's hold reaches its resources: each gets the next version of its descriptor, a hundred rows at a time, so that a large account
// delays nobody.

import { fault } from '../../object/fault.ts'
import { ResourceError } from '../../wire/errors.ts'
import type { AccountHold, HoldProgress } from '../../wire/planes.ts'
import { effectiveMode, holdKey, readAccount, resourceBytes, takeHold, type AccountState } from './account.ts'
import { pageOfAccount } from '../catalog.ts'
import type { ControlDeps } from '../deps.ts'
import { bumpDescriptor } from '../descriptor.ts'
import { awaken } from '../lifetime.ts'
import { removeRow } from '../removal.ts'
import type { CatalogRow } from '../row.ts'
import { dropWork, findWork, isLeaving, putWork, soonest, type WorkItem } from '../work.ts'

const ROWS_PER_RUN = 100

/** Takes a hold over and tells how far it has come. */
export async function holdAccount(deps: ControlDeps, account: string, hold: AccountHold): Promise<HoldProgress> {
  const progress = await deps.transact((sql) => {
    takeHold(deps, account, hold)
    return progressOf(sql, account)
  })
  TEST_BUILD: await fault('hold.recorded')
  return progress
}

/** One bounded part of bringing the hold to the account's rows. */
export async function runHold(deps: ControlDeps, item: WorkItem): Promise<void> {
  const account = item.key.slice(holdKey('').length)
  TEST_BUILD: await fault('hold.page')
  await deps.transact((sql) => {
    // A newer hold has begun from the beginning meanwhile.
    const current = findWork(sql, item.key)
    if (current === undefined || current.cursor !== item.cursor) return
    const state = readAccount(sql, account)
    const rows = pageOfAccount(sql, account, Number(item.cursor ?? 0), ROWS_PER_RUN)
    for (const row of rows) follow(deps, row, state)
    const last = rows.at(-1)
    if (last === undefined || rows.length < ROWS_PER_RUN) return dropWork(sql, item.key)
    putWork(sql, { ...current, due: soonest(deps.now()), cursor: String(last.createTimeMs) })
    deps.arm()
  })
}

/** @throws ResourceError `not_ready` of one that may be another account's in a moment: the page is tried again then */
function follow(deps: ControlDeps, row: CatalogRow, state: AccountState): void {
  if (isLeaving(deps.sql, row)) throw new ResourceError('not_ready', 'It is being given to another account.')
  if (state.hold === 'deleted') {
    removeRow(deps, row, { purge: true })
    return
  }
  // What is yet to be imported looks at the hold when it is.
  if (row.descriptor.mode === 'deleted' || row.awaiting !== null) return
  const mode = effectiveMode(row.ownMode, state)
  const bytes = resourceBytes(deps.type.limits.bytes, state.limits)
  if (mode === row.descriptor.mode && bytes === row.descriptor.limits.bytes) return
  const isAwakened = mode === 'active' && row.descriptor.mode !== 'active'
  bumpDescriptor(
    deps,
    row,
    { mode, limits: { ...row.descriptor.limits, bytes } },
    isAwakened ? awaken(deps, row) : undefined,
  )
}

/** Done are the rows that were looked at and whose objects know. */
function progressOf(sql: SqlStorage, account: string): HoldProgress {
  const item = findWork(sql, holdKey(account))
  const reached = item === undefined ? Number.MAX_SAFE_INTEGER : Number(item.cursor ?? 0)
  const isEnding = readAccount(sql, account).hold === 'deleted'
  const open = isEnding
    ? "phase <> 'purged'"
    : '(create_time > ?2 OR (applied_version < desired_version AND awaiting IS NULL))'
  const all = isEnding ? '1' : "phase <> 'purged'"
  // One after the other: each index has one half of the account's rows, and none has all of them.
  const halves = [1, 0].map(
    (listed) =>
      `SELECT count(*) AS total, sum(${open}) AS left FROM resource WHERE listed = ${listed} AND account = ?1 AND ${all}`,
  )
  const { total, left } = sql
    .exec<{ total: number; left: number | null }>(
      `SELECT sum(total) AS total, sum(left) AS left FROM (${halves.join(' UNION ALL ')})`,
      ...(isEnding ? [account] : [account, reached]),
    )
    .one()
  // With nothing to do yet looked at, the work itself is what is left.
  const pending = item === undefined || total > 0 ? 0 : 1
  return { total: total + pending, done: total - (left ?? 0) }
}
