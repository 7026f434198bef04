// Many resources at once: created by one transaction, or purged by one request. Each then has its own work item; an operation counts how
// many have come to their end.

import { fault } from '../../object/fault.ts'
import { ResourceError, type ErrorData } from '../../wire/errors.ts'
import type { Caller, ControlMethods } from '../../wire/planes.ts'
import type { OperationRecord } from '../../wire/operation.ts'
import { learnLimits } from '../accounts/account.ts'
import { restorableRows } from '../catalog.ts'
import { prepare, recordIntent, requireRoomFor } from '../create.ts'
import type { ControlDeps } from '../deps.ts'
import { findByKey, recordKey } from '../idempotency.ts'
import {
  beginOperation,
  cancelOperation,
  continueOperation,
  finishOperation,
  isCancellable,
  ownedOperation,
  toPublic,
  waitForOperation,
  type StoredOperation,
} from './operations.ts'
import { countOf } from '../accounts/quota.ts'
import { cancelMove } from '../moving/undo.ts'
import { removeRow } from '../removal.ts'
import { endRetention } from '../retention.ts'
import { toRow, type Stored } from '../row.ts'

/**
 * Records all intents, or none.
 *
 * @throws ResourceError what refuses one of them, naming it: `already_exists`, `quota_exceeded`, `rate_limited` ...
 */
export async function bulkCreate(
  deps: ControlDeps,
  caller: Caller,
  { requests, idempotency }: ControlMethods['bulkCreate']['args'],
): Promise<OperationRecord> {
  const prepared = await prepare(deps, caller, requests)
  await learnLimits(deps, caller)
  const id = await deps.transact((sql) => {
    const known = idempotency && findByKey(sql, caller.account, idempotency, deps.now())
    if (known !== undefined) return known
    requireRoomFor(deps, caller, prepared.length)
    const resources = prepared.map(({ newId }) => newId)
    const operation = beginOperation(deps, {
      account: caller.account,
      kind: 'bulk_create',
      total: prepared.length,
      subject: { resources },
    })
    for (const [index, one] of prepared.entries()) {
      try {
        recordIntent(deps, caller, one, operation)
      } catch (error) {
        if (!(error instanceof ResourceError)) throw error
        const details = { ...error.data.details, index }
        throw new ResourceError(error.code, `resources[${index}]: ${error.message}`, { ...error.data, details })
      }
    }
    if (idempotency !== undefined)
      recordKey(sql, caller.account, idempotency, operation, deps.now() + deps.timers.idempotencyMs)
    return operation
  })
  TEST_BUILD: await fault('bulk.intents')
  return toPublic(ownedOperation(deps.sql, id, caller.account))
}

/** Counts what has been created. The rows' own work creates them. */
export async function runBulkCreate(deps: ControlDeps, operation: StoredOperation): Promise<void> {
  await deps.transact((sql) => {
    const { open, failed, failure } = sql
      .exec<{ open: number | null; failed: number | null; failure: string | null }>(
        `SELECT sum(phase = 'creating') AS open, sum(failure IS NOT NULL) AS failed, max(failure) AS failure
         FROM resource WHERE operation = ?`,
        operation.id,
      )
      .one()
    // What failed early may be forgotten before the last one has come to its end.
    const progress = { done: operation.total - (open ?? 0), failed: Math.max(operation.failed, failed ?? 0) }
    if (progress.done < operation.total) return waitForOperation(deps, operation, progress)
    finishOperation(deps, operation, progress, progress.failed === 0 ? undefined : toFailure(failure))
  })
}

function toFailure(text: string | null): ResourceError {
  if (text === null) return new ResourceError('unavailable', 'Some could not be created; nothing of them remains.')
  const { code, message } = JSON.parse(text) as ErrorData
  return new ResourceError(code, message)
}

/** Ends an operation half way: what is not created yet is given up, what is not purged yet can still be restored. */
export async function cancel(deps: ControlDeps, caller: Caller, id: string): Promise<OperationRecord> {
  await deps.transact((sql) => {
    const operation = ownedOperation(sql, id, caller.account)
    if (!isCancellable(operation)) return
    if (operation.kind === 'move') cancelMove(deps, operation)
    cancelOperation(deps, operation)
    deps.journal.audit(caller, 'cancel_operation', id)
    const uncreated = sql
      .exec<Stored>("SELECT * FROM resource WHERE operation = ? AND phase = 'creating' AND listed = 1", id)
      .toArray()
    for (const row of uncreated) removeRow(deps, toRow(row), { purge: true })
  })
  TEST_BUILD: await fault('cancel.recorded')
  return toPublic(ownedOperation(deps.sql, id, caller.account))
}

/** Ends the retention of everything that the account has deleted until now. */
export async function purgeDeleted(deps: ControlDeps, caller: Caller): Promise<OperationRecord> {
  const id = await deps.transact((sql) => {
    deps.journal.audit(caller, 'purge', null)
    // Not the operation's own time: times of creation are given out one by one, and after many creations run ahead of the clock.
    const scan: Scan = { after: 0, beforeMs: deps.now() }
    return beginOperation(deps, {
      account: caller.account,
      kind: 'purge_deleted',
      total: countOf(sql, caller.account, 'deleted'),
      subject: {},
      cursor: JSON.stringify(scan),
    })
  })
  TEST_BUILD: await fault('purge_deleted.recorded')
  return toPublic(ownedOperation(deps.sql, id, caller.account))
}

interface Scan {
  /** Time of creation of the last row that was looked at. */
  readonly after: number
  /** What is deleted later is for another operation. */
  readonly beforeMs: number
}

const ROWS_PER_RUN = 100
/** The scan is over; what remains is to count. */
const SCANNED = 'scanned'

export async function runPurgeDeleted(deps: ControlDeps, operation: StoredOperation): Promise<void> {
  TEST_BUILD: await fault('purge_deleted.page')
  await deps.transact((sql) => {
    if (operation.cursor !== SCANNED) {
      const { after, beforeMs } = JSON.parse(operation.cursor ?? '{}') as Scan
      const rows = restorableRows(sql, operation.account, after, beforeMs, ROWS_PER_RUN)
      for (const row of rows) endRetention(deps, { ...row, operation: operation.id })
      const last = rows.at(-1)
      const isLast = last === undefined || rows.length < ROWS_PER_RUN
      const next = isLast ? SCANNED : JSON.stringify({ after: last.createTimeMs, beforeMs } satisfies Scan)
      return continueOperation(deps, operation, {}, next)
    }
    const { total, open } = sql
      .exec<{ total: number; open: number | null }>(
        "SELECT count(*) AS total, sum(phase <> 'purged') AS open FROM resource WHERE operation = ?",
        operation.id,
      )
      .one()
    const progress = { total, done: total - (open ?? 0) }
    if (progress.done < total) waitForOperation(deps, operation, progress)
    else finishOperation(deps, operation, progress)
  })
}
