// The shards of a policy, one after the other: where they can be named, by their names; where every account has one of its own, by the
// control plane of accounts.

import { controlObjectName } from '../../identity/object-name.ts'
import { shardsOf, single, type ShardPolicy } from '../../identity/shard.ts'
import { ACCOUNT_TYPE } from '../../wire/account.ts'
import { ResourceError } from '../../wire/errors.ts'
import type { ListPage } from '../../wire/planes.ts'
import type { ControlDeps } from '../deps.ts'
import { callPeer } from './peers.ts'
import { objectOf } from './policy.ts'

/** How many shards have been seen (where every account has one: of the accounts that are in no list), or a position in a list of accounts. */
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
  const own = deps.ownAccounts
  const seen = from.seen + 1
  return {
    object: objectOf(deps, policy, own[from.seen] ?? ''),
    next: seen < own.length ? { list: 'shards', seen } : { list: 'accounts', after: 0 },
  }
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

/** @throws ResourceError what the control plane of accounts refuses; `invalid_request` where there is none */
async function listAccounts(deps: ControlDeps, after: number, deleted: boolean): Promise<ListPage> {
  try {
    return await callPeer(deps, ACCOUNTS, deps.ownAccounts[0] ?? '', 'list', { after, limit: 1, deleted })
  } catch (error) {
    if (!(error instanceof ResourceError) || error.code !== 'invalid_request') throw error
    throw new ResourceError(
      'invalid_request',
      'Every account has a shard of its own, and this application keeps its accounts by itself: there is no list of them from which to ' +
        'move each. Keep by_account.',
    )
  }
}

const ACCOUNTS = { name: ACCOUNT_TYPE, shards: single() } as const
