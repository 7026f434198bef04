// The operation that makes a cell agree with its catalog after it came back from a backup: of the type's root object, which asks each shard
// for its rows, page by page. Where accounts are must not change meanwhile: it waits until they have moved, and then begins anew.

import { fault } from '../../object/fault.ts'
import { ResourceError } from '../../wire/errors.ts'
import type { OperationRecord } from '../../wire/operation.ts'
import type { Caller, ControlMethods } from '../../wire/planes.ts'
import type { ControlDeps } from '../deps.ts'
import {
  beginOperation,
  continueOperation,
  findOperation,
  finishOperation,
  forgetEnded,
  nameInOperation,
  ownedOperation,
  runningFor,
  toPublic,
  type StoredOperation,
} from '../operations/operations.ts'
import { askShard } from '../sharding/ask.ts'
import { rootPolicy } from '../sharding/policy.ts'
import { nextSource, type SourcePosition } from '../sharding/sources.ts'
import { backOffMs } from '../work.ts'
import { retell } from './retell.ts'

/** Of a cell: one that cannot be told is asked again for as long as that is so. */
const KEPT_OPERATIONS = 20

/**
 * One operation of a cell runs at a time. Who asks meanwhile gets that one, from its beginning: the cell may have come back once more
 * since.
 *
 * @throws ResourceError `not_found` for a cell that the deployment does not have
 */
export async function reconcile(deps: ControlDeps, caller: Caller, cell: string): Promise<OperationRecord> {
  if (!deps.cells.includes(cell)) throw new ResourceError('not_found', `There is no cell "${cell}".`)
  const { account } = caller
  const id = await deps.transact((sql) => {
    deps.journal.audit(caller, 'reconcile', null)
    const running = runningFor(sql, 'reconcile', cell)
    if (running !== undefined) {
      beginAnew(deps, sql, running)
      return running.id
    }
    forgetEnded(sql, 'reconcile', cell, KEPT_OPERATIONS - 1)
    return beginOperation(deps, { account, kind: 'reconcile', total: 0, subject: { ...subjectOf(cell) } })
  })
  TEST_BUILD: await fault('reconcile.recorded')
  return toPublic(ownedOperation(deps.sql, id, account))
}

interface Subject {
  readonly cell: string
  /** Objects that did not know. */
  readonly told: number
  /** The first of those that have no content. */
  readonly missing: readonly string[]
  /** The first of those that could not be told, and why. */
  readonly untold: ControlMethods['retell']['value']['untold']
}

interface Cursor {
  /** When this walk began: what was asked by one before is not this one's answer. */
  readonly begunMs: number
  /** Of the policy by which the shards are walked. */
  readonly epoch: number
  /** The shard that is asked; absent: the first. */
  readonly at?: SourcePosition
  /** Its row before the next page. */
  readonly after: string
  /** Of this page. */
  readonly attempt: number
  readonly missing: number
  readonly untold: number
}

/** An object that does not answer, or is just being moved, is asked again as often; the others do not wait for ever. */
const ATTEMPTS = 4
/** Names are for people, who have other means to find thousands. */
const MAX_NAMED = 1_000

