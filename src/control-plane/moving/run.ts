// The operation that moves a resource. Until the flip everything is where it was, and a failure ends with that; after it, what is left are
// steps of the row (hand-over.ts). A process that dies at any point goes on from what the row says.
//
//     recorded -> nothing may change -> copied -> verified -> flipped -> opened there -> left here -> may change again

import { fault } from '../../object/fault.ts'
import { ResourceError, toResourceError, type ErrorCode } from '../../wire/errors.ts'
import { MOVE_FLIPPED } from '../../wire/operation.ts'
import type { ContentDigest } from '../../wire/planes.ts'
import { takeReport } from '../accounts/metering.ts'
import { advance } from '../advance.ts'
import { findRow, updateRow } from '../catalog.ts'
import type { ControlDeps } from '../deps.ts'
import { bumpDescriptor } from '../descriptor.ts'
import { callObject, type Running } from '../object-call.ts'
import {
  continueOperation,
  findOperation,
  finishOperation,
  waitForOperation,
  type StoredOperation,
} from '../operations/operations.ts'
import type { CatalogRow } from '../row.ts'
import { backOffMs } from '../work.ts'
import { movedPlace, placeOfRow, type RowMove } from './row-place.ts'
import { giveUpMove } from './undo.ts'

/** What a copy must make at least, a megabyte a second: one that hangs is not waited for, since nobody can write meanwhile. */
const LEAST_BYTES_PER_MS = 1_000
/** Nobody can write while it is tried: as many deadlines of a call as it may fail without an end. */
const PATIENCE_CALLS = 3

/** Trying the same again would bring the same. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  'invalid_request',
  'too_large',
  'storage_full',
  'not_ready',
  'not_found',
  'deleted',
])

/** One run at a time, however often the alarm comes meanwhile. */
export async function runMove(deps: ControlDeps, operation: StoredOperation): Promise<void> {
  if (deps.underWay.has(operation.id)) return deps.transact(() => waitForOperation(deps, operation, {}))
  const run = drive({ ...deps, requestId: operation.id }, operation).finally(() => deps.underWay.delete(operation.id))
  deps.underWay.set(operation.id, run)
  return run
}

async function drive(deps: Running, operation: StoredOperation): Promise<void> {
  const id = String(operation.subject['resource'])
  const row = findRow(deps.sql, id)
  if (row?.moving?.operation === operation.id && row.moving.phase === 'copy') {
    const isCopied = await tryToCopy(deps, operation, row)
    if (!isCopied) return
  }
  // The rest are steps of the row; what ended the move meanwhile has ended the operation, too.
  await advance(deps, id, deps.requestId)
  await deps.transact(() => finishOperation(deps, operation, { done: operation.total }, failureOf(deps, operation, id)))
}

function failureOf(deps: ControlDeps, operation: StoredOperation, id: string): ResourceError | undefined {
  const { done, subject } = findOperation(deps.sql, operation.id) ?? operation
  // It has come there: where it went after that, perhaps to another account's shard, is not this operation's.
  if (done >= MOVE_FLIPPED) return undefined
  const row = findRow(deps.sql, id)
  if (row === undefined) return new ResourceError('deleted', 'It was deleted meanwhile.')
  return row.cell === subject['to'] ? undefined : new ResourceError('not_ready', 'It was moved elsewhere meanwhile.')
}

/** @returns false when it is to be tried again later, or was given up */
async function tryToCopy(deps: Running, operation: StoredOperation, row: CatalogRow): Promise<boolean> {
  try {
    await copy(deps, operation, row)
    return true
  } catch (thrown) {
    const error = toResourceError(thrown)
    console.warn(
      JSON.stringify({
        event: 'move_failed',
        resource: row.id,
        operation: operation.id,
        code: error.code,
        error: String(thrown),
      }),
    )
    await deps.transact((sql) => {
      const current = findRow(sql, row.id)
      if (current?.moving?.operation !== operation.id || current.moving.phase !== 'copy') return
      const { reconcileBaseMs, reconcileMaxMs, callTimeoutMs } = deps.timers
      const { sinceMs, attempt } = readFailures(operation) ?? { sinceMs: deps.now(), attempt: 0 }
      if (FINAL.has(error.code) || deps.now() - sinceMs > PATIENCE_CALLS * callTimeoutMs) {
        giveUpMove(deps, current, current.moving)
        return finishOperation(deps, operation, {}, error)
      }
      const cursor = JSON.stringify({ sinceMs, attempt: attempt + 1 } satisfies Failures)
      continueOperation(deps, operation, {}, cursor, backOffMs(attempt, reconcileBaseMs, reconcileMaxMs))
    })
    return false
  }
}

