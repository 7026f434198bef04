// Where accounts are. The type's root object persists the policy that the code proposed first; every other shard asks it once. The
// persisted policy is the authority: a call that followed another one is answered `moved`, with the policy to follow.

import { controlObjectName } from '../identity/object-name.ts'
import { isSamePolicy, shardOf, type ShardPolicy } from '../identity/shard.ts'
import { withDeadline } from '../object/deadline.ts'
import { ResourceError } from '../wire/errors.ts'
import { FIRST_POLICY_EPOCH, PLANES_VERSION, type ControlCall, type PersistedPolicy } from '../wire/planes.ts'
import type { ControlDeps } from './deps.ts'
import { readMeta, writeMeta } from './meta.ts'

/** The root object's answer to `policy`: what it holds, or from now on the proposal. */
export function rootPolicy(deps: ControlDeps, proposal: ShardPolicy): PersistedPolicy {
  const stored = readPolicy(deps.sql)
  if (stored !== undefined) {
    if (!isSamePolicy(stored.policy, proposal)) {
      console.warn(
        JSON.stringify({
          event: 'policy_differs',
          type: deps.type.name,
          persisted: stored.policy.kind,
          proposed: proposal.kind,
        }),
      )
    }
    return stored
  }
  const first: PersistedPolicy = { policy: proposal, epoch: FIRST_POLICY_EPOCH }
  writePolicy(deps.sql, first)
  return first
}

/** Answers undefined when this shard is right for the caller, else the policy by which he finds the right one. */
export async function refuseByPolicy(deps: ControlDeps, call: ControlCall): Promise<PersistedPolicy | undefined> {
  const persisted = readPolicy(deps.sql) ?? (await learnPolicy(deps, call))
  const home = controlObjectName(deps.type.name, shardOf(persisted.policy, call.caller.account))
  return home === deps.objectName && call.caller.policyEpoch === persisted.epoch ? undefined : persisted
}

async function learnPolicy(deps: ControlDeps, call: ControlCall): Promise<PersistedPolicy> {
  const root = controlObjectName(deps.type.name)
  if (deps.objectName === root) return rootPolicy(deps, deps.type.shards)
  const asked = deps.controlPlane.call({
    v: PLANES_VERSION,
    type: deps.type.name,
    object: root,
    method: 'policy',
    args: { proposal: deps.type.shards },
    caller: call.caller,
  })
  const outcome = await withDeadline(asked, deps.timers.callTimeoutMs, 'The control plane')
  if (!outcome.ok) throw new ResourceError(outcome.error.code, outcome.error.message, outcome.error)
  writePolicy(deps.sql, outcome.value)
  return outcome.value
}

function readPolicy(sql: SqlStorage): PersistedPolicy | undefined {
  const text = readMeta(sql, 'policy')
  return text === undefined ? undefined : (JSON.parse(text) as PersistedPolicy)
}

function writePolicy(sql: SqlStorage, policy: PersistedPolicy): void {
  writeMeta(sql, 'policy', JSON.stringify(policy))
}
