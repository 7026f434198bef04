// Creating a resource. The intent comes first: row, identifier, quota, name, idempotency record, work item and alarm in one
// synchronous transaction. Only then is the object created. Whatever a crash leaves half done, the alarm rolls forward.

import { toNameKey } from '../identity/caller-name.ts'
import { fault } from '../object/fault.ts'
import { ResourceError } from '../wire/errors.ts'
import type { Caller, CallerLimits, ControlMethods, CreateRequest } from '../wire/planes.ts'
import { effectiveMode, learnLimits, readAccount, requireOpen, resourceBytes } from './accounts/account.ts'
import { advanceFor } from './advance.ts'
import { cascadeNew } from './accounts/cascade.ts'
import { findRow, insertRow, requireFreeName } from './catalog.ts'
import type { ControlDeps } from './deps.ts'
import { FIRST_VERSION, firstDescriptor, scheduleWork } from './descriptor.ts'
import { findByKey, recordKey } from './idempotency.ts'
import { indexLabels } from './labels.ts'
import { firstExpireTime, lifeDueOf } from './lifetime.ts'
import { nextCreateTime, nextIncarnation, observeTime } from './meta.ts'
import { mintIds } from './mint.ts'
import { takeOne, takeRate } from './accounts/quota.ts'
import { NO_RETENTION } from './retention.ts'
import { toRecord, type CatalogRow } from './row.ts'
import { takeIdentifier } from './succession.ts'

/**
 * Creates a resource in the cell that the request names (the edge fills in the cell that the *user* reached, not this object's), or
 * drives on and answers the one that the same idempotency key has created already.
 *
 * @returns the row as it is when the object answered, or after `createWaitMs`; `applied` says which
 * @throws ResourceError what the transaction refused: `already_exists`, `quota_exceeded`, `idempotency_key_reused`; or what the type
 * refused in `onCreate`
 * @step 3
 */
export async function create(
  deps: ControlDeps,
  caller: Caller,
  asked: CreateRequest,
): Promise<ControlMethods['create']['value']> {
  const id = findCreated(deps, caller, asked) ?? (await intend(deps, caller, asked))
  TEST_BUILD: await fault('create.intent')
  await advanceFor(deps, id, deps.timers.createWaitMs, caller.requestId)
  const row = findRow(deps.sql, id)
  if (row === undefined)
    throw new ResourceError('not_found', 'The resource of this idempotency key was deleted and forgotten.')
  if (row.failure !== undefined) throw new ResourceError(row.failure.code, row.failure.message, row.failure)
  return { record: toRecord(row), applied: row.phase !== 'creating' }
}

/** What this request's idempotency key has created before. */
function findCreated(deps: ControlDeps, { account }: Caller, { idempotency }: CreateRequest): string | undefined {
  return idempotency === undefined ? undefined : findByKey(deps.sql, account, idempotency, deps.now())
}

async function intend(deps: ControlDeps, caller: Caller, asked: CreateRequest): Promise<string> {
  const [prepared] = await prepare(deps, caller, [asked])
  if (prepared === undefined) throw new TypeError('a creation was not prepared')
  await learnLimits(deps, caller)
  return deps.transact(() => {
    const known = findCreated(deps, caller, asked)
    if (known !== undefined) return known
    requireRoomFor(deps, caller, 1)
    const id = recordIntent(deps, caller, prepared)
    if (asked.idempotency !== undefined)
      recordKey(deps.sql, caller.account, asked.idempotency, id, deps.now() + deps.timers.idempotencyMs)
    return id
  })
}

/** A creation that the type has looked at, and the identifier that it will have. */
export interface Prepared {
  readonly request: CreateRequest
  readonly newId: string
}

/** What has to be awaited before the transaction that decides. @throws ResourceError what the type's hook refuses, or minting */
export async function prepare(
  deps: ControlDeps,
  caller: Caller,
  asked: readonly CreateRequest[],
): Promise<readonly Prepared[]> {
  const { hooks } = deps.type
  const requests = await Promise.all(asked.map(async (one) => (await hooks.beforeCreate?.(one, caller)) ?? one))
  const ids = await mintIds(deps, caller, requests)
  return requests.map((request, index) => ({ request, newId: ids[index] ?? '' }))
}

/** @throws ResourceError when the account may not get that many more: `quota_exceeded`, `rate_limited`, `suspended` ... */
export function requireRoomFor(deps: ControlDeps, caller: Caller, count: number): void {
  const { account, limits } = caller
  requireOpen(deps.sql, account, readAccount(deps.sql, account))
  takeRate(deps.sql, account, limits.createsPerMinute, count, deps.now())
  takeOne(deps.sql, account, limits.resources, count)
}

/**
 * Records one intent, for which there is room. Part of the caller's transaction.
 *
 * @returns the new identifier
 * @throws ResourceError `already_exists`
 */
export function recordIntent(
  deps: ControlDeps,
  caller: Caller,
  { request, newId }: Prepared,
  operation: string | null = null,
): string {
  const { sql } = deps
  const { account } = caller
  const nowMs = deps.now()
  const name = request.name?.normalize('NFC') ?? null
  const nameKey = name === null ? null : toNameKey(name)
  const wayOut = deps.type.naming === 'caller' ? 'choose another one' : 'choose another one, or leave it out'
  if (nameKey !== null) requireFreeName(sql, account, nameKey, { wayOut })

  const { generation, place } = takeIdentifier(deps, newId)
  const held = readAccount(sql, account)
  const incarnation = nextIncarnation(sql)
  const createTimeMs = nextCreateTime(sql, nowMs)
  const row: CatalogRow = {
    id: newId,
    account,
    name,
    nameKey,
    cell: request.cell,
    phase: 'creating',
    isListed: true,
    incarnation,
    desiredVersion: FIRST_VERSION,
    appliedVersion: 0,
    descriptor: firstDescriptor(deps, {
      id: newId,
      account,
      incarnation,
      generation,
      mode: effectiveMode('active', held),
      visibility: request.visibility ?? deps.type.visibility[0],
      limits: { bytes: resourceBytes(deps.type.limits.bytes, operatorOr(caller, held.limits)) },
      allowedOrigins: request.allowedOrigins ?? [],
      settings: request.settings ?? {},
    }),
    params: request.params,
    failure: undefined,
    labels: request.labels ?? {},
    metadata: request.metadata ?? {},
    revision: 1,
    createTimeMs,
    updateTimeMs: createTimeMs,
    deleteTimeMs: null,
    ...NO_RETENTION,
    clockDue: observeTime(sql, nowMs) + deps.timers.createGiveUpMs,
    ownMode: 'active',
    isProtected: request.deleteProtection ?? false,
    expireTimeMs: firstExpireTime(deps, request.expireTimeMs, createTimeMs),
    lifeDue: null,
    awakeTimeMs: null,
    operation,
    place,
    archive: null,
    awaiting: null,
  }
  insertRow(sql, { ...row, lifeDue: lifeDueOf(deps, row) })
  indexLabels(sql, row)
  // Of many at once no request drives its own.
  scheduleWork(deps, newId, 'apply', operation === null ? undefined : 0)
  cascadeNew(deps, row)
  deps.journal.audit(caller, 'create', newId)
  return newId
}

/** Limits of the account as far as the shard knows; its own call says them, too. */
function operatorOr({ role, limits }: Caller, known: CallerLimits): CallerLimits {
  return role === 'operator' ? known : limits
}
