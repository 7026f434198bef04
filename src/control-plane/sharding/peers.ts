// Calls from one control plane object to another type's: where an account is there, that type's persisted policy says, and an answer
// `moved` leads on.

import { controlObjectName } from '../../identity/object-name.ts'
import { shardOf } from '../../identity/shard.ts'
import { withDeadline } from '../../object/deadline.ts'
import type { ResourceType } from '../../resource-type.ts'
import { ResourceError } from '../../wire/errors.ts'
import {
  FIRST_POLICY_EPOCH,
  PLANES_VERSION,
  type ControlMethod,
  type ControlMethods,
  type PersistedPolicy,
} from '../../wire/planes.ts'
import type { ControlDeps } from '../deps.ts'
import { SYSTEM } from '../journal.ts'

/** The code's policy, the persisted one, and an account that is just moving. */
const MAX_HOPS = 4

/** @throws ResourceError the refusal, or `unavailable` when it does not answer */
export async function callPeer<M extends ControlMethod>(
  deps: ControlDeps,
  type: Pick<ResourceType, 'name' | 'shards'>,
  account: string,
  method: M,
  args: ControlMethods[M]['args'],
): Promise<ControlMethods[M]['value']> {
  let place: PersistedPolicy = { policy: type.shards, epoch: FIRST_POLICY_EPOCH }
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    const object = place.object ?? controlObjectName(type.name, shardOf(place.policy, account))
    const caller = {
      account,
      role: 'operator',
      limits: {},
      policyEpoch: place.epoch,
      requestId: crypto.randomUUID(),
      actor: SYSTEM,
    } as const
    const call = deps.controlPlane.call({ v: PLANES_VERSION, type: type.name, object, method, args, caller })
    const outcome = await withDeadline(call, deps.timers.callTimeoutMs, 'The control plane')
    if (outcome.ok) return outcome.value
    if (outcome.moved === undefined) throw new ResourceError(outcome.error.code, outcome.error.message, outcome.error)
    place = outcome.moved
  }
  throw new ResourceError('unavailable', 'This account is being moved to another shard.', { retryAfterSeconds: 1 })
}
