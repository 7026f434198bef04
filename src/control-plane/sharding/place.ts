// Whether this shard is the right one for a call. At any moment one shard at most takes an account's changes: a call that comes to another
// one is answered `moved`, with where to go; a change that comes while the account is being copied is refused for a moment.

import { ResourceError } from '../../wire/errors.ts'
import type { ControlCall, ControlMethod, ControlMethods, Outcome, PersistedPolicy } from '../../wire/planes.ts'
import type { ControlDeps } from '../deps.ts'
import { askRoot, objectOf, policyFor, readPolicy } from './policy.ts'
import { claimPlace, readPlace } from './account-place.ts'
import { askShard } from './ask.ts'
import { hasPassed } from './moves-state.ts'

/** Between shards, or about a shard as a whole: no account's. */
const ANYWHERE: ReadonlySet<ControlMethod> = new Set(['policy', 'metrics', 'moveOut', 'receiveAccount', 'retell'])

const READS: ReadonlySet<ControlMethod> = new Set([
  'get',
  'list',
  'count',
  'grant',
  'inspect',
  'usage',
  'account',
  'audit',
  'events',
  'getOperation',
  'listOperations',
  'exportRows',
])

/** `held`: reads only. `elsewhere`: in that object. `unsure`: it belongs here, and may still be in the object where it was before. */
type Standing = { readonly kind: 'here' | 'held' } | { readonly kind: 'elsewhere' | 'unsure'; readonly object: string }

type Run<M extends ControlMethod> = (
  deps: ControlDeps,
  call: ControlCall<M>,
) => ControlMethods[M]['value'] | Promise<ControlMethods[M]['value']>

/**
 * Runs a call's method if the account is here, and its changes only as long as it is.
 *
 * @throws ResourceError `unavailable` for a change while the account is on its way; what the method throws
 */
export async function atItsPlace<M extends ControlMethod>(
  deps: ControlDeps,
  call: ControlCall<M>,
  run: Run<M>,
): Promise<Outcome<ControlMethods[M]['value']>> {
  const { account } = call.caller
  const isEveryAccount =
    call.method === 'list' && (call.args as ControlMethods['list']['args']).everyAccount !== undefined
  if (isEveryAccount || ANYWHERE.has(call.method)) return { ok: true, value: await run(deps, call) }
  const { standing, persisted } = await locate(deps, call)
  if (standing.kind === 'elsewhere' || standing.kind === 'unsure')
    return {
      ok: false,
      error: { code: 'unavailable', message: 'This account is on another shard.', applied: 'no', retryAfterSeconds: 1 },
      moved: { ...persisted, object: standing.object },
    }
  if (READS.has(call.method)) return { ok: true, value: await run(deps, call) }
  if (standing.kind === 'held') throw onTheWay('no')
  let commits = 0
  const own = whileHere(deps, account, () => commits++)
  try {
    return { ok: true, value: await run(own, call) }
  } catch (error) {
    if (isHere(deps, account)) throw error
    // What was recorded before goes with the account, to where the next attempt finds it.
    throw onTheWay(commits === 0 ? 'no' : 'unknown')
  }
}

/** Asks as often as there is something to learn: a newer policy, then whether the shard before has let the account go. */
async function locate(
  deps: ControlDeps,
  call: ControlCall,
): Promise<{ readonly standing: Standing; readonly persisted: PersistedPolicy }> {
  const { account, policyEpoch } = call.caller
  // Objects report to the shard that their descriptor names, and know no policy.
  const knowsPolicy = call.method !== 'reportUsage'
  const persisted = await policyFor(deps, knowsPolicy ? policyEpoch : 0)
  const standing = standingOf(deps, account, persisted)
  // A descriptor may be several moves old.
  if (standing.kind === 'elsewhere' && !knowsPolicy && mayAskRoot(deps)) {
    const fresh = await askRoot(deps)
    return { standing: standingOf(deps, account, fresh), persisted: fresh }
  }
  if (standing.kind === 'unsure') {
    const isNews = await learnFrom(deps, persisted, account, standing.object)
    return isNews ? locate(deps, call) : { standing, persisted }
  }
  const isServed = standing.kind === 'here' || standing.kind === 'held'
  if (isServed && knowsPolicy && policyEpoch !== persisted.epoch)
    return { standing: { kind: 'elsewhere', object: deps.objectName }, persisted }
  return { standing, persisted }
}

function standingOf(deps: ControlDeps, account: string, { policy, previous, epoch }: PersistedPolicy): Standing {
  const row = readPlace(deps.sql, account)
  if (row?.place === 'here') return { kind: 'here' }
  if (row?.place === 'leaving' || row?.place === 'sealed') return { kind: 'held' }
  // Where it went by an earlier policy, it may have left again.
  if (row !== undefined && row.peer !== null && (row.place === 'arriving' || row.epoch === epoch))
    return { kind: 'elsewhere', object: row.peer }
  const home = objectOf(deps, policy, account)
  const before = previous === undefined ? home : objectOf(deps, previous, account)
  if (home === deps.objectName) return before === home ? { kind: 'here' } : { kind: 'unsure', object: before }
  // New accounts begin where they will have to leave, until this shard has looked at all that could be theirs.
  if (before === deps.objectName && !hasPassed(deps.sql, epoch, account)) return { kind: 'here' }
  return { kind: 'elsewhere', object: home }
}

/** How often the root object is asked at most for what it need not tell; milliseconds. */
const ASK_ROOT_MS = 1_000
/** When it was, by instance. */
const asked = new WeakMap<SqlStorage, number>()

function mayAskRoot(deps: ControlDeps): boolean {
  const nowMs = deps.now()
  if (nowMs - (asked.get(deps.sql) ?? 0) < ASK_ROOT_MS) return false
  asked.set(deps.sql, nowMs)
  return true
}

/** @returns whether the account's standing may be another one now */
async function learnFrom(
  deps: ControlDeps,
  { policy, previous, epoch }: PersistedPolicy,
  account: string,
  before: string,
): Promise<boolean> {
  if (previous === undefined) return true
  if (mayAskRoot(deps)) {
    const fresh = await askRoot(deps)
    if (fresh.epoch !== epoch || fresh.previous === undefined) return true
  }
  const { total, done } = await askShard(deps, before, 'moveOut', { policy, previous, epoch, account })
  if (done < total) return readPlace(deps.sql, account) !== undefined
  await deps.transact((sql) => claimPlace(sql, account, epoch))
  return true
}

/** Whether this shard takes the account's changes. For transactions: nothing else can happen between this and their commit. */
export function isHere(deps: ControlDeps, account: string): boolean {
  const row = readPlace(deps.sql, account)
  if (row !== undefined) return row.place === 'here'
  const persisted = readPolicy(deps.sql)
  return persisted === undefined || standingOf(deps, account, persisted).kind === 'here'
}

/**
 * `deps` for work on one account's behalf: its transactions are refused once the account is not here.
 *
 * @param onCommit is called in each that is not
 */
export function whileHere<D extends ControlDeps>(deps: D, account: string, onCommit?: () => void): D {
  return {
    ...deps,
    transact: (change) =>
      deps.transact((sql) => {
        if (!isHere(deps, account)) throw onTheWay('no')
        const result = change(sql)
        onCommit?.()
        return result
      }),
  }
}

function onTheWay(applied: 'no' | 'unknown'): ResourceError {
  return new ResourceError('unavailable', 'This account is being moved to another shard: try again in a moment.', {
    applied,
    retryAfterSeconds: 1,
  })
}
