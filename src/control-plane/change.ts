// Changing a resource: ownership is decided here, before any data object is touched; everything that the object must know
// is the next version of its descriptor.

import { toNameKey } from '../identity/caller-name.ts'
import { fault } from '../object/fault.ts'
import { MAX_TOKEN_SECONDS } from '../wire/deployment.ts'
import type { RevokedToken } from '../wire/descriptor.ts'
import { ResourceError } from '../wire/errors.ts'
import type { Caller, Changed, ControlMethods, UpdateRequest } from '../wire/planes.ts'
import { toRevisionTag } from '../wire/resource.ts'
import { effectiveMode, readAccount } from './accounts/account.ts'
import { advanceFor } from './advance.ts'
import { cascade } from './accounts/cascade.ts'
import { findRow, ownedRow, requireFreeName, updateRow } from './catalog.ts'
import type { ControlDeps } from './deps.ts'
import { bumpDescriptor } from './descriptor.ts'
import { dropLabels, indexLabels } from './labels.ts'
import { awaken, lifeDueOf } from './lifetime.ts'
import { waitForTimer } from './retention.ts'
import { isRestorable, toRecord, type CatalogRow } from './row.ts'
import { requireSameName } from './succession.ts'
import { isLeaving } from './work.ts'

/**
 * Changes name, labels and metadata in the row alone (renaming never touches the object), and mode, visibility, origins and hosts
 * through the descriptor.
 *
 * @throws ResourceError `not_found`, `precondition_failed`, `not_ready` while creating, `deleted`, `already_exists`
 */
export async function update(
  deps: ControlDeps,
  caller: Caller,
  { id, ifMatch, changes }: ControlMethods['update']['args'],
): Promise<Changed> {
  const { version, operation } = await deps.transact((sql) => {
    requireMatch(ownedRow(sql, id, caller.account), ifMatch)
    const row = liveRow(sql, id, caller.account)
    const next = applyChanges(deps, row, changes)
    deps.journal.audit(caller, 'update', id)
    deps.journal.event(row.account, 'updated', id, { changed: Object.keys(changes).toSorted() })
    const isPassedOn = changes.mode !== undefined || changes.settings !== undefined
    return { version: next.desiredVersion, operation: isPassedOn ? cascade(deps, next) : undefined }
  })
  TEST_BUILD: await fault('update.recorded')
  const changed = await settle(deps, caller, id, version)
  return operation === undefined ? changed : { ...changed, operation }
}

function applyChanges(deps: ControlDeps, row: CatalogRow, changes: UpdateRequest): CatalogRow {
  const named = { ...toColumns(deps, row, changes), ...toLifetime(deps, row, changes) }
  if (changes.labels !== undefined) {
    dropLabels(deps.sql, row)
    indexLabels(deps.sql, { ...row, labels: changes.labels })
  }
  const ownMode = changes.mode ?? row.ownMode
  const mode = effectiveMode(ownMode, readAccount(deps.sql, row.account))
  const isAwakened = mode === 'active' && row.descriptor.mode !== 'active'
  const columns = isAwakened ? { ...named, ...awaken(deps, { ...row, ...named }) } : named
  const descriptor = {
    ...(mode === row.descriptor.mode ? {} : { mode }),
    ...(changes.visibility === undefined ? {} : { visibility: changes.visibility }),
    ...(changes.allowedOrigins === undefined ? {} : { allowedOrigins: changes.allowedOrigins }),
    ...(changes.hosts === undefined ? {} : { hosts: changes.hosts }),
    ...(changes.settings === undefined ? {} : { settings: changes.settings }),
  }
  const isChanged = Object.entries(descriptor).some(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(row.descriptor[key as keyof typeof descriptor]),
  )
  if (isChanged) return bumpDescriptor(deps, row, descriptor, { ...columns, ownMode })
  const next = { ...row, ...columns, ownMode, revision: row.revision + 1, updateTimeMs: deps.now() }
  updateRow(deps.sql, next)
  // A row whose object is up to date has no other work than its timer.
  if (next.lifeDue !== row.lifeDue && next.appliedVersion === next.desiredVersion) waitForTimer(deps, next)
  return next
}

/** @throws ResourceError `already_exists`, `invalid_request` for a name that must stay */
function toColumns(
  deps: ControlDeps,
  row: CatalogRow,
  changes: UpdateRequest,
): Pick<CatalogRow, 'name' | 'nameKey' | 'labels' | 'metadata'> {
  const name = changes.name === undefined ? row.name : (changes.name?.normalize('NFC') ?? null)
  const nameKey = name === null ? null : toNameKey(name)
  requireSameName(deps, row, nameKey)
  if (nameKey !== null)
    requireFreeName(deps.sql, row.account, nameKey, { exceptId: row.id, wayOut: 'choose another one' })
  return { name, nameKey, labels: changes.labels ?? row.labels, metadata: changes.metadata ?? row.metadata }
}

