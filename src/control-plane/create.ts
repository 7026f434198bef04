// Creating a resource. The intent comes first: row, identifier, quota, name, idempotency record, work item and alarm in one
// synchronous transaction. Only then is the object created. Whatever a crash leaves half done, the alarm rolls forward.

import { fault } from '../object/fault.ts'
import { ResourceError } from '../wire/errors.ts'
import type { Caller, ControlMethods, CreateRequest } from '../wire/planes.ts'
import { advanceFor } from './advance.ts'
import { findRow, insertRow, requireFreeName } from './catalog.ts'
import type { ControlDeps } from './deps.ts'
import { FIRST_VERSION, firstDescriptor, scheduleWork } from './descriptor.ts'
import { findByKey, recordKey } from './idempotency.ts'
import { nextCreateTime, nextIncarnation, observeTime } from './meta.ts'
import { takeOne } from './quota.ts'
import { NO_RETENTION } from './retention.ts'
import { toNameKey, toRecord } from './row.ts'

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
  await advanceFor(deps, id, deps.timers.createWaitMs)
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
  const hooked = (await deps.type.hooks.beforeCreate?.(asked, caller)) ?? asked
  const newId = await deps.mint(hooked.cell, hooked.name)
  // The key is the client's: no hook takes it away.
  const request: CreateRequest =
    asked.idempotency === undefined ? hooked : { ...hooked, idempotency: asked.idempotency }
  return deps.transact(() => findCreated(deps, caller, request) ?? recordIntent(deps, caller, request, newId))
}

/** Decides everything that can refuse a creation, and records it. @returns the new identifier */
function recordIntent(deps: ControlDeps, caller: Caller, request: CreateRequest, newId: string): string {
  const { sql } = deps
  const { account } = caller
  const nowMs = deps.now()
  const name = request.name?.normalize('NFC') ?? null
  const nameKey = name === null ? null : toNameKey(name)
  if (nameKey !== null) requireFreeName(sql, account, nameKey, { wayOut: 'choose another one, or leave it out' })
  takeOne(sql, account, caller.limits.resources)

  const incarnation = nextIncarnation(sql)
  const createTimeMs = nextCreateTime(sql, nowMs)
  insertRow(sql, {
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
      visibility: request.visibility ?? deps.type.visibility[0],
      allowedOrigins: request.allowedOrigins ?? [],
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
  })
  if (request.idempotency !== undefined) {
    recordKey(sql, account, request.idempotency, newId, nowMs + deps.timers.idempotencyMs)
  }
  scheduleWork(deps, newId, 'apply')
  return newId
}
