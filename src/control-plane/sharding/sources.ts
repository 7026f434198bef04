// The shards of a policy, one after the other: where they can be named, by their names; where every account has one of its own, by the
// control plane of accounts.

import { controlObjectName } from '../../identity/object-name.ts'
import { shardsOf, type ShardPolicy } from '../../identity/shard.ts'
import { withDeadline } from '../../object/deadline.ts'
import { ACCOUNT_TYPE } from '../../wire/account.ts'
import { ResourceError } from '../../wire/errors.ts'
import {
  FIRST_POLICY_EPOCH,
  PLANES_VERSION,
  type ControlCall,
  type ListPage,
  type Outcome,
  type PersistedPolicy,
} from '../../wire/planes.ts'
import type { ControlDeps } from '../deps.ts'
import { objectOf } from '../policy.ts'

/** How many shards have been seen, or a position in a list of accounts. */
export type SourcePosition =
  | { readonly list: 'shards'; readonly seen: number }
  | { readonly list: 'accounts' | 'deleted'; readonly after: number }

export interface Source {
  readonly object: string
  readonly next: SourcePosition
}

/** @param from undefined = from the beginning @returns undefined at the end */
export async function nextSource(
  deps: ControlDeps,
  policy: ShardPolicy,
  from: SourcePosition = { list: 'shards', seen: 0 },
): Promise<Source | undefined> {
  if (from.list !== 'shards') return nextOwner(deps, policy, from)
  const shards = shardsOf(policy, deps.cells)
  if (shards !== undefined) {
    if (from.seen >= shards.length) return undefined
    return {
      object: controlObjectName(deps.type.name, shards[from.seen]),
      next: { list: 'shards', seen: from.seen + 1 },
    }
  }
  // The deployment's own account is in no list.
  return { object: objectOf(deps, policy, deps.defaultAccount), next: { list: 'accounts', after: 0 } }
}

/** What was deleted can be restored, with all that it owns. */
async function nextOwner(
  deps: ControlDeps,
  policy: ShardPolicy,
  { list, after }: Extract<SourcePosition, { after: number }>,
): Promise<Source | undefined> {
  const [account] = (await listAccounts(deps, after, list === 'deleted')).data
  if (account !== undefined)
    return { object: objectOf(deps, policy, account.id), next: { list, after: account.createTimeMs } }
  return list === 'deleted' ? undefined : nextOwner(deps, policy, { list: 'deleted', after: 0 })
}

/** @throws ResourceError `invalid_request` where a builder signs people in by himself: only he knows his accounts */
export async function requireAccounts(deps: ControlDeps): Promise<void> {
  await listAccounts(deps, 0, false)
}

/** An account that is just moving is asked for where it was first, and where it is then. */
const MAX_HOPS = 4

async function listAccounts(deps: ControlDeps, after: number, deleted: boolean): Promise<ListPage> {
  let place: Pick<PersistedPolicy, 'epoch' | 'object'> = { epoch: FIRST_POLICY_EPOCH }
  let outcome: Outcome<ListPage> | undefined
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    const call: ControlCall<'list'> = {
      v: PLANES_VERSION,
      type: ACCOUNT_TYPE,
      object: place.object ?? controlObjectName(ACCOUNT_TYPE),
      method: 'list',
      args: { after, limit: 1, deleted },
      caller: {
        account: deps.defaultAccount,
        role: 'operator',
        limits: {},
        policyEpoch: place.epoch,
        requestId: crypto.randomUUID(),
        actor: 'system',
      },
    }
    outcome = await withDeadline(deps.controlPlane.call(call), deps.timers.callTimeoutMs, 'The control plane')
    if (outcome.ok) return outcome.value
    if (outcome.moved === undefined) break
    place = outcome.moved
  }
  if (outcome?.ok === false && outcome.error.code !== 'invalid_request')
    throw new ResourceError(outcome.error.code, outcome.error.message, outcome.error)
  throw new ResourceError(
    'invalid_request',
    'Every account has a shard of its own, and this application keeps its accounts by itself: there is no list of them from which to ' +
      'move each. Keep by_account.',
  )
}