function toLifetime(
  deps: ControlDeps,
  row: CatalogRow,
  { deleteProtection: isProtected = row.isProtected, expireTimeMs = row.expireTimeMs }: UpdateRequest,
): Pick<CatalogRow, 'isProtected' | 'expireTimeMs' | 'lifeDue'> {
  const isSame = isProtected === row.isProtected && expireTimeMs === row.expireTimeMs
  const lifeDue = isSame ? row.lifeDue : lifeDueOf(deps, { ...row, isProtected, expireTimeMs })
  return { isProtected, expireTimeMs, lifeDue }
}

/**
 * One token: its identifier goes on the descriptor's list until the token ends by itself. All: the generation is raised, and the list,
 * which says nothing more then, is emptied. Either way it is refused once the object has the descriptor.
 *
 * @throws ResourceError `quota_exceeded` when too many are on the list
 */
export async function revokeTokens(
  deps: ControlDeps,
  caller: Caller,
  { id, tokenId, expiresAtMs }: ControlMethods['revokeTokens']['args'],
): Promise<Changed> {
  const version = await deps.transact((sql) => {
    const row = liveRow(sql, id, caller.account)
    deps.journal.audit(caller, 'revoke_tokens', id)
    const { generation, revoked } = row.descriptor
    if (tokenId === undefined) {
      const emptied = revoked === undefined ? {} : { revoked: [] }
      return bumpDescriptor(deps, row, { generation: generation + 1, ...emptied }).desiredVersion
    }
    if (revoked?.some((one) => one.tokenId === tokenId) === true) return row.desiredVersion
    const nowMs = deps.now()
    // None ends later.
    const token = { tokenId, expiresAtMs: expiresAtMs ?? nowMs + MAX_TOKEN_SECONDS * 1000 }
    return bumpDescriptor(deps, row, { revoked: withRevoked(revoked, token, nowMs) }).desiredVersion
  })
  TEST_BUILD: await fault('revoke.recorded')
  return settle(deps, caller, id, version)
}

/** The object looks through the list at every request: beyond this, revoking all of them is the better means. */
const MAX_REVOKED = 200

function withRevoked(list: readonly RevokedToken[] = [], token: RevokedToken, nowMs: number): readonly RevokedToken[] {
  const kept = list.filter(({ expiresAtMs }) => expiresAtMs > nowMs)
  if (kept.length < MAX_REVOKED) return [...kept, token]
  throw new ResourceError(
    'quota_exceeded',
    `${MAX_REVOKED} tokens of this resource are revoked one by one already: revoke all of them, and give out new ones.`,
    { details: { limit: MAX_REVOKED, used: kept.length } },
  )
}

/** @throws ResourceError `not_found`, `not_ready`, `deleted`: no token for what is not there */
export function liveRow(sql: SqlStorage, id: string, account: string): CatalogRow {
  const row = ownedRow(sql, id, account)
  if (row.descriptor.mode === 'deleted') {
    const way = isRestorable(row) ? ' Restore it first.' : ''
    throw new ResourceError('deleted', `This resource was deleted.${way}`)
  }
  if (row.phase === 'creating')
    throw new ResourceError('not_ready', 'This resource is still being created.', { retryAfterSeconds: 1 })
  requireNotLeaving(sql, row)
  return row
}

/** @throws ResourceError `not_ready` while it is being given to another account */
export function requireNotLeaving(sql: SqlStorage, row: CatalogRow): void {
  if (!isLeaving(sql, row)) return
  throw new ResourceError('not_ready', 'This resource is being given to another account.', { retryAfterSeconds: 1 })
}

/** @throws ResourceError `not_ready` while it is being moved to another cell */
export function requireNotMoving({ moving }: CatalogRow): void {
  if (moving === undefined) return
  throw new ResourceError('not_ready', 'This resource is being moved to another cell.', { retryAfterSeconds: 1 })
}

/** @throws ResourceError `precondition_failed` unless the caller knows the row as it is */
export function requireMatch(row: CatalogRow, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch === '*') return
  const tags = ifMatch.split(',').map((tag) => tag.trim())
  if (!tags.includes(toRevisionTag(toRecord(row)))) {
    throw new ResourceError(
      'precondition_failed',
      'The resource has changed since you read it: read it again and repeat your change.',
    )
  }
}

/** Brings the change to the object, and answers how far it came in the time that a request may take. */
export async function settle(deps: ControlDeps, { requestId }: Caller, id: string, version: number): Promise<Changed> {
  await advanceFor(deps, id, deps.timers.createWaitMs, requestId)
  const row = findRow(deps.sql, id)
  if (row === undefined) throw new ResourceError('not_found', 'There is no such resource.')
  return { record: toRecord(row), applied: row.appliedVersion >= version }
}
