// The row and the work item of an operation that reshards. Written in the caller's transaction.

import { randomCrockford } from '../../identity/crockford.ts'
import type { OperationKind, OperationRecord } from '../../wire/operation.ts'
import type { ControlDeps } from '../deps.ts'
import { dropWork, putWork } from '../work.ts'

/** With how far its own work has come. */
export interface StoredOperation extends OperationRecord {
  readonly cursor: string | null
}

type Progress = Pick<OperationRecord, 'total' | 'done'>

type Stored = {
  id: string
  account: string
  kind: OperationKind
  state: OperationRecord['state']
  total: number
  done: number
  failed: number
  subject: string
  cursor: string | null
  create_time: number
  update_time: number
}

export function beginOperation(
  deps: ControlDeps,
  { account, kind, total, subject }: Pick<OperationRecord, 'account' | 'kind' | 'total' | 'subject'>,
): string {
  const id = `op-${deps.type.name}-${randomCrockford(16)}`
  const nowMs = deps.now()
  deps.sql.exec(
    `INSERT INTO operation (id, account, kind, state, total, done, failed, subject, create_time, update_time)
     VALUES (?, ?, ?, 'running', ?, 0, 0, ?, ?, ?)`,
    id,
    account,
    kind,
    total,
    JSON.stringify(subject),
    nowMs,
    nowMs,
  )
  putWork(deps.sql, { key: keyOf(id), kind: 'operation', due: nowMs, attempt: 0, cursor: null })
  deps.arm()
  return id
}

function keyOf(id: string): string {
  return `operation:${id}`
}

export function operationOf(sql: SqlStorage, key: string): StoredOperation | undefined {
  return findOperation(sql, key.slice(keyOf('').length))
}

export function findOperation(sql: SqlStorage, id: string): StoredOperation | undefined {
  const row = sql.exec<Stored>('SELECT * FROM operation WHERE id = ?', id).toArray()[0]
  if (row === undefined) return undefined
  const { account, kind, state, total, done, failed, cursor } = row
  return {
    id,
    kind,
    type: id.split('-')[1] ?? '',
    account,
    state,
    total,
    done,
    failed,
    subject: JSON.parse(row.subject) as Record<string, unknown>,
    createTimeMs: row.create_time,
    updateTimeMs: row.update_time,
    cursor,
  }
}

/** How far it is. @param delayMs until it is looked at again */
export function continueOperation(
  deps: ControlDeps,
  { id }: StoredOperation,
  { total, done }: Progress,
  cursor: string,
  delayMs: number,
): void {
  const nowMs = deps.now()
  deps.sql.exec(
    'UPDATE operation SET total = ?, done = ?, cursor = ?, update_time = ? WHERE id = ?',
    total,
    done,
    cursor,
    nowMs,
    id,
  )
  putWork(deps.sql, { key: keyOf(id), kind: 'operation', due: nowMs + delayMs, attempt: 0, cursor: null })
  deps.arm()
}

export function finishOperation(
  deps: ControlDeps,
  { id }: Pick<StoredOperation, 'id'>,
  { total, done }: Progress,
): void {
  deps.sql.exec(
    "UPDATE operation SET state = 'succeeded', total = ?, done = ?, cursor = NULL, update_time = ? WHERE id = ?",
    total,
    done,
    deps.now(),
    id,
  )
  dropWork(deps.sql, keyOf(id))
}
