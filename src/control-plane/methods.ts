// The methods of a control plane object, each one line that leads to the module that carries it.

import { ResourceError, type ErrorCode } from '../wire/errors.ts'
import type { ControlCall, ControlMethod, ControlMethods, ListPage } from '../wire/planes.ts'
import { closeImport, openImport } from './archive/content.ts'
import { exportRows } from './archive/export.ts'
import { importRows } from './archive/import.ts'
import { bulkCreate, cancel, purgeDeleted } from './operations/bulk.ts'
import { ownedRow, readStored } from './catalog.ts'
import { liveRow, revokeTokens, update } from './change.ts'
import { create } from './create.ts'
import type { ControlDeps } from './deps.ts'
import { holdAccount } from './accounts/hold.ts'
import { readAudit, readEvents } from './journal.ts'
import { useCodeOnce } from './meta.ts'
import { readMetrics } from './metrics.ts'
import { move } from './moving/begin.ts'
import { callObject } from './object-call.ts'
import { readTotals, readUsage, takeReport } from './accounts/metering.ts'
import { listOperations, ownedOperation, toPublic } from './operations/operations.ts'
import { reconcile } from './retelling/reconcile.ts'
import { retell } from './retelling/retell.ts'
import { rootPolicy } from './sharding/policy.ts'
import { remove, restore } from './remove.ts'
import { toRecord } from './row.ts'
import { scanEveryAccount } from './scan-all.ts'
import { countRows, scanRows } from './scan.ts'
import { moveOut } from './sharding/move.ts'
import { receiveAccount } from './sharding/receive.ts'
import { reshard } from './sharding/reshard.ts'
import { receiveResource, transfer } from './accounts/transfer.ts'
import { findWork } from './work.ts'

type Handlers = {
  readonly [M in ControlMethod]: (
    deps: ControlDeps,
    call: ControlCall<M>,
  ) => ControlMethods[M]['value'] | Promise<ControlMethods[M]['value']>
}

export const METHODS: Handlers = {
  create: audited('create', (deps, { caller, args }) => create(deps, caller, args)),
  get: (deps, { caller, args }) => toRecord(ownedRow(deps.sql, args.id, caller.account)),
  list,
  count: (deps, { caller, args }) => countRows(deps.sql, caller.account, args),
  update: audited('update', (deps, { caller, args }) => update(deps, caller, args)),
  remove: audited('delete', (deps, { caller, args }) => remove(deps, caller, args)),
  restore: audited('restore', (deps, { caller, args }) => restore(deps, caller, args)),
  reportUsage: (deps, { args }) => deps.transact(() => takeReport(deps, args)),
  revokeTokens: audited('revoke_tokens', (deps, { caller, args }) => revokeTokens(deps, caller, args)),
  grant: (deps, { caller, args }) => {
    const row = liveRow(deps.sql, args.id, caller.account)
    const { generation, hosts = [] } = row.descriptor
    return { generation, state: toRecord(row).state, hosts }
  },
  inspect: async (deps, { caller, args }) => {
    const owned = ownedRow(deps.sql, args.id, caller.account)
    const record = toRecord(owned)
    const row = readStored(deps.sql, args.id) ?? {}
    const item = findWork(deps.sql, args.id)
    const object = await callObject({ ...deps, requestId: caller.requestId }, owned, 'describe', {}).then(
      (answer) => answer.held,
      (error: unknown) => ({ kind: 'unreachable', reason: String(error) }) as const,
    )
    return { record, row, work: item === undefined ? [] : [{ ...item }], object }
  },
  policy: (deps, { args }) => rootPolicy(deps, args.proposal),
  useCode: (deps, { args }) => deps.transact((sql) => useCodeOnce(sql, args.tokenId, args.expiresAtMs, deps.now())),
  bulkCreate: audited('create', (deps, { caller, args }) => bulkCreate(deps, caller, args)),
  purgeDeleted: audited('purge', (deps, { caller }) => purgeDeleted(deps, caller)),
  transfer: audited('transfer', (deps, { caller, args }) => transfer(deps, caller, args)),
  move: audited('move', (deps, { caller, args }) => move(deps, caller, args)),
  usage: (deps, { caller, args }) => readUsage(deps.sql, caller.account, args),
  account: (deps, { caller }) => readTotals(deps.sql, caller.account),
  holdAccount: (deps, { caller, args }) => holdAccount(deps, caller.account, args),
  audit: (deps, { caller, args }) => readAudit(deps.sql, caller.account, args.after, args.limit),
  events: (deps, { caller, args }) => readEvents(deps.sql, caller.account, args.after, args.limit),
  getOperation: (deps, { caller, args }) => toPublic(ownedOperation(deps.sql, args.id, caller.account)),
  listOperations: (deps, { caller, args }) => {
    const { data, next } = listOperations(deps.sql, caller.account, args)
    return { data, ...(next === undefined ? {} : { next }) }
  },
  cancelOperation: audited('cancel_operation', (deps, { caller, args }) => cancel(deps, caller, args.id)),
  metrics: (deps) => readMetrics(deps),
  reshard: audited('reshard', (deps, { caller, args }) => reshard(deps, caller, args.policy)),
  moveOut: (deps, { args }) => moveOut(deps, args),
  reconcile: audited('reconcile', (deps, { caller, args }) => reconcile(deps, caller, args.cell)),
  retell: (deps, { caller, args }) => retell({ ...deps, requestId: caller.requestId }, args),
  receiveAccount: (deps, { args }) => receiveAccount(deps, args),
  receiveResource: (deps, { caller, args }) => receiveResource(deps, caller, args),
  exportRows: (deps, { caller, args }) => exportRows(deps, caller.account, args),
  importRows: audited('import', (deps, { caller, args }) => importRows(deps, caller, args)),
  openImport: audited('import', (deps, { caller, args }) => openImport(deps, caller, args)),
  closeImport: (deps, { caller, args }) => closeImport(deps, caller, args),
}

function list(deps: ControlDeps, { caller, args }: ControlCall<'list'>): ListPage {
  if (args.everyAccount === undefined) {
    const { rows, next } = scanRows(deps.sql, caller.account, args)
    return { data: rows.map(toRecord), ...(next === undefined ? {} : { next }) }
  }
  const { rows, next } = scanEveryAccount(deps.sql, { ...args, from: args.everyAccount.from })
  return { data: rows.map(toRecord), ...(next === undefined ? {} : { next: next.after, nextAccount: next.account }) }
}

/** Refusals that say something about what somebody tried; the others say something about us. */
const AUDITED_REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'permission_denied',
  'suspended',
  'quota_exceeded',
  'not_found',
  'already_exists',
  'delete_protected',
  'deleted',
  'precondition_failed',
])

/** A change that is refused is in the audit log, too; one that is made writes its entry in its own transaction. */
function audited<M extends ControlMethod>(action: string, handler: Handlers[M]): Handlers[M] {
  return (async (deps: ControlDeps, call: ControlCall<M>) => {
    try {
      return await handler(deps, call)
    } catch (error) {
      if (error instanceof ResourceError && AUDITED_REFUSALS.has(error.code)) {
        const id = (call.args as { readonly id?: string }).id ?? null
        await deps.transact(() => deps.journal.audit(call.caller, action, id, error.code))
      }
      throw error
    }
  }) as Handlers[M]
}
