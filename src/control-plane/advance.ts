// Bringing one resource to where its row wants it, by three rules: applied < desired -> apply; purging -> purge; a timer is due ->
// forget (or give a creation up). The request that changed the row and the alarm run the same code; one run per resource at a time.

import { fault } from '../object/fault.ts'
import { withDeadline } from '../object/deadline.ts'
import { isRetryable, ResourceError } from '../wire/errors.ts'
import { PLANES_VERSION, type DataMethod, type DataMethods } from '../wire/planes.ts'
import { deleteRow, findRow, updateRow, type CatalogRow } from './catalog.ts'
import type { ControlDeps } from './deps.ts'
import { bumpDescriptor } from './descriptor.ts'
import { forgetKeysOf } from './idempotency.ts'
import { observeTime, shardTime, toWallTime } from './meta.ts'
import { nextStep } from './next-step.ts'
import { giveBackOne } from './quota.ts'
import { dropWork, putWork } from './work.ts'

/**
 * Runs the rules on one resource until none applies. Joins a run that is under way.
 *
 * @throws whatever a call to the data plane throws; the work item then stays, and the reconciler goes on later
 */
export async function advance(deps: ControlDeps, id: string): Promise<void> {
  // A run that is about to end may not have seen what its joiner wants: it is followed by one more.
  for (let running = deps.underWay.get(id); running !== undefined; running = deps.underWay.get(id)) await running
  const run = runSteps(deps, id).finally(() => deps.underWay.delete(id))
  deps.underWay.set(id, run)
  return run
}

/**
 * {@link advance} on behalf of a request: failures and slowness are not the caller's, who reads from the row how far it came.
 *
 * @param waitMs how long to wait at most; the run itself goes on
 */
export async function advanceFor(deps: ControlDeps, id: string, waitMs: number): Promise<void> {
  try {
    await withDeadline(advance(deps, id), waitMs, 'The data plane')
  } catch (error) {
    console.warn(JSON.stringify({ event: 'advance_pending', resource: id, error: String(error) }))
  }
}

async function runSteps(deps: ControlDeps, id: string): Promise<void> {
  for (;;) {
    const row = findRow(deps.sql, id)
    if (row === undefined) return
    switch (nextStep(row, shardTime(deps.sql, deps.now()))) {
      case 'apply':
        await apply(deps, row)
        break
      case 'give_up':
        await deps.transact(() => giveUp(deps, id, undefined))
        break
      case 'purge':
        await purge(deps, row)
        break
      case 'forget':
        await forget(deps, row)
        break
      case 'wait':
        return deps.transact(() => waitForTimer(deps, id))
      case 'nothing':
        return
    }
  }
}

async function apply(deps: ControlDeps, row: CatalogRow): Promise<void> {
  TEST_BUILD: await fault('advance.apply.begin')
  const args = {
    descriptor: row.descriptor,
    notAfterMs: deps.now() + deps.timers.applyDeadlineMs,
    ...(row.params === undefined ? {} : { params: row.params }),
  }
  let answer: DataMethods['apply']['value']
  try {
    answer = await callObject(deps, row.id, 'apply', args)
  } catch (error) {
    // A creation that the type itself refuses will never succeed: it is a refusal of the request after all.
    const isRefusal = error instanceof ResourceError && !isRetryable(error.code)
    if (!isRefusal || row.phase !== 'creating' || row.descriptor.mode === 'deleted') throw error
    await deps.transact(() => giveUp(deps, row.id, error))
    return
  }
  TEST_BUILD: await fault('advance.apply.answered')
  const { outcome, held } = answer
  if (outcome === 'refused' && answer.reason === 'not_after') {
    throw new ResourceError('deadline_exceeded', 'The object took longer than the creation allows.')
  }
  await deps.transact(() => {
    const current = findRow(deps.sql, row.id)
    if (current === undefined || current.incarnation !== row.incarnation) return
    if (outcome === 'refused' && current.descriptor.mode !== 'deleted') {
      // The object knows that this incarnation was purged: a catalog from an older backup has come back. The end is the end.
      giveUp(deps, row.id, undefined)
    } else if (held.kind === 'descriptor' && held.descriptor.version > row.desiredVersion) {
      // The object is ahead for the same reason: push this catalog's wish again, above what it holds.
      bumpDescriptor(deps, current, {}, {}, held.descriptor.version)
    } else {
      markApplied(deps, current, row.desiredVersion)
    }
  })
  TEST_BUILD: await fault('advance.apply.marked')
}