/** Attempts that failed one after the other: the operation's cursor. */
interface Failures {
  readonly sinceMs: number
  readonly attempt: number
}

function readFailures({ cursor }: StoredOperation): Failures | undefined {
  return cursor === null ? undefined : (JSON.parse(cursor) as Failures)
}

async function copy(deps: Running, operation: StoredOperation, asked: CatalogRow): Promise<void> {
  await deps.transact(() => countAttempt(deps, operation, asked.id))
  await advance(deps, asked.id, deps.requestId)
  const row = findRow(deps.sql, asked.id)
  const { moving } = row ?? {}
  // It was given up, deleted, or found elsewhere.
  if (row === undefined || moving?.operation !== operation.id || moving.phase !== 'copy') return
  if (row.appliedVersion < row.desiredVersion)
    throw new ResourceError('unavailable', 'Its object does not know yet that it is being moved.')
  TEST_BUILD: await fault('moving.paused')
  const { to, from } = moving
  const { writeTimeMs, bytes: size } = await callObject(deps, row, 'describe', {})
  const long = { deadlineMs: deps.timers.callTimeoutMs + size / LEAST_BYTES_PER_MS }
  const taken = await callObject(deps, row, 'takeOver', { descriptor: row.descriptor, from }, { at: to, ...long })
  TEST_BUILD: await fault('moving.copied')
  // What was sent, and what is stored there now, read back.
  const here = await callObject(deps, row, 'digest', {}, long)
  const there = await callObject(deps, row, 'digest', {}, { at: to, ...long })
  const { bytes } = await callObject(deps, row, 'describe', {}, { at: to })
  requireEqual(taken.content, here, there)
  TEST_BUILD: await fault('moving.verified')
  await deps.transact(() => flip(deps, operation, row, moving, { bytes, writeTimeMs: writeTimeMs ?? 0 }))
  TEST_BUILD: await fault('moving.flipped')
}

/** Each attempt has a version of its own, so that a call of one before, however late it comes, does nothing to the copy of this one. */
function countAttempt(deps: Running, operation: StoredOperation, id: string): void {
  const current = findRow(deps.sql, id)
  if (current?.moving?.operation !== operation.id || current.moving.phase !== 'copy') return
  const { attempts } = current.moving
  const moving = { ...current.moving, attempts: (attempts ?? 1) + 1 }
  // The version with which the move has begun is the first attempt's.
  if (attempts === 0) updateRow(deps.sql, { ...current, moving })
  else bumpDescriptor(deps, current, {}, { moving })
}

/** @throws ResourceError `unavailable`: something at one of the places has changed, and it is copied again */
function requireEqual(...digests: readonly ContentDigest[]): void {
  if (new Set(digests.map(({ sha256 }) => sha256)).size > 1)
    throw new ResourceError('unavailable', 'What arrived in the other cell is not what is here.')
}

/** From here on it is at its next place. */
function flip(
  deps: Running,
  operation: StoredOperation,
  { id, incarnation }: CatalogRow,
  moving: RowMove,
  { bytes, writeTimeMs }: { readonly bytes: number; readonly writeTimeMs: number },
): void {
  const current = findRow(deps.sql, id)
  if (current?.moving?.operation !== operation.id || current.moving.phase !== 'copy') return
  // What its object had not reported yet, and how large it is where it is now.
  const lastMs = Math.max(writeTimeMs, current.usage?.writeTimeMs ?? 0)
  if (lastMs > 0) takeReport(deps, { id, incarnation, usage: { bytes, writeTimeMs: lastMs } })
  const place = movedPlace(current, moving.to)
  const at = placeOfRow({ id, place })
  bumpDescriptor(deps, current, {}, { place, cell: at.cell, moving: { ...moving, phase: 'handOver' } })
  continueOperation(deps, operation, { done: MOVE_FLIPPED }, '{}')
}
