// Giving a resource to another account, which may be on another shard: two objects that cannot commit together. The shard that has it
// remembers the intent, the other one takes it over or refuses, and only then the first lets go. In between it takes no change.

import { fault } from '../../object/fault.ts'
import type { CallerLimits } from '../../wire/account.ts'
import { ResourceError } from '../../wire/errors.ts'
import type { Caller, Changed, ControlMethods } from '../../wire/planes.ts'
import { effectiveMode, readAccount, requireOpen, resourceBytes } from './account.ts'
import { advanceFor } from '../advance.ts'
import { deleteRow, findRow, insertRow, readStored, requireFreeName, updateRow } from '../catalog.ts'
import { liveRow, requireMatch, requireNotMoving } from '../change.ts'
import type { ControlDeps } from '../deps.ts'
import { scheduleWork } from '../descriptor.ts'
import { findByKey, forgetKeysOf, recordKey } from '../idempotency.ts'
import { dropLabels, indexLabels } from '../labels.ts'
import { lifeDueOf } from '../lifetime.ts'
import { readCounters, raiseCounters, nextCreateTime } from '../meta.ts'
import { releaseBytes, takeBytes } from './metering.ts'
import { callPeer } from '../sharding/peers.ts'
import { giveBackOne, takeOne } from './quota.ts'
import { toRow, type CatalogRow } from '../row.ts'
import { requireTransferable } from '../succession.ts'
import { dropWork, findWork, isLeaving, putWork, transferKey, type WorkItem } from '../work.ts'

interface Intent {
  readonly to: string
  readonly limits: CallerLimits
  readonly from: string
  /** For the audit log, which tells of it when it has come to its end. */
  readonly asker: Pick<Caller, 'account' | 'actor' | 'role' | 'requestId'>
}

/**
 * Gives a live resource to another account. Its tokens end with it, as does its place in lists: it is the newest of its new account.
 *
 * @throws ResourceError what a creation there would be refused with, and `not_found`, `deleted`, `not_ready`, `precondition_failed`
 */
export async function transfer(
  deps: ControlDeps,
  caller: Caller,
  { id, ifMatch, to, limits }: ControlMethods['transfer']['args'],
): Promise<Changed> {
  if (deps.ownedTypes.length > 0) throw new ResourceError('invalid_request', 'An account belongs to nobody else.')
  requireTransferable(deps)
  const item = await deps.transact((sql) => {
    const row = liveRow(sql, id, caller.account)
    requireMatch(row, ifMatch)
    requireNotMoving(row)
    if (to === row.account) throw new ResourceError('invalid_request', 'It belongs to this account already.')
    // On one shard it is this account's before the one that gave it has told of it.
    if (findWork(sql, transferKey(id)) !== undefined)
      throw new ResourceError('not_ready', 'This resource has just come from another account.', {
        retryAfterSeconds: 1,
      })
    const { account, actor, role, requestId } = caller
    const asker = { account, role, requestId, ...(actor === undefined ? {} : { actor }) }
    const intent: Intent = { to, limits, from: row.account, asker }
    const work: WorkItem = {
      key: transferKey(id),
      kind: 'transfer',
      due: deps.now() + deps.timers.reconcileBaseMs,
      attempt: 0,
      cursor: JSON.stringify(intent),
    }
    putWork(sql, work)
    deps.arm()
    return work
  })
  TEST_BUILD: await fault('transfer.recorded')
  await runTransfer(deps, item)
  return callPeerAfter(deps, id, to)
}

/** As its new account sees it. */
async function callPeerAfter(deps: ControlDeps, id: string, to: string): Promise<Changed> {
  const record = await callPeer(deps, deps.type, to, 'get', { id })
  return { record, applied: record.appliedVersion === record.desiredVersion }
}

/**
 * Drives it on to one of its two ends, one run at a time: the alarm must not do again what a slow request is about to do. Idempotent.
 *
 * @throws ResourceError the other account's refusal, after which nothing has changed
 */
export async function runTransfer(deps: ControlDeps, item: WorkItem): Promise<void> {
  const { underWay } = deps
  for (let running = underWay.get(item.key); running !== undefined; running = underWay.get(item.key)) await running
  const run = giveAway(deps, item).finally(() => underWay.delete(item.key))
  underWay.set(item.key, run)
  return run
}

