// From an account to its control plane object: the name is computed, no mapping is kept. The persisted policy is the authority; an
// answer `moved` teaches this isolate where to go.

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

/** From a cold start in the middle of a move: the first policy, the present one, where the account was, where it is. */
const MAX_HOPS = 4

/** Accounts that are elsewhere than the policy says, while they move. One that was forgotten costs one more round. */
const MAX_EXCEPTIONS = 1_000

/** What this isolate was last told of a type. A cache: a stale entry costs one more round. */
interface Learned {
  readonly persisted: PersistedPolicy
  /** Account -> object, under this very epoch. */
  readonly exceptions: Map<string, string>
}

const learned = new WeakMap<ResourceType, Learned>()

/** The policy by which this isolate finds a type's objects now. */
export function policyOf(type: ResourceType): PersistedPolicy {
  return learned.get(type)?.persisted ?? { policy: type.shards, epoch: FIRST_POLICY_EPOCH }
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
  const object = learned.get(type)?.exceptions.get(account) ?? controlObjectName(type.name, shardOf(policy, account))
  return { object, policyEpoch: epoch }
}

function learn(type: ResourceType, account: string, moved: PersistedPolicy): void {
  const known = learned.get(type)
  const isSame = known !== undefined && known.persisted.epoch === moved.epoch
  const exceptions = isSame ? known.exceptions : new Map<string, string>()
  exceptions.delete(account)
  const { object } = moved
  if (object !== undefined && object !== controlObjectName(type.name, shardOf(moved.policy, account))) {
    const [oldest] = exceptions.keys()
    if (exceptions.size >= MAX_EXCEPTIONS && oldest !== undefined) exceptions.delete(oldest)
    exceptions.set(account, object)
  }
  learned.set(type, { persisted: moved, exceptions })
}

/** @throws ResourceError the refusal, or `unavailable` and `deadline_exceeded` when the control plane does not answer */
export async function callControlPlane<M extends ControlMethod>(
  context: EdgeContext,
  type: ResourceType,
  caller: Omit<Caller, 'policyEpoch'>,
  method: M,
  args: ControlMethods[M]['args'],
): Promise<ControlMethods[M]['value']> {
  for (let hop = 0; ; hop++) {
    const { object, policyEpoch } = toControlObject(type, caller.account)
    const outcome = await callOnce(context, type, object, { ...caller, policyEpoch }, method, args)
    if (outcome.ok) return outcome.value
    if (outcome.moved !== undefined) learn(type, caller.account, outcome.moved)
    if (outcome.moved === undefined || hop === MAX_HOPS)
      throw new ResourceError(outcome.error.code, outcome.error.message, outcome.error)
  }
}

/** A call that is about a shard and not about an account. @throws ResourceError as {@link callControlPlane} */
export async function callShard<M extends ControlMethod>(
  context: EdgeContext,
  type: ResourceType,
  object: string,
  caller: Omit<Caller, 'policyEpoch'>,
  method: M,
  args: ControlMethods[M]['args'],
): Promise<ControlMethods[M]['value']> {
  const { policyEpoch } = toControlObject(type, caller.account)
  const outcome = await callOnce(context, type, object, { ...caller, policyEpoch }, method, args)
  if (!outcome.ok) throw new ResourceError(outcome.error.code, outcome.error.message, outcome.error)
  return outcome.value
}

function callOnce<M extends ControlMethod>(
  context: EdgeContext,
  type: ResourceType,
  object: string,
  caller: Caller,
  method: M,
  args: ControlMethods[M]['args'],
): Promise<Outcome<ControlMethods[M]['value']>> {
  const call: ControlCall<M> = { v: PLANES_VERSION, type: type.name, object, method, args, caller }
  const { createWaitMs } = context.config.timers
  return withDeadline(context.controlPlane.call(call), createWaitMs + DEADLINE_MARGIN_MS, 'The control plane')
}
