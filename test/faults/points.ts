// The named points of the lifecycle, and how a test kills a process at one: the operation that passes the point is driven through the public
// door, the process is killed with -9 while execution is held exactly there, and it comes back.

import { expect } from 'vitest'
import type { ResourceJson } from '../../src/wire/resource.ts'
import type { Plane } from '../support/fault-harness.ts'
import { create, mintToken } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'
import { save, statusOf, type Draught, type Status } from './casks.ts'

export type Operation =
  | 'create'
  | 'update'
  | 'revoke'
  | 'delete'
  | 'keep'
  | 'restore'
  | 'expire'
  | 'forget'
  | 'bulk'
  | 'purgeDeleted'
  | 'cancel'
  | 'transfer'
  | 'transferOver'
  | 'retire'
  | 'limit'
  | 'hold'
  | 'move'
  | 'import'
  | 'toCell'
  | 'notToCell'
  | 'reconcile'
  | 'restored'
  | 'backAgain'

/** The points that each operation passes. All of them apply descriptors; where a creation was killed, some of the others are, too. */
export const POINTS: Readonly<Record<Operation, readonly string[]>> = {
  create: [
    'create.intent',
    'advance.apply.begin',
    'object.apply.begin',
    'object.apply.stored',
    'advance.apply.answered',
    'advance.apply.marked',
  ],
  update: ['update.recorded', 'advance.apply.answered'],
  revoke: ['revoke.recorded', 'object.apply.begin'],
  delete: [
    'remove.recorded',
    'object.apply.stored',
    'advance.purge.begin',
    'object.purge.begin',
    'object.purge.tombstone',
    'object.purge.wiped',
    'advance.purge.answered',
    'advance.purge.marked',
  ],
  keep: ['remove.recorded', 'object.apply.stored', 'advance.apply.marked'],
  restore: ['restore.recorded', 'object.apply.begin', 'object.apply.stored', 'advance.apply.marked'],
  expire: ['advance.expire.begin', 'advance.expire.marked', 'object.purge.tombstone'],
  forget: [
    'advance.forget.begin',
    'object.forget.begin',
    'object.forget.emptied',
    'advance.forget.answered',
    'advance.forget.marked',
  ],
  bulk: ['bulk.intents', 'object.apply.begin', 'advance.apply.marked'],
  purgeDeleted: ['purge_deleted.recorded', 'purge_deleted.page', 'object.purge.tombstone'],
  cancel: ['cancel.recorded'],
  transfer: ['transfer.recorded', 'transfer.taken', 'transfer.received', 'transfer.gone'],
  transferOver: ['transfer.recorded', 'transfer.taken', 'transfer.received', 'transfer.gone', 'object.apply.begin'],
  retire: ['advance.retire.begin', 'advance.retire.marked'],
  limit: ['hold.page', 'object.apply.stored'],
  hold: ['hold.recorded', 'hold.page'],
  move: [
    'reshard.recorded',
    'receive.begin',
    'move.begun',
    'move.frozen',
    'move.copied',
    'move.gone',
    'move.adopted',
    'move.cleared',
    'reshard.asked',
    'reshard.finished',
  ],
  import: ['import.recorded', 'object.restore.begun', 'object.restore.loaded', 'import.closed'],
  toCell: [
    'moving.recorded',
    'moving.paused',
    'object.restore.begun',
    'object.restore.loaded',
    'moving.copied',
    'moving.verified',
    'moving.flipped',
    'moving.opened',
    'object.leave.begin',
    'object.leave.wiped',
    'moving.left',
    'moving.ended',
  ],
  notToCell: ['object.leave.begin', 'moving.undone'],
  reconcile: ['reconcile.recorded', 'retell.left', 'retell.page', 'reconcile.asked', 'reconcile.finished'],
  restored: ['object.alarm.putOff'],
  backAgain: ['moving.back', 'object.leave.wiped'],
}

const PLANES: readonly Plane[] = ['control', 'data']
/** Far more than an object needs for itself, so that it shows whether it was wiped. */
export const CONTENT_BYTES = 200_000

export function cases(operation: Operation): [victim: Plane, point: string][] {
  return POINTS[operation].flatMap((point) => PLANES.map((victim): [Plane, string] => [victim, point]))
}

/** A supervisor waits longer for each process that dies young. This many deaths are still quick; then a new supervisor takes over. */
const QUICK_DEATHS = 4
const deaths = new WeakMap<TestServer, number>()

export async function withQuickRestarts(server: TestServer): Promise<void> {
  const count = deaths.get(server) ?? 0
  if (count > 0 && count % QUICK_DEATHS === 0) {
    await server.kill9()
    await server.start()
  }
  deaths.set(server, count + 1)
}

/** Drives the operation into the kill. @returns what the caller was told, when the victim is back */
export async function killedAt(
  server: TestServer,
  point: string,
  victim: Plane,
  operation: () => Promise<Response>,
): Promise<Status> {
  const before = server.faults?.hits(point) ?? 0
  const { pid } = server[victim]
  server.armFault(point, victim)
  const status = statusOf(operation())
  const refused = status.then((code) => {
    // Nothing would ever arrive at the point.
    if (code !== 'broken' && code >= 400 && code < 500) throw new Error(`the operation was refused with ${code}`)
    return new Promise<never>(() => {})
  })
  await Promise.race([server.faultHit(point, before + 1), refused])
  await server[victim].ready()
  expect(server[victim].pid, 'a process of its own').not.toBe(pid)
  return status
}

/** A cask with an acknowledged save. */
export async function filled(server: TestServer, name: string): Promise<{ id: string; token: string; saved: Draught }> {
  const { id } = await create(server, 'casks', { name })
  const { token } = await mintToken(server, 'casks', id)
  return { id, token, saved: await save(server, id, token, `content of ${id} `.padEnd(CONTENT_BYTES, '.')) }
}

export function onlyState({ name, state }: ResourceJson): Pick<ResourceJson, 'name' | 'state'> {
  return { name, state }
}
