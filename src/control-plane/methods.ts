// The methods of a control plane object, each one line that leads to the module that carries it.

import { ResourceError } from '../wire/errors.ts'
import type { ControlCall, ControlMethod, ControlMethods } from '../wire/planes.ts'
import { callObject } from './advance.ts'
import { ownedRow, readStored, recordUsage, scanRows } from './catalog.ts'
import { liveRow, revokeTokens, update } from './change.ts'
import { create } from './create.ts'
import type { ControlDeps } from './deps.ts'
import { useCodeOnce } from './meta.ts'
import { rootPolicy } from './policy.ts'
import { remove, restore } from './remove.ts'
import { toRecord } from './row.ts'
import { scanEveryAccount } from './scan-all.ts'
import { moveOut } from './sharding/move.ts'
import { receiveAccount } from './sharding/receive.ts'
import { reshard } from './sharding/reshard.ts'
import { findWork } from './work.ts'

type Handlers = {
  readonly [M in ControlMethod]: (
    deps: ControlDeps,
    call: ControlCall<M>,
  ) => ControlMethods[M]['value'] | Promise<ControlMethods[M]['value']>
}

export const METHODS: Handlers = {
  create: (deps, { caller, args }) => create(deps, caller, args),
  get: (deps, { caller, args }) => toRecord(ownedRow(deps.sql, args.id, caller.account)),
  list: (deps, { caller, args }) => {
    if (args.everyAccount !== undefined) {
      const page = scanEveryAccount(deps.sql, { ...args, from: args.everyAccount.from })
      const next = page.next === undefined ? {} : { next: page.next.after, nextAccount: page.next.account }
      return { data: page.rows.map(toRecord), ...next }
    }
    const { rows, next } = scanRows(deps.sql, caller.account, args)
    return { data: rows.map(toRecord), ...(next === undefined ? {} : { next }) }
  },
  update: (deps, { caller, args }) => update(deps, caller, args),
  remove: (deps, { caller, args }) => remove(deps, caller, args),
  restore: (deps, { caller, args }) => restore(deps, caller, args),
  reportUsage: (deps, { args }) => deps.transact((sql) => recordUsage(sql, args, args.usage, deps.now())),
  revokeTokens: (deps, { caller, args }) => revokeTokens(deps, caller, args),
  grant: (deps, { caller, args }) => {
    const row = liveRow(deps.sql, args.id, caller.account)
    const { generation, hosts = [] } = row.descriptor
    return { generation, state: toRecord(row).state, hosts }
  },
  inspect: async (deps, { caller, args }) => {
    const record = toRecord(ownedRow(deps.sql, args.id, caller.account))
    const row = readStored(deps.sql, args.id) ?? {}
    const item = findWork(deps.sql, args.id)
    const object = await callObject(deps, args.id, 'describe', {}).then(
      (answer) => answer.held,
      (error: unknown) => ({ kind: 'unreachable', reason: String(error) }) as const,
    )
    return { record, row, work: item === undefined ? [] : [{ ...item }], object }
  },
  policy: (deps, { args }) => rootPolicy(deps, args.proposal),
  useCode: (deps, { args }) => deps.transact((sql) => useCodeOnce(sql, args.tokenId, args.expiresAtMs, deps.now())),
  bulkCreate: notYet,
  count: notYet,
  purgeDeleted: notYet,
  transfer: notYet,
  usage: notYet,
  account: notYet,
  holdAccount: notYet,
  audit: notYet,
  events: notYet,
  getOperation: notYet,
  listOperations: notYet,
  cancelOperation: notYet,
  metrics: notYet,
  reshard: (deps, { caller, args }) => reshard(deps, caller.account, args.policy),
  moveOut: (deps, { args }) => moveOut(deps, args),
  receiveAccount: (deps, { args }) => receiveAccount(deps, args),
  receiveResource: notYet,
}

function notYet(): never {
  throw new ResourceError('unavailable', 'Not in this release.')
}
