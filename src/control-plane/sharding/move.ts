// Giving accounts away: one after the other, so that each is frozen only for as long as its own copy takes. One work item says how far the
// present one has come; a process that dies at any point goes on from there.
//
//     here -> leaving (frozen) -> copied, page by page; the last one seals it there -> gone -> adopted there -> cleared

import { fault } from '../../object/fault.ts'
import { ResourceError } from '../../wire/errors.ts'
import type { ControlMethods, PersistedPolicy } from '../../wire/planes.ts'
import type { ControlDeps } from '../deps.ts'
import { readCounters } from '../meta.ts'
import { learnPolicy, objectOf, readPolicy } from './policy.ts'
import { backOffMs, dropWork, findWork, putWork, type WorkItem } from '../work.ts'
import { nextAccount, readPlace, writePlace } from './account-place.ts'
import { askShard } from './ask.ts'
import { COPY_BEGINNING, clearSome, readPage, type CopyPosition } from './moved-tables.ts'
import { hasPassed, readMoves, toProgress, writeMoves, type MovesState } from './moves-state.ts'

const MOVES = 'moves'

/** The account that is on its way, and its next step. */
interface Move {
  readonly account: string
  readonly to: string
  readonly step: 'begin' | 'copy' | 'adopt' | 'clear'
  readonly at?: CopyPosition
}

/**
 * Begins the pass over this shard's accounts, or says how far it is.
 *
 * @throws ResourceError `not_ready` when a newer policy rules already
 */
export async function moveOut(
  deps: ControlDeps,
  { account, ...told }: ControlMethods['moveOut']['args'],
): Promise<ControlMethods['moveOut']['value']> {
  return deps.transact((sql) => {
    if (learnPolicy(sql, told).epoch !== told.epoch)
      throw new ResourceError('not_ready', 'A newer policy rules already.')
    if (readMoves(sql)?.epoch !== told.epoch) {
      writeMoves(sql, { epoch: told.epoch, passed: '', expected: countExpected(deps, told), done: 0 })
      lookOn(deps, told)
    }
    if (account !== undefined) return { total: 1, done: hasPassed(sql, told.epoch, account) ? 1 : 0 }
    return toProgress(readMoves(sql) as MovesState)
  })
}

/** A count for people: bounded, so that it never delays a request for long. */
const MAX_COUNTED = 50_000

function countExpected(deps: ControlDeps, { policy }: Pick<PersistedPolicy, 'policy'>): number {
  let count = 0
  for (const { account } of deps.sql.exec<{ account: string }>('SELECT account FROM quota LIMIT ?', MAX_COUNTED))
    if (objectOf(deps, policy, account) !== deps.objectName) count++
  return count
}

/** Seven steps in indexes each; a shard with more goes on in the next transaction. */
const MAX_LOOKED_AT = 500

/** Goes on to the next account that does not belong here. At the end of the pass none can come to be here any more. */
function lookOn(deps: ControlDeps, { policy }: Pick<PersistedPolicy, 'policy'>): void {
  const { sql } = deps
  const moves = readMoves(sql) as MovesState
  let { passed = '' } = moves
  for (let count = 0; count < MAX_LOOKED_AT; count++) {
    const account = nextAccount(sql, passed)
    if (account === undefined) {
      const { passed: _passed, ...over } = moves
      writeMoves(sql, over)
      return dropWork(sql, MOVES)
    }
    const to = objectOf(deps, policy, account)
    if (to !== deps.objectName && readPlace(sql, account)?.place !== 'gone') {
      writeMoves(sql, { ...moves, passed })
      return putNext(deps, { account, to, step: 'begin' })
    }
    passed = account
  }
  writeMoves(sql, { ...moves, passed })
  putNext(deps, undefined)
}

function putNext(deps: ControlDeps, move: Move | undefined, attempt = 0, delayMs = 0): void {
  const last = findWork(deps.sql, MOVES)
  // Later than the item was: whoever runs it sees that it is not the same any more.
  const due = Math.max(deps.now() + delayMs, (last?.due ?? 0) + 1)
  putWork(deps.sql, {
    key: MOVES,
    kind: 'move',
    due,
    attempt,
    cursor: move === undefined ? null : JSON.stringify(move),
  })
  deps.arm()
}

function touch(deps: ControlDeps): void {
  const item = findWork(deps.sql, MOVES)
  if (item === undefined) return
  putWork(deps.sql, { ...item, due: item.due + 1 })
  deps.arm()
}

