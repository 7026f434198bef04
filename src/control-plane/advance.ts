// Bringing one resource to where its row wants it, by three rules: applied < desired -> apply; purging -> purge; a timer is due ->
// expire or forget. What is left of a move comes between them. The request that changed the row and the alarm run the same code; one run per resource at a time.

import { fault } from '../object/fault.ts'
import { withDeadline } from '../object/deadline.ts'
import { isRetryable, ResourceError } from '../wire/errors.ts'
import type { DataMethods } from '../wire/planes.ts'
import { findRow, updateRow } from './catalog.ts'
import type { ControlDeps } from './deps.ts'
import { bumpDescriptor, scheduleWork } from './descriptor.ts'
import { forget, purge } from './ending.ts'
import { forgetKeysOf } from './idempotency.ts'
import { shardTime } from './meta.ts'
import { followObject } from './moving/follow-object.ts'
import { handOver } from './moving/hand-over.ts'
import { undo } from './moving/undo.ts'
import { isTimerDue, nextStep } from './next-step.ts'
import { callObject, type Running } from './object-call.ts'
import { giveBackOne } from './accounts/quota.ts'
import { retire } from './retire.ts'
import { NO_RETENTION, endRetention, timerOf, waitForTimer, withRevision } from './retention.ts'
import { isRestorable, type CatalogRow } from './row.ts'
import { isHere, whileHere } from './sharding/place.ts'
import { backOffMs, dropWork, findWork, isLeaving } from './work.ts'

/** One second of the ten that a call may take: a live object answers within milliseconds. */
const PATIENCE_DIVISOR = 10

/** How long an object is waited for while others wait for theirs. */
export function patienceMs({ timers }: ControlDeps): number {
  return timers.callTimeoutMs / PATIENCE_DIVISOR
}

/**
 * Runs the rules on one resource until none applies. Joins a run that is under way.
 *
 * @param requestId of the request that asks for it
 * @throws whatever a call to the data plane throws; the work item then stays, and the reconciler goes on later
 */
export async function advance(deps: ControlDeps, id: string, requestId: string): Promise<void> {
  // A run that is about to end may not have seen what its joiner wants: it is followed by one more.
  for (let running = deps.underWay.get(id); running !== undefined; running = deps.underWay.get(id)) await running
  const run = runSteps({ ...deps, requestId }, id)
    .catch((error: unknown) => {
      const row = findRow(deps.sql, id)
      if (row !== undefined && isHere(deps, row.account)) throw error
    })
    .finally(() => deps.underWay.delete(id))
  deps.underWay.set(id, run)
  return run
}

/**
 * {@link advance} on behalf of a request: failures and slowness are not the caller's, who reads from the row how far it came.
 *
 * @param waitMs how long to try at most; a run that is under way then goes on
 */
export async function advanceFor(deps: ControlDeps, id: string, waitMs: number, requestId: string): Promise<void> {
  const endMs = deps.now() + waitMs
  const leave = await deps.slots.take(findRow(deps.sql, id)?.account ?? '', waitMs, patienceMs(deps))
  // None in all that time: the alarm brings it to its end.
  if (leave === undefined) return
  try {
    await advanceUntil(deps, id, endMs, requestId)
  } finally {
    leave()
  }
}

async function advanceUntil(deps: ControlDeps, id: string, endMs: number, requestId: string): Promise<void> {
  const { reconcileBaseMs, reconcileMaxMs } = deps.timers
  for (let attempt = 0; ; attempt++) {
    try {
      return await withDeadline(advance(deps, id, requestId), endMs - deps.now(), 'The data plane')
    } catch (error) {
      const pauseMs = backOffMs(attempt, reconcileBaseMs, reconcileMaxMs)
      if (deps.now() + pauseMs >= endMs) {
        console.warn(
          JSON.stringify({ event: 'advance_pending', request_id: requestId, resource: id, error: String(error) }),
        )
        return
      }
      await scheduler.wait(pauseMs)
    }
  }
}

async function runSteps(given: Running, id: string): Promise<void> {
  for (;;) {
    const row = findRow(given.sql, id)
    // The shard to which the account goes repeats what was begun here: every call to an object can be.
    if (row === undefined || !isHere(given, row.account)) return
    const deps = whileHere(given, row.account)
    switch (nextStep(row, shardTime(deps.sql, deps.now()))) {
      case 'apply':
        await apply(deps, row)
        break
      case 'handOver':
        if (row.moving !== undefined) await handOver(deps, row, row.moving)
        break
      case 'undo':
        if (row.moving !== undefined) await undo(deps, row, row.moving)
        break
      case 'expire':
        await expire(deps, row)
        break
      case 'retire':
        await retire(deps, row)
        break
      case 'purge':
        await purge(deps, row)
        break
      case 'forget':
        await forget(deps, row)
        break
      case 'wait': {
        const item = findWork(deps.sql, id)
        if (item?.kind === timerOf(row) && item.due > deps.now()) return
        return deps.transact(() => waitAgain(deps, id))
      }
      case 'nothing':
        return
    }
  }
}

