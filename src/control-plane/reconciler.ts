// The alarm-driven loop that makes catalog and objects agree. It drains the work table in order of due time, a bounded number of calls
// per run, and decides by itself when to run again: the platform would give up after six failures.

import { CALLS_AT_ONCE } from '../object/few-at-once.ts'
import { toResourceError } from '../wire/errors.ts'
import { advance, patienceMs } from './advance.ts'
import { findRow } from './catalog.ts'
import type { ControlDeps } from './deps.ts'
import { sweepExpired } from './expiry.ts'
import { MAX_CLOCK_STEP_MS, observeTime } from './meta.ts'
import type { CatalogRow } from './row.ts'
import { RUNNERS } from './runners.ts'
import { isHere, whileHere } from './sharding/place.ts'
import { accountOfWork } from './sharding/work-owner.ts'
import { backOffMs, bringWorkBack, dropWork, dueWork, findWork, postponeDue, putWork, type WorkItem } from './work.ts'

/** The platform allows 1,000 subrequests. */
const MAX_CALLS_PER_RUN = 200

/** One item needs two calls at most, apply and purge; one of an account, a call to each type that it owns, and its purge. */
function itemsPerRun({ ownedTypes }: ControlDeps): number {
  return Math.floor(MAX_CALLS_PER_RUN / Math.max(2, ownedTypes.length + 1))
}

/** One alarm run. Never throws for a resource's sake: a failed item gets a later due time and the others go on. */
export async function reconcile(deps: ControlDeps): Promise<void> {
  await deps.transact((sql) => {
    const nowMs = deps.now()
    observeTime(sql, nowMs)
    sweepExpired(sql, deps.timers, nowMs)
    bringWorkBack(sql, nowMs + MAX_CLOCK_STEP_MS, nowMs)
  })
  const items = dueWork(deps.sql, deps.now(), itemsPerRun(deps))
  /** Cell -> calls in a row that found nobody there. */
  const failedInARow = new Map<string, number>()
  const isAway = (cell: string): boolean => (failedInARow.get(cell) ?? 0) >= CALLS_AT_ONCE
  const workers = Array.from({ length: CALLS_AT_ONCE }, async () => {
    for (let item = items.shift(); item !== undefined; item = items.shift()) {
      const cell = cellAsked(findRow(deps.sql, item.key))
      if (isAway(cell)) continue
      const attempted = await attemptPatiently(deps, item)
      failedInARow.set(cell, attempted === 'unreachable' ? (failedInARow.get(cell) ?? 0) + 1 : 0)
    }
  })
  await Promise.all(workers)
  for (const cell of failedInARow.keys()) if (isAway(cell)) await restFor(deps, cell)
}

/** Of work that is about no resource. */
const NO_CELL = ''

/** Where an item's call goes: what is left of a move is told at the other place. */
function cellAsked(row: CatalogRow | undefined): string {
  const { phase, from, to } = row?.moving ?? {}
  if (phase === 'handOver') return from?.cell ?? NO_CELL
  if (phase === 'undo') return to?.cell ?? NO_CELL
  return row?.cell ?? NO_CELL
}

/** A whole cell is away: what is due there waits, and the next run asks for a few again, instead of for everything in turn. */
async function restFor(deps: ControlDeps, cell: string): Promise<void> {
  const { reconcileBaseMs, reconcileMaxMs } = deps.timers
  const delayMs = backOffMs(UNREACHABLE_ATTEMPT, reconcileBaseMs, reconcileMaxMs)
  await deps.transact((sql) => postponeDue(sql, cell, deps.now(), deps.now() + delayMs))
}

/** Of the back-off: a process that has died is back after about a second. */
const UNREACHABLE_ATTEMPT = 1

/**
 * Waits for an item as long as an object that is alive needs. One that hangs goes on by itself, up to the deadline of its call, and is
 * looked at again after that; the others do not wait for it.
 */
async function attemptPatiently(deps: ControlDeps, item: WorkItem): Promise<Attempted> {
  const { callTimeoutMs } = deps.timers
  const patience = scheduler.wait(patienceMs(deps)).then(() => 'hangs' as const)
  const attempted = await Promise.race([attempt(deps, item), patience])
  if (attempted !== 'hangs') return attempted
  await deps.transact((sql) => {
    const current = findWork(sql, item.key)
    if (current?.due === item.due) putWork(sql, { ...current, due: deps.now() + callTimeoutMs })
  })
  return 'failed'
}

/** `unreachable`: the other plane did not answer at all. */
type Attempted = 'done' | 'failed' | 'unreachable'

async function attempt(deps: ControlDeps, item: WorkItem): Promise<Attempted> {
  const account = accountOfWork(deps.sql, item)
  const hasLeft = (): boolean => account !== undefined && !isHere(deps, account)
  if (hasLeft()) return await putOff(deps, item)
  const own = account === undefined ? deps : whileHere(deps, account)
  const requestId = `alarm-${crypto.randomUUID().slice(0, 18)}`
  try {
    const run = RUNNERS[item.kind]
    await (run === undefined ? advance(deps, item.key, requestId) : run(own, item))
    // What has come to its end took its item with it, in the same transaction: no second one for that.
    if (isUnchanged(findWork(deps.sql, item.key), item)) await own.transact((sql) => dropIfUnchanged(sql, item))
    deps.counters.count('reconciled')
    return 'done'
  } catch (thrown) {
    if (hasLeft()) return await putOff(deps, item)
    const error = toResourceError(thrown)
    deps.counters.count('reconcile_failed')
    console.warn(
      JSON.stringify({
        event: 'reconcile_failed',
        request_id: requestId,
        resource: item.key,
        kind: item.kind,
        attempt: item.attempt,
        code: error.code,
        error: String(thrown),
      }),
    )
    await deps.transact((sql) => {
      const current = findWork(sql, item.key)
      if (current === undefined || current.kind !== item.kind) return
      const { reconcileBaseMs, reconcileMaxMs } = deps.timers
      putWork(sql, {
        ...current,
        attempt: item.attempt + 1,
        due: deps.now() + backOffMs(item.attempt, reconcileBaseMs, reconcileMaxMs),
      })
    })
    return error.code === 'unavailable' ? 'unreachable' : 'failed'
  }
}

/** Its account is on the way: the item goes with it, or waits here until it has come. */
async function putOff(deps: ControlDeps, item: WorkItem): Promise<Attempted> {
  await deps.transact((sql) => {
    const current = findWork(sql, item.key)
    if (current?.due === item.due) putWork(sql, { ...current, due: deps.now() + deps.timers.reconcileBaseMs })
  })
  return 'failed'
}

function isUnchanged(current: WorkItem | undefined, item: WorkItem): boolean {
  return current !== undefined && current.kind === item.kind && current.due === item.due
}

/** An item whose resource needs nothing any more (it was settled by a request meanwhile) goes away. */
function dropIfUnchanged(sql: SqlStorage, item: WorkItem): void {
  if (isUnchanged(findWork(sql, item.key), item)) dropWork(sql, item.key)
}
