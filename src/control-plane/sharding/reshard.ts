// Another policy for a type: an operation of its root object. The policy changes first, with a new epoch, and what was before is kept beside
// it; then each shard of before is asked to give away what no longer belongs there, and when all have, what was before is forgotten.

import { fault } from '../../object/fault.ts'
import { isSamePolicy, type ShardPolicy } from '../../identity/shard.ts'
import { ResourceError } from '../../wire/errors.ts'
import type { OperationRecord } from '../../wire/operation.ts'
import type { Caller, PersistedPolicy } from '../../wire/planes.ts'
import type { ControlDeps } from '../deps.ts'
import { readPolicy, rootPolicy, writePolicy } from './policy.ts'
import {
  beginOperation,
  continueOperation,
  finishOperation,
  ownedOperation,
  toPublic,
  type StoredOperation,
} from '../operations/operations.ts'
import { backOffMs } from '../work.ts'
import { askShard } from './ask.ts'
import { moveOut } from './move.ts'
import { nextSource, requireAccounts, type SourcePosition } from './sources.ts'

/**
 * Begins it. The policy that is there already is an operation that is done at once.
 *
 * @param caller under whose account the operation is found
 * @throws ResourceError `not_ready` while accounts still move; `invalid_request` when nobody knows the shards of before
 */
export async function reshard(deps: ControlDeps, caller: Caller, policy: ShardPolicy): Promise<OperationRecord> {
  if (rootPolicy(deps, deps.type.shards).policy.kind === 'by_account' && policy.kind !== 'by_account')
    await requireAccounts(deps)
  const id = await deps.transact(() => begin(deps, caller, policy))
  TEST_BUILD: await fault('reshard.recorded')
  return toPublic(ownedOperation(deps.sql, id, caller.account))
}

function begin(deps: ControlDeps, caller: Caller, policy: ShardPolicy): string {
  const { account } = caller
  const { policy: before, epoch, previous } = rootPolicy(deps, deps.type.shards)
  if (previous !== undefined)
    throw new ResourceError(
      'not_ready',
      'Accounts are still moving to where the last change of the policy puts them: GET /v1/operations?account=- says how far that is.',
      { retryAfterSeconds: 1 },
    )
  deps.journal.audit(caller, 'reshard', null)
  const id = beginOperation(deps, { account, kind: 'reshard', total: 0, subject: { from: before, to: policy } })
  if (isSamePolicy(before, policy)) finishOperation(deps, ownedOperation(deps.sql, id, account), {})
  else writePolicy(deps.sql, { policy, epoch: epoch + 1, previous: before })
  return id
}

interface Cursor {
  /** The shard that is asked. */
  readonly at?: SourcePosition
  /** Accounts of those before it. */
  readonly done: number
  /** How often it has been asked. */
  readonly polls: number
}

/** Between two questions to a shard that is not done. */
const MIN_POLL_MS = 25
const MAX_POLL_MS = 1_000

/** Asks one shard how far it is: two calls at most. One after the other, so that few accounts are frozen at a time. */
export async function runReshard(deps: ControlDeps, operation: StoredOperation): Promise<void> {
  const persisted = readPolicy(deps.sql)
  const cursor: Cursor = operation.cursor === null ? { done: 0, polls: 0 } : (JSON.parse(operation.cursor) as Cursor)
  const { policy, previous, epoch } = persisted as PersistedPolicy
  const source = previous === undefined ? undefined : await nextSource(deps, previous, cursor.at)
  if (previous === undefined || source === undefined) {
    await deps.transact((sql) => {
      // A run that hung until another one had finished, and the next change had begun, must not take that one back.
      if (readPolicy(sql)?.epoch === epoch) writePolicy(sql, { policy, epoch })
      finishOperation(deps, operation, { total: cursor.done, done: cursor.done })
    })
    TEST_BUILD: await fault('reshard.finished')
    return
  }
  const args = { policy, previous, epoch }
  const isOwn = source.object === deps.objectName
  const { total, done } = await (isOwn ? moveOut(deps, args) : askShard(deps, source.object, 'moveOut', args))
  const isOver = done >= total
  const reached = { total: cursor.done + total, done: cursor.done + done }
  const next: Cursor = isOver
    ? { at: source.next, done: reached.done, polls: 0 }
    : { ...cursor, polls: cursor.polls + 1 }
  const delayMs = isOver ? 0 : backOffMs(cursor.polls, MIN_POLL_MS, MAX_POLL_MS)
  TEST_BUILD: await fault('reshard.asked')
  await deps.transact(() => continueOperation(deps, operation, reached, JSON.stringify(next), delayMs))
}
