// From an account to its control plane object: the name is computed, no mapping is kept. The persisted policy is the authority; an
// answer `moved` teaches this isolate where to go, once.

import { controlObjectName } from '../identity/object-name.ts'
import { shardOf } from '../identity/shard.ts'
import type { ResourceType } from '../resource-type.ts'
import { withDeadline } from '../object/deadline.ts'
import { ResourceError } from '../wire/errors.ts'
import {
  FIRST_POLICY_EPOCH,
  PLANES_VERSION,
  type Caller,
  type ControlCall,
  type ControlMethod,
  type ControlMethods,
  type Outcome,
  type PersistedPolicy,
} from '../wire/planes.ts'
import type { EdgeContext } from './deployment.ts'

/** Above the control plane's own wait for the object (10 s), so that its 202 reaches the client. */
const DEADLINE_MARGIN_MS = 5_000

/** What this isolate was last told. A cache: a stale entry costs one more round. */
const learned = new WeakMap<ResourceType, PersistedPolicy>()

/** The policy by which this isolate finds a type's objects now. */
export function policyOf(type: ResourceType): PersistedPolicy {
  return learned.get(type) ?? { policy: type.shards, epoch: FIRST_POLICY_EPOCH }
}

/**
 * Computes which control plane object decides for an account, and the epoch that the call must carry.
 *
 * @step 2
 */
export function toControlObject(
  type: ResourceType,
  account: string,
): { readonly object: string; readonly policyEpoch: number } {
  const { policy, epoch } = policyOf(type)
  return { object: controlObjectName(type.name, shardOf(policy, account)), policyEpoch: epoch }
}

/** @throws ResourceError the refusal, or `unavailable` and `deadline_exceeded` when the control plane does not answer */
export async function callControlPlane<M extends ControlMethod>(
  context: EdgeContext,
  type: ResourceType,
  caller: Omit<Caller, 'policyEpoch'>,
  method: M,
  args: ControlMethods[M]['args'],
): Promise<ControlMethods[M]['value']> {
  let outcome = await callOnce(context, type, caller, method, args)
  if (!outcome.ok && outcome.moved !== undefined) {
    learned.set(type, outcome.moved)
    outcome = await callOnce(context, type, caller, method, args)
  }
  if (!outcome.ok) throw new ResourceError(outcome.error.code, outcome.error.message, outcome.error)
  return outcome.value
}

function callOnce<M extends ControlMethod>(
  context: EdgeContext,
  type: ResourceType,
  caller: Omit<Caller, 'policyEpoch'>,
  method: M,
  args: ControlMethods[M]['args'],
): Promise<Outcome<ControlMethods[M]['value']>> {
  const { object, policyEpoch } = toControlObject(type, caller.account)
  const call: ControlCall<M> = {
    v: PLANES_VERSION,
    type: type.name,
    object,
    method,
    args,
    caller: { ...caller, policyEpoch },
  }
  const { createWaitMs } = context.config.timers
  return withDeadline(context.controlPlane.call(call), createWaitMs + DEADLINE_MARGIN_MS, 'The control plane')
}
