// What happens to an account happens to all of its resources: an operation of the account's shard tells each type's control plane, and
// watches until everything there has followed. Only the control plane of accounts has anything to do here.

import { parseResourceId } from '../../identity/resource-id.ts'
import { toAccountSettings } from '../../wire/account.ts'
import { ResourceError } from '../../wire/errors.ts'
import type { AccountHold, HoldProgress } from '../../wire/planes.ts'
import type { ResourceType } from '../../resource-type.ts'
import { findRow } from '../catalog.ts'
import type { ControlDeps } from '../deps.ts'
import {
  beginOperation,
  endRunning,
  finishOperation,
  waitForOperation,
  type StoredOperation,
} from '../operations/operations.ts'
import { callPeer } from '../sharding/peers.ts'
import type { CatalogRow } from '../row.ts'

/** Begins the operation that follows a change of an account. Part of its transaction. @returns its identifier; undefined where there is none */
export function cascade(
  deps: ControlDeps,
  row: CatalogRow,
  kind: 'account_update' | 'account_purge' = 'account_update',
): string | undefined {
  if (deps.ownedTypes.length === 0) return undefined
  endRunning(
    deps,
    row.account,
    row.id,
    new ResourceError('not_ready', 'A later change of this account goes on with it.'),
  )
  return beginOperation(deps, { account: row.account, kind, total: 0, subject: { account: row.id } })
}

/**
 * A new account's limits that are not told with each of its calls must be known before the first of them.
 *
 * @returns as {@link cascade}
 */
export function cascadeNew(deps: ControlDeps, row: CatalogRow): string | undefined {
  if (deps.ownedTypes.length === 0) return undefined
  const { limits = {} } = toAccountSettings(row.descriptor.settings)
  const isTold = Object.values(limits).some(({ bytes, resourceBytes }) => (bytes ?? resourceBytes) !== undefined)
  return isTold ? cascade(deps, row) : undefined
}

/** What an account's row means for what it owns. */
function toHold(row: CatalogRow, type: ResourceType): AccountHold {
  const { limits = {} } = toAccountSettings(row.descriptor.settings)
  const isEnding = row.phase === 'purging' || row.phase === 'purged'
  const { mode } = row.descriptor
  // What is deleted can be restored for a while, with all that it owns.
  return {
    version: row.desiredVersion,
    mode: isEnding ? 'deleted' : mode === 'deleted' ? 'suspended' : mode,
    limits: limits[type.name] ?? {},
  }
}

/** Tells one type after the other, a call each; then asks again until all have followed. */
export async function runCascade(deps: ControlDeps, operation: StoredOperation): Promise<void> {
  const id = String(operation.subject['account'])
  const row = findRow(deps.sql, id)
  if (row === undefined) return deps.transact(() => finishOperation(deps, operation, {}))
  const { progress, isDone } = await tellAll(deps, row)
  // The end of an account is not reached while it only is suspended.
  const isOver = isDone && (operation.kind !== 'account_purge' || row.phase === 'purged')
  await deps.transact(() => {
    if (isOver) finishOperation(deps, operation, progress)
    else waitForOperation(deps, operation, progress)
  })
}

async function tellAll(
  deps: ControlDeps,
  row: CatalogRow,
): Promise<{ readonly progress: HoldProgress; readonly isDone: boolean }> {
  // Six accounts at a time do this (reconciler.ts), and together they have six connections.
  const told: HoldProgress[] = []
  for (const type of deps.ownedTypes) told.push(await callPeer(deps, type, row.id, 'holdAccount', toHold(row, type)))
  const progress = {
    total: told.reduce((sum, { total }) => sum + total, 0),
    done: told.reduce((sum, { done }) => sum + done, 0),
  }
  return { progress, isDone: progress.done >= progress.total }
}

/**
 * An account's object goes last: while it is there, what it owned can be found.
 *
 * @throws ResourceError `not_ready` until everything that it owned is purged
 */
export async function requireEmpty(deps: ControlDeps, row: CatalogRow): Promise<void> {
  if (deps.ownedTypes.length === 0 || parseResourceId(row.id) === undefined) return
  const { isDone } = await tellAll(deps, row)
  if (!isDone) throw new ResourceError('not_ready', 'What this account owned is still being purged.')
}