/** One page. Its calls are few enough to be made beside the other work of an alarm's run. */
export async function runReconcile(deps: ControlDeps, operation: StoredOperation): Promise<void> {
  const { policy, epoch, previous } = rootPolicy(deps, deps.type.shards)
  const cursor = operation.cursor === null ? undefined : (JSON.parse(operation.cursor) as Cursor)
  if (cursor?.epoch !== epoch || previous !== undefined) return deps.transact((sql) => beginAnew(deps, sql, operation))
  const subject = operation.subject as unknown as Subject
  const source = await nextSourceOrRefusal(deps, policy, cursor.at)
  if (source === undefined || source instanceof ResourceError) {
    await deps.transact((sql) => {
      if (isOvertaken(sql, operation)) return
      const total = operation.done
      if (source !== undefined) return finishOperation(deps, operation, { total }, source)
      // Otherwise the next run sees that accounts have moved.
      if (isSettled(deps, epoch)) finishOperation(deps, operation, { total }, toFailure(subject, cursor))
      else continueOperation(deps, operation, {}, JSON.stringify(cursor))
    })
    TEST_BUILD: await fault('reconcile.finished')
    return
  }
  const args = { cell: subject.cell, after: cursor.after }
  const isOwn = source.object === deps.objectName
  const page = await (isOwn
    ? retell({ ...deps, requestId: operation.id }, args)
    : askShard(deps, source.object, 'retell', args))
  TEST_BUILD: await fault('reconcile.asked')
  await deps.transact((sql) => {
    if (isOvertaken(sql, operation)) return
    const attempt = cursor.attempt + 1
    if (page.untold.length > 0 && (page.isAway || attempt < ATTEMPTS)) {
      const { reconcileBaseMs, reconcileMaxMs } = deps.timers
      const delayMs = backOffMs(attempt, reconcileBaseMs, reconcileMaxMs)
      return continueOperation(deps, operation, {}, JSON.stringify({ ...cursor, attempt } satisfies Cursor), delayMs)
    }
    const next: Cursor = {
      ...cursor,
      ...(page.next === undefined ? { at: source.next, after: '' } : { after: page.next }),
      attempt: 0,
      missing: cursor.missing + page.missing.length,
      untold: cursor.untold + page.untold.length,
    }
    nameInOperation(sql, operation.id, { ...named(subject, page) })
    const done = operation.done + page.rows
    const total = Math.max(operation.total + (page.total ?? 0), done)
    continueOperation(deps, operation, { total, done, failed: next.missing + next.untold }, JSON.stringify(next))
  })
}

/** Of each shard once, as soon as no account is on its way from one that is yet to be asked to one that was. */
function beginAnew(deps: ControlDeps, sql: SqlStorage, operation: StoredOperation): void {
  const { epoch, previous } = rootPolicy(deps, deps.type.shards)
  const { cell } = operation.subject as unknown as Subject
  nameInOperation(sql, operation.id, { ...subjectOf(cell) })
  const cursor: Cursor = { begunMs: deps.now(), epoch, after: '', attempt: 0, missing: 0, untold: 0 }
  const delayMs = previous === undefined ? 0 : deps.timers.reconcileMaxMs
  continueOperation(deps, operation, { total: 0, done: 0, failed: 0 }, JSON.stringify(cursor), delayMs)
}

/** It was cancelled or begun anew, or a run that took its time is not the only one. */
function isOvertaken(sql: SqlStorage, { id, cursor }: StoredOperation): boolean {
  return findOperation(sql, id)?.cursor !== cursor
}

/** Where a builder signs people in by himself, and each has a shard of his own, nobody here can name them: not now, and not later. */
async function nextSourceOrRefusal(
  ...args: Parameters<typeof nextSource>
): Promise<Awaited<ReturnType<typeof nextSource>> | ResourceError> {
  try {
    return await nextSource(...args)
  } catch (error) {
    if (!(error instanceof ResourceError) || error.code !== 'invalid_request') throw error
    return new ResourceError(
      'invalid_request',
      'Every account has a shard of its own, and this application keeps its accounts by itself: there is no list of them, so nobody can be asked.',
    )
  }
}

function isSettled(deps: ControlDeps, epoch: number): boolean {
  const current = rootPolicy(deps, deps.type.shards)
  return current.epoch === epoch && current.previous === undefined
}

function subjectOf(cell: string): Subject {
  return { cell, told: 0, missing: [], untold: [] }
}

function named(subject: Subject, page: ControlMethods['retell']['value']): Subject {
  return {
    ...subject,
    told: subject.told + page.told,
    missing: [...subject.missing, ...page.missing].slice(0, MAX_NAMED),
    untold: [...subject.untold, ...page.untold].slice(0, MAX_NAMED),
  }
}

function toFailure({ cell }: Subject, { missing, untold }: Cursor): ResourceError | undefined {
  if (missing + untold === 0) return undefined
  const lost = `${missing} have no content: they were made in ${cell}, or came there, after this backup. What they had is in a later one, in an archive, or lost.`
  const left = `${untold} could not be told: reconcile ${cell} again.`
  const parts = [...(missing === 0 ? [] : [lost]), ...(untold === 0 ? [] : [left]), 'The operation names them.']
  return new ResourceError(missing > 0 ? 'not_found' : 'unavailable', parts.join(' '))
}