function markApplied(deps: ControlDeps, row: CatalogRow, version: number): void {
  const isDeleted = row.descriptor.mode === 'deleted' && version === row.desiredVersion
  const phase = isDeleted
    ? 'purging'
    : row.phase === 'creating' && row.descriptor.mode !== 'deleted'
      ? 'live'
      : row.phase
  updateRow(deps.sql, {
    ...row,
    appliedVersion: Math.max(row.appliedVersion, version),
    phase,
    params: undefined,
    clockDue: null,
    revision: phase === row.phase ? row.revision : row.revision + 1,
  })
  if (isDeleted) putPurgeWork(deps, row.id)
  else if (version === row.desiredVersion) dropWork(deps.sql, row.id)
}

function putPurgeWork(deps: ControlDeps, id: string): void {
  const due = deps.now() + deps.timers.reconcileBaseMs
  putWork(deps.sql, { key: id, kind: 'purge', due, attempt: 0, cursor: null })
  deps.wakeAt(due)
}

async function purge(deps: ControlDeps, row: CatalogRow): Promise<void> {
  TEST_BUILD: await fault('advance.purge.begin')
  const { id, incarnation, desiredVersion: version } = row
  const { outcome } = await callObject(deps, id, 'purge', { id, incarnation, version })
  TEST_BUILD: await fault('advance.purge.answered')
  await deps.transact(() => {
    const current = findRow(deps.sql, id)
    if (current === undefined || current.phase !== 'purging') return
    if (outcome === 'refused') console.error(JSON.stringify({ event: 'purge_refused', resource: id, incarnation }))
    const clockDue = observeTime(deps.sql, deps.now()) + deps.timers.tombstoneRetentionMs
    updateRow(deps.sql, { ...current, phase: 'purged', clockDue })
    waitForTimer(deps, id)
  })
  TEST_BUILD: await fault('advance.purge.marked')
}

async function forget(deps: ControlDeps, row: CatalogRow): Promise<void> {
  TEST_BUILD: await fault('advance.forget.begin')
  await callObject(deps, row.id, 'forget', { incarnation: row.incarnation })
  TEST_BUILD: await fault('advance.forget.answered')
  await deps.transact(() => {
    deleteRow(deps.sql, row.id)
    dropWork(deps.sql, row.id)
  })
  TEST_BUILD: await fault('advance.forget.marked')
}

/** Puts the work item at the wall time at which the row's timer should be looked at again. */
function waitForTimer(deps: ControlDeps, id: string): void {
  const row = findRow(deps.sql, id)
  if (row === undefined || row.clockDue === null) return
  const nowMs = deps.now()
  const due = toWallTime(observeTime(deps.sql, nowMs), row.clockDue, nowMs)
  putWork(deps.sql, { key: id, kind: 'forget', due, attempt: 0, cursor: null })
  deps.wakeAt(due)
}

/** Turns a creation round: `deleted` is pushed, so that a late one is refused by a tombstone. Name, count and key are free again. */
function giveUp(deps: ControlDeps, id: string, failure: ResourceError | undefined): void {
  const row = findRow(deps.sql, id)
  if (row === undefined || row.descriptor.mode === 'deleted') return
  const reason =
    failure ?? new ResourceError('unavailable', 'The resource could not be created; nothing of it remains.')
  if (row.isListed) giveBackOne(deps.sql, row.account)
  forgetKeysOf(deps.sql, id)
  bumpDescriptor(
    deps,
    row,
    { mode: 'deleted' },
    {
      nameKey: null,
      isListed: false,
      params: undefined,
      failure: reason.data,
      clockDue: null,
      deleteTimeMs: deps.now(),
    },
  )
}

/** One call to the data plane, with our own deadline. @throws ResourceError what it answered, or `deadline_exceeded` */
export async function callObject<M extends DataMethod>(
  deps: ControlDeps,
  resource: string,
  method: M,
  args: DataMethods[M]['args'],
): Promise<DataMethods[M]['value']> {
  const call = { v: PLANES_VERSION, type: deps.type.name, resource, method, args, requestId: '' } as const
  const outcome = await withDeadline(deps.dataPlane.call(call), deps.timers.callTimeoutMs, 'The data plane')
  if (!outcome.ok) throw new ResourceError(outcome.error.code, outcome.error.message, outcome.error)
  return outcome.value
}