/** Calls in one run: there is one such item in a shard, and while it runs somebody waits. */
const MAX_STEPS = 20
/** The other work of the shard must not wait for long either. */
const MAX_RUN_MS = 500
/** Somebody waits: no longer pauses than this between attempts. */
const MAX_PAUSE_MS = 2_000

/** The runner of the work item. One run at a time: another one waits for it, and for its own sake leaves the item as it did not find it. */
export async function runMoves(deps: ControlDeps, item: WorkItem): Promise<void> {
  const running = deps.underWay.get(MOVES)
  if (running !== undefined) {
    await running
    return deps.transact(() => touch(deps))
  }
  const run = takeSteps(deps, item).finally(() => deps.underWay.delete(MOVES))
  deps.underWay.set(MOVES, run)
  return run
}

async function takeSteps(deps: ControlDeps, { attempt }: WorkItem): Promise<void> {
  const end = deps.now() + MAX_RUN_MS
  for (let count = 0; count < MAX_STEPS && deps.now() < end; count++) {
    const item = findWork(deps.sql, MOVES)
    const persisted = readPolicy(deps.sql)
    if (item === undefined || persisted === undefined) return
    const move = item.cursor === null ? undefined : (JSON.parse(item.cursor) as Move)
    if (move === undefined) {
      await deps.transact(() => lookOn(deps, persisted))
      continue
    }
    try {
      await STEPS[move.step](deps, move, persisted)
    } catch (error) {
      const { account, to, step } = move
      console.warn(JSON.stringify({ event: 'move_delayed', account, to, step, attempt, error: String(error) }))
      const { reconcileBaseMs, reconcileMaxMs } = deps.timers
      const pauseMs = backOffMs(attempt, reconcileBaseMs, Math.min(reconcileMaxMs, MAX_PAUSE_MS))
      return deps.transact(() => putNext(deps, move, attempt + 1, pauseMs))
    }
  }
}

type Step = (deps: ControlDeps, move: Move, persisted: PersistedPolicy) => Promise<void>

const STEPS: Readonly<Record<Move['step'], Step>> = { begin, copy, adopt, clear }

/** Nothing is frozen before the other shard has answered. */
async function begin(deps: ControlDeps, move: Move, { epoch }: PersistedPolicy): Promise<void> {
  const { account, to } = move
  await tell(deps, move, epoch, { step: 'rows', tables: [], counters: readCounters(deps.sql, deps.now()) })
  TEST_BUILD: await fault('move.begun')
  await deps.transact((sql) => {
    writePlace(sql, account, { place: 'leaving', epoch, peer: to })
    putNext(deps, { account, to, step: 'copy', at: COPY_BEGINNING })
  })
  TEST_BUILD: await fault('move.frozen')
}

/** With the last page the other shard answers reads, and this one sends them there. */
async function copy(deps: ControlDeps, move: Move, { epoch }: PersistedPolicy): Promise<void> {
  const { account, to, at = COPY_BEGINNING } = move
  const { tables, next } = readPage(deps.sql, account, at)
  const counters = readCounters(deps.sql, deps.now())
  await tell(deps, move, epoch, { step: next === undefined ? 'seal' : 'rows', tables, counters })
  TEST_BUILD: await fault('move.copied')
  await deps.transact((sql) => {
    if (next !== undefined) return putNext(deps, { account, to, step: 'copy', at: next })
    writePlace(sql, account, { place: 'gone', epoch, peer: to })
    putNext(deps, { account, to, step: 'adopt' })
  })
  TEST_BUILD: await fault('move.gone')
}

async function adopt(deps: ControlDeps, move: Move, { epoch }: PersistedPolicy): Promise<void> {
  await tell(deps, move, epoch, { step: 'adopt' })
  TEST_BUILD: await fault('move.adopted')
  await deps.transact((sql) => {
    const moves = readMoves(sql) as MovesState
    writeMoves(sql, { ...moves, done: moves.done + 1 })
    putNext(deps, { account: move.account, to: move.to, step: 'clear' })
  })
}

async function clear(deps: ControlDeps, move: Move): Promise<void> {
  await deps.transact((sql) => putNext(deps, clearSome(sql, move.account) ? undefined : move))
  TEST_BUILD: await fault('move.cleared')
}

type Told = Pick<ControlMethods['receiveAccount']['args'], 'step' | 'tables' | 'counters'>

async function tell(deps: ControlDeps, { account, to }: Move, epoch: number, told: Told): Promise<void> {
  await askShard(deps, to, 'receiveAccount', { account, epoch, from: deps.objectName, ...told })
}
