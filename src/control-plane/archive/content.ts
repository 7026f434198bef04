// Filling the object of an imported row. The content goes past the control plane, from the edge to the object; this shard says with which
// descriptor (suspended, so that nobody sees half of it), and afterwards what the resource becomes. A crash in between leaves a row that
// waits: the content is sent again, and replaces what came of it before.

import { fault } from '../../object/fault.ts'
import type { ArchivedState, ArchiveMethods } from '../../wire/archive.ts'
import { ResourceError } from '../../wire/errors.ts'
import type { Caller } from '../../wire/planes.ts'
import { effectiveMode, readAccount, resourceBytes } from '../accounts/account.ts'
import { cascade, cascadeNew } from '../accounts/cascade.ts'
import { keepDeleted } from '../accounts/quota.ts'
import { ownedRow, updateRow } from '../catalog.ts'
import { settle } from '../change.ts'
import type { ControlDeps } from '../deps.ts'
import { bumpDescriptor } from '../descriptor.ts'
import { awaken } from '../lifetime.ts'
import { observeTime } from '../meta.ts'
import { isGivenUpImport, type CatalogRow } from '../row.ts'

/** What a row becomes once its object is filled: its column `awaiting`. */
export interface Awaiting {
  readonly state: ArchivedState
  /** Of a deleted one. */
  readonly retentionLeftMs: number
  /** As the archive has them: an older archive does not take over from a newer one. Of the release before, absent. */
  readonly incarnation?: number
  readonly revision?: number
}

/** Each attempt has a version of its own, so that one that was given up cannot end another one. */
export async function openImport(
  deps: ControlDeps,
  { account }: Caller,
  { id, archive }: ArchiveMethods['openImport']['args'],
): Promise<ArchiveMethods['openImport']['value']> {
  return deps.transact((sql) => {
    const row = ownedRow(sql, id, account)
    if (isGivenUpImport(row))
      throw new ResourceError('deleted', 'It was deleted before it was filled: import its row again.')
    if (row.archive !== archive) {
      const why = row.awaiting === null ? 'This deployment has a resource with this identifier.' : TAKEN_OVER
      throw new ResourceError('already_exists', why)
    }
    if (row.awaiting === null) return {}
    const version = row.desiredVersion + 1
    const descriptor = { ...row.descriptor, shard: deps.objectName, version }
    updateRow(sql, { ...row, desiredVersion: version, descriptor })
    return { descriptor }
  })
}

const TAKEN_OVER = 'The import of another archive has taken it over.'

export async function closeImport(
  deps: ControlDeps,
  caller: Caller,
  { id, incarnation, version, content }: ArchiveMethods['closeImport']['args'],
): Promise<ArchiveMethods['closeImport']['value']> {
  const { desiredVersion, operation } = await deps.transact((sql) => {
    const row = ownedRow(sql, id, caller.account)
    const isThisAttempt = row.desiredVersion === version && (incarnation ?? row.incarnation) === row.incarnation
    if (row.awaiting === null || !isThisAttempt)
      throw new ResourceError('not_ready', 'Another attempt to import it has begun since, or it was deleted.')
    const next = toFilled(deps, row, JSON.parse(row.awaiting) as Awaiting)
    deps.journal.event(row.account, 'imported', id, { bytes: content.bytes, sha256: content.sha256 })
    return {
      desiredVersion: next.desiredVersion,
      operation: next.descriptor.mode === 'active' ? cascadeNew(deps, next) : cascade(deps, next),
    }
  })
  TEST_BUILD: await fault('import.closed')
  const changed = await settle(deps, caller, id, desiredVersion)
  return operation === undefined ? changed : { ...changed, operation }
}

function toFilled(deps: ControlDeps, waiting: CatalogRow, { state, retentionLeftMs }: Awaiting): CatalogRow {
  const row: CatalogRow = { ...waiting, awaiting: null, phase: 'live', appliedVersion: waiting.desiredVersion }
  const isDeleted = state === 'deleted'
  if (isDeleted) keepDeleted(deps.sql, row.account, undefined)
  const columns = isDeleted
    ? { clockDue: observeTime(deps.sql, deps.now()) + retentionLeftMs, purgeTimeMs: deps.now() + retentionLeftMs }
    : awaken(deps, row)
  // What its account was told while it waited passed it by.
  const held = readAccount(deps.sql, row.account)
  const mode = isDeleted ? 'deleted' : effectiveMode(row.ownMode, held)
  const limits = { bytes: resourceBytes(deps.type.limits.bytes, held.limits) }
  const next = { ...bumpDescriptor(deps, row, { mode, limits }, columns), updateTimeMs: row.updateTimeMs }
  // When it was last changed is what the archive says: being brought here changed nothing of it.
  updateRow(deps.sql, next)
  return next
}
