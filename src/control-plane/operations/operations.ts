// Long work that clients watch: a row that tells how far it has come, and a work item that drives it. The only module that writes the
// table `operation`.

import { randomCrockford } from '../../identity/crockford.ts'
import { ResourceError, type ErrorCode } from '../../wire/errors.ts'
import { CANCELLABLE, type OperationKind, type OperationRecord, type OperationState } from '../../wire/operation.ts'
import type { ControlDeps } from '../deps.ts'
import { nextCreateTime } from '../meta.ts'
import { OPERATION_PREFIX, dropWork, putWork, soonest } from '../work.ts'

/** With how far its own work has come. */
export interface StoredOperation extends OperationRecord {
  readonly cursor: string | null
}

type Progress = Partial<Pick<OperationRecord, 'total' | 'done' | 'failed'>>

type Stored = {
  id: string
  account: string
  kind: string
  state: string
  total: number
  done: number
  failed: number
  error: string | null
  subject: string
  cursor: string | null
  create_time: number
  update_time: number
}

/** Records it and the work item that drives it. Part of the caller's transaction. @returns its identifier */
export function beginOperation(
  deps: ControlDeps,
  {
    account,
    kind,
    total,
    subject,
    cursor = null,
  }: Pick<OperationRecord, 'account' | 'kind' | 'total' | 'subject'> & { readonly cursor?: string | null },
): string {
  const id = newOperationId(deps.type.name)
  const nowMs = nextCreateTime(deps.sql, deps.now())
  deps.sql.exec(
    `INSERT INTO operation (id, account, kind, state, total, done, failed, error, subject, cursor, create_time, update_time)
     VALUES (?, ?, ?, 'running', ?, 0, 0, NULL, ?, ?, ?, ?)`,
    id,
    account,
    kind,
    total,
    JSON.stringify(subject),
    cursor,
    nowMs,
    nowMs,
  )
  putWork(deps.sql, { key: operationKey(id), kind: 'operation', due: deps.now(), attempt: 0, cursor: null })
  deps.arm()
  return id
}

/** `op-<type>-<16 random characters>`: says where to ask for it. */
export function newOperationId(type: string): string {
  return `op-${type}-${randomCrockford(16)}`
}

function operationKey(id: string): string {
  return `${OPERATION_PREFIX}${id}`
}

export function findOperation(sql: SqlStorage, id: string): StoredOperation | undefined {
  const row = sql.exec<Stored>('SELECT * FROM operation WHERE id = ?', id).toArray()[0]
  return row === undefined ? undefined : toOperation(row)
}

/** @throws ResourceError `not_found`, also for another account's */
export function ownedOperation(sql: SqlStorage, id: string, account: string): StoredOperation {
  const operation = findOperation(sql, id)
  if (operation === undefined || operation.account !== account)
    throw new ResourceError('not_found', 'There is no such operation.')
  return operation
}

/** The operation that a work item drives. */
export function operationOf(sql: SqlStorage, key: string): StoredOperation | undefined {
  return findOperation(sql, key.slice(OPERATION_PREFIX.length))
}

/** Newest first. */
export function listOperations(
  sql: SqlStorage,
  account: string,
  { before = Number.MAX_SAFE_INTEGER, limit }: { readonly before?: number; readonly limit: number },
): { readonly data: readonly OperationRecord[]; readonly next?: number } {
  const rows = sql
    .exec<Stored>(
      'SELECT * FROM operation WHERE account = ? AND create_time < ? ORDER BY create_time DESC LIMIT ?',
      account,
      before,
      limit + 1,
    )
    .toArray()
    .map(toOperation)
  const data = rows.slice(0, limit)
  const last = data.at(-1)
  return rows.length > limit && last !== undefined ? { data, next: last.createTimeMs } : { data }
}

/** As clients see it: without how its work is kept. */
export function toPublic(operation: StoredOperation): OperationRecord {
  const { cursor: _cursor, ...record } = operation
  return record
}

/**
 * Whether it can be ended half way: one that has ended cannot, and is answered as it is.
 *
 * @throws ResourceError `invalid_request` for a kind that goes on to its end
 */
export function isCancellable({ kind, state }: OperationRecord): boolean {
  if (state !== 'running') return false
  if (CANCELLABLE.has(kind)) return true
  throw new ResourceError('invalid_request', `An operation of kind "${kind}" goes on to its end.`)
}

/** What it has done stays. */
export function cancelOperation(deps: ControlDeps, operation: StoredOperation): void {
  end(deps, operation, 'cancelled', {}, undefined)
}

/** How far it has come; it is looked at again later, the longer it has run already, or when it should be at its end. */
export function waitForOperation(deps: ControlDeps, operation: StoredOperation, progress: Progress): void {
  const delayMs = pollDelayMs(deps.now() - operation.createTimeMs, { ...operation, ...progress })
  again(deps, operation, progress, operation.cursor, delayMs)
}

/** Whoever waits for the end should not wait much longer than it takes; what hangs at 99 % is not counted many times a second. */
function pollDelayMs(ageMs: number, { total, done }: Pick<OperationRecord, 'total' | 'done'>): number {
  const toEndMs = done === 0 ? Infinity : (ageMs * (total - done)) / done
  return Math.min(Math.max(ageMs / 10, POLL_LEAST_MS), POLL_MOST_MS, Math.max(toEndMs, ageMs / 100))
}