async function apply(deps: Running, row: CatalogRow): Promise<void> {
  TEST_BUILD: await fault('advance.apply.begin')
  const args = {
    descriptor: row.descriptor,
    // Only a creation makes anything. An object that has lost what it had, in a restore from an older backup, is not made anew, and empty.
    notAfterMs: row.phase === 'creating' ? deps.now() + deps.timers.applyDeadlineMs : 0,
    ...(row.params === undefined ? {} : { params: row.params }),
  }
  let answer: DataMethods['apply']['value']
  try {
    answer = await callObject(deps, row, 'apply', args)
  } catch (error) {
    return giveUpOrThrow(deps, row, error)
  }
  TEST_BUILD: await fault('advance.apply.answered')
  const { outcome, held, reason } = answer
  if (held.kind === 'moved' && held.moved.incarnation === row.incarnation)
    return followObject(deps, row, held.moved.to, { version: held.moved.version })
  if (reason === 'arriving') throw new ResourceError('unavailable', 'Its content is still on its way to the object.')
  if (outcome === 'refused' && reason === 'not_after') {
    if (row.phase !== 'creating') return deps.transact(() => passOver(deps, row))
    const late = new ResourceError('deadline_exceeded', 'The object took longer than the creation allows.')
    return giveUpOrThrow(deps, row, late)
  }
  await deps.transact(() => {
    const current = findRow(deps.sql, row.id)
    if (current === undefined || current.incarnation !== row.incarnation) return
    // What it holds may be its next account's, which has it by now: not to be overruled, nor a reason to give it up.
    if (outcome !== 'applied' && isLeaving(deps.sql, current))
      throw new ResourceError('not_ready', 'It is being given to another account.')
    if (outcome === 'refused' && current.descriptor.mode !== 'deleted') {
      // The object knows that this incarnation was purged: a catalog from an older backup has come back. The end is the end.
      giveUp(deps, row.id, undefined)
    } else if (held.kind === 'tombstone' && isRestorable(current)) {
      // For the same reason: there is no content that could be restored.
      endRetention(deps, { ...current, appliedVersion: Math.max(current.appliedVersion, row.desiredVersion) })
    } else if (held.kind === 'descriptor' && held.descriptor.version > row.desiredVersion) {
      // The object is ahead for the same reason: push this catalog's wish again, above what it holds.
      bumpDescriptor(deps, current, {}, {}, held.descriptor.version)
    } else {
      markApplied(deps, current, row.desiredVersion)
    }
  })
  TEST_BUILD: await fault('advance.apply.marked')
}

/**
 * A creation that the type itself refuses will never succeed: it is a refusal of the request after all. One that failed for its whole
 * lifetime is given up, after this last try. Everything else is tried again later.
 */
async function giveUpOrThrow(deps: Running, row: CatalogRow, error: unknown): Promise<void> {
  const isCreating = row.phase === 'creating' && row.descriptor.mode !== 'deleted'
  const refusal = error instanceof ResourceError && !isRetryable(error.code) ? error : undefined
  const isOver = refusal !== undefined || isTimerDue(row, shardTime(deps.sql, deps.now()))
  if (!isCreating || !isOver) throw error
  await deps.transact(() => giveUp(deps, row.id, refusal))
}

/**
 * Its object has lost what it had, in a restore from an older backup: nothing is there that could learn it, nor serve what was before. When it
 * comes back, from a later backup, reconciling tells it (retelling/row.ts).
 */
function passOver(deps: Running, { id, incarnation, desiredVersion }: CatalogRow): void {
  console.warn(JSON.stringify({ event: 'no_content', resource: id, request_id: deps.requestId }))
  const current = findRow(deps.sql, id)
  if (current?.incarnation !== incarnation) return
  if (isLeaving(deps.sql, current)) throw new ResourceError('not_ready', 'It is being given to another account.')
  markApplied(deps, current, desiredVersion)
}

function markApplied(deps: ControlDeps, row: CatalogRow, version: number): void {
  const isAgreed = version === row.desiredVersion
  const isDeleted = row.descriptor.mode === 'deleted'
  const isKept = isRestorable(row)
  const isLive = row.phase === 'creating' && !isDeleted
  const phase = isDeleted && isAgreed && !isKept ? 'purging' : isLive ? 'live' : row.phase
  const next = withRevision(row, {
    ...row,
    appliedVersion: Math.max(row.appliedVersion, version),
    phase,
    params: undefined,
    clockDue: isKept ? row.clockDue : null,
  })
  updateRow(deps.sql, next)
  if (isLive) deps.journal.event(row.account, 'created', row.id)
  if (!isAgreed) return
  if (phase === 'purging') return scheduleWork(deps, row.id, 'purge')
  dropWork(deps.sql, row.id)
  waitForTimer(deps, next)
}

/** The time in which a deleted resource could be restored is over. */
async function expire(deps: Running, row: CatalogRow): Promise<void> {
  TEST_BUILD: await fault('advance.expire.begin')
  await deps.transact(() => {
    const current = findRow(deps.sql, row.id)
    // It may have been restored since it was looked at.
    if (current !== undefined && nextStep(current, shardTime(deps.sql, deps.now())) === 'expire')
      endRetention(deps, current)
  })
  TEST_BUILD: await fault('advance.expire.marked')
}

function waitAgain(deps: ControlDeps, id: string): void {
  const row = findRow(deps.sql, id)
  if (row !== undefined) waitForTimer(deps, row)
}

/** Turns a creation round: `deleted` is pushed, so that a late one is refused by a tombstone. Name, count and key are free again. */
function giveUp(deps: ControlDeps, id: string, failure: ResourceError | undefined): void {
  const row = findRow(deps.sql, id)
  if (row === undefined || row.descriptor.mode === 'deleted') return
  const reason =
    failure ?? new ResourceError('unavailable', 'The resource could not be created; nothing of it remains.')
  if (row.isListed) giveBackOne(deps.sql, row.account)
  forgetKeysOf(deps.sql, id)
  deps.journal.event(row.account, 'create_failed', id, { code: reason.code })
  bumpDescriptor(
    deps,
    row,
    { mode: 'deleted' },
    {
      ...NO_RETENTION,
      isListed: false,
      params: undefined,
      // One that was served is a purged one like any other.
      failure: row.phase === 'creating' ? reason.data : undefined,
      deleteTimeMs: deps.now(),
    },
  )
}