async function giveAway(deps: ControlDeps, item: WorkItem): Promise<void> {
  const id = item.key.slice(transferKey('').length)
  const { to, limits, from, asker } = JSON.parse(item.cursor ?? '{}') as Intent
  // Whoever was here before has brought it to its end.
  if (findWork(deps.sql, item.key)?.cursor !== item.cursor) return
  const row = readStored(deps.sql, id)
  // On one shard the other account has it already; what there is to tell of it was not told.
  if (row?.['account'] !== from) return finish()
  try {
    await callPeer(deps, deps.type, to, 'receiveResource', {
      row,
      counters: readCounters(deps.sql, deps.now()),
      limits,
    })
  } catch (error) {
    if (!(error instanceof ResourceError) || !REFUSALS.has(error.code)) throw error
    await deps.transact((sql) => dropWork(sql, item.key))
    throw error
  }
  TEST_BUILD: await fault('transfer.received')
  await finish()
  TEST_BUILD: await fault('transfer.gone')

  function finish(): Promise<void> {
    return deps.transact((sql) => {
      dropWork(sql, item.key)
      deps.journal.audit(asker, 'transfer', id)
      deps.journal.event(from, 'transferred', id, { to })
      const left = findRow(sql, id)
      // On one shard it was the same row.
      if (left === undefined || left.account !== from) return
      letGo(deps, left)
      deleteRow(sql, id)
      dropWork(sql, id)
    })
  }
}

/** What the other account's shard decides; everything else is tried again. */
const REFUSALS: ReadonlySet<string> = new Set([
  'quota_exceeded',
  'already_exists',
  'suspended',
  'permission_denied',
  'deleted',
  'invalid_request',
])

/**
 * Takes a resource over. Part of the protocol above; idempotent by identifier.
 *
 * @throws ResourceError as for a creation
 */
export async function receiveResource(
  deps: ControlDeps,
  { account, requestId }: Caller,
  { row: stored, counters, limits }: ControlMethods['receiveResource']['args'],
): Promise<boolean> {
  const sent = toRow(stored)
  // Remembered also when it has gone on to somebody else: who sends it again must not make a second one.
  const gift = { key: `\ntransfer ${sent.id} ${sent.desiredVersion}`, fingerprint: '' }
  const isNew = await deps.transact((sql) => {
    if (findByKey(sql, account, gift, deps.now()) !== undefined) return false
    const here = findRow(sql, sent.id)
    if (here?.account === account) {
      if (!isLeaving(sql, here)) return false
      // It comes back to whom it has not quite left: as soon as that has let go, it is taken.
      throw onItsWay()
    }
    // On one shard it is here already, and newer than what was sent: its object may have reported meanwhile.
    const given = here ?? sent
    const held = readAccount(sql, account)
    requireOpen(sql, account, held)
    if (given.nameKey !== null)
      requireFreeName(sql, account, given.nameKey, { wayOut: 'rename one of them before it is given away' })
    takeOne(sql, account, limits.resources)
    raiseCounters(sql, counters)
    const next = toReceived(deps, given, account, effectiveMode(given.ownMode, held), limits)
    if (here === undefined) {
      insertRow(sql, next)
    } else {
      letGo(deps, here)
      updateRow(sql, next)
    }
    indexLabels(sql, next)
    takeBytes(deps, next)
    scheduleWork(deps, next.id, 'apply')
    recordKey(sql, account, gift, gift.key, deps.now() + deps.timers.tombstoneRetentionMs)
    deps.journal.event(account, 'transferred', next.id, { from: given.account })
    return true
  })
  TEST_BUILD: await fault('transfer.taken')
  // Within the time that the giver waits: it must be able to let go, also of one whose object does not answer.
  const waitMs = Math.min(deps.timers.createWaitMs, deps.timers.callTimeoutMs / 2)
  if (isNew) await advanceFor(deps, sent.id, waitMs, requestId)
  return true
}

function onItsWay(): ResourceError {
  return new ResourceError('unavailable', 'This resource is still on its way from this account to another one.', {
    applied: 'unknown',
    retryAfterSeconds: 1,
  })
}

function toReceived(
  deps: ControlDeps,
  row: CatalogRow,
  account: string,
  mode: CatalogRow['ownMode'],
  limits: CallerLimits,
): CatalogRow {
  const version = row.desiredVersion + 1
  const createTimeMs = nextCreateTime(deps.sql, deps.now())
  return {
    ...row,
    account,
    createTimeMs,
    updateTimeMs: createTimeMs,
    // Each shard has a clock of its own: the other one's time says nothing here.
    lifeDue: lifeDueOf(deps, { ...row, createTimeMs }),
    operation: null,
    desiredVersion: version,
    revision: row.revision + 1,
    descriptor: {
      ...row.descriptor,
      account,
      shard: deps.objectName,
      version,
      mode,
      limits: { bytes: resourceBytes(deps.type.limits.bytes, limits) },
      // Whom its owner before let in is not let in any more.
      generation: row.descriptor.generation + 1,
    },
  }
}

function letGo(deps: ControlDeps, row: CatalogRow): void {
  giveBackOne(deps.sql, row.account)
  dropLabels(deps.sql, row)
  releaseBytes(deps, row)
  forgetKeysOf(deps.sql, row.id)
}