/** There is more of its own work to do. @param cursor where to go on @param delayMs until then; default: at once */
export function continueOperation(
  deps: ControlDeps,
  operation: StoredOperation,
  progress: Progress,
  cursor: string,
  delayMs = 0,
): void {
  again(deps, operation, progress, cursor, delayMs)
}

/** People watch progress; a control object has better things to do than to count many times a second. */
const POLL_LEAST_MS = 100
const POLL_MOST_MS = 2_000

function again(
  deps: ControlDeps,
  operation: StoredOperation,
  progress: Progress,
  cursor: string | null,
  delayMs: number,
): void {
  if (!write(deps, operation, 'running', progress, undefined, cursor)) return
  const due = soonest(deps.now()) + Math.round(delayMs)
  putWork(deps.sql, { key: operationKey(operation.id), kind: 'operation', due, attempt: 0, cursor: null })
  deps.arm()
}

export function finishOperation(
  deps: ControlDeps,
  operation: StoredOperation,
  progress: Progress,
  failure?: ResourceError,
): void {
  end(deps, operation, failure === undefined ? 'succeeded' : 'failed', progress, failure)
}

/** Ends what still runs about the same subject: something newer takes over. */
export function endRunning(deps: ControlDeps, account: string, subject: string, reason: ResourceError): void {
  const rows = deps.sql
    .exec<Stored>(
      "SELECT * FROM operation WHERE account = ? AND state = 'running' AND json_extract(subject, '$.account') = ?",
      account,
      subject,
    )
    .toArray()
  for (const row of rows) end(deps, toOperation(row), 'cancelled', {}, reason)
}

/** The one of a kind that runs for a cell. */
export function runningFor(sql: SqlStorage, kind: OperationKind, cell: string): StoredOperation | undefined {
  const [row] = sql
    .exec<Stored>(
      "SELECT * FROM operation WHERE kind = ? AND state = 'running' AND json_extract(subject, '$.cell') = ? LIMIT 1",
      kind,
      cell,
    )
    .toArray()
  return row === undefined ? undefined : toOperation(row)
}

/** Of those of a kind that ended for a cell the newest stay: what is begun by itself, again and again, is no history. */
export function forgetEnded(sql: SqlStorage, kind: OperationKind, cell: string, kept: number): void {
  sql.exec(
    `DELETE FROM operation WHERE id IN (
       SELECT id FROM operation WHERE kind = ? AND state <> 'running' AND json_extract(subject, '$.cell') = ?
       ORDER BY create_time DESC LIMIT -1 OFFSET ?)`,
    kind,
    cell,
    kept,
  )
}

/** Ends a move that something else has overtaken. */
export function endMoveOperation(deps: ControlDeps, id: string, reason: ResourceError): void {
  const operation = findOperation(deps.sql, id)
  if (operation !== undefined) end(deps, operation, 'cancelled', {}, reason)
}

function end(
  deps: ControlDeps,
  operation: StoredOperation,
  state: OperationState,
  progress: Progress,
  failure: ResourceError | undefined,
): void {
  if (!write(deps, operation, state, progress, failure, null)) return
  dropWork(deps.sql, operationKey(operation.id))
}

/** What it has found, beside how far it is. */
export function nameInOperation(sql: SqlStorage, id: string, subject: OperationRecord['subject']): void {
  sql.exec('UPDATE operation SET subject = ? WHERE id = ?', JSON.stringify(subject), id)
}

/** @returns false when it has ended meanwhile: it was cancelled while its work was about to commit, and stays so */
function write(
  deps: ControlDeps,
  operation: StoredOperation,
  state: OperationState,
  { total = operation.total, done = operation.done, failed = operation.failed }: Progress,
  failure: ResourceError | undefined,
  cursor: string | null,
): boolean {
  const written = deps.sql.exec(
    `UPDATE operation SET state = ?, total = ?, done = ?, failed = ?, error = ?, cursor = ?, update_time = ?
     WHERE id = ? AND state = 'running' RETURNING 1`,
    state,
    total,
    done,
    failed,
    failure === undefined ? null : JSON.stringify({ code: failure.code, message: failure.message }),
    cursor,
    deps.now(),
    operation.id,
  )
  return written.toArray().length === 1
}

/** Removes some that ended long ago; bounded so that it never delays a request. */
export function expireOperations(sql: SqlStorage, beforeMs: number): void {
  sql.exec(
    "DELETE FROM operation WHERE id IN (SELECT id FROM operation WHERE state <> 'running' AND update_time < ? LIMIT 100)",
    beforeMs,
  )
}

function toOperation(row: Stored): StoredOperation {
  const { id, account, total, done, failed, cursor } = row
  return {
    id,
    kind: row.kind as OperationKind,
    type: id.split('-')[1] ?? '',
    account,
    state: row.state as OperationState,
    total,
    done,
    failed,
    ...(row.error === null ? {} : { error: JSON.parse(row.error) as { code: ErrorCode; message: string } }),
    subject: JSON.parse(row.subject) as Record<string, unknown>,
    createTimeMs: row.create_time,
    updateTimeMs: row.update_time,
    cursor,
  }
}
