// Calls between the control plane objects of one type.

import { WHOLE_DEPLOYMENT } from '../../identity/shard.ts'
import { withDeadline } from '../../object/deadline.ts'
import { ResourceError } from '../../wire/errors.ts'
import {
  FIRST_POLICY_EPOCH,
  PLANES_VERSION,
  type Caller,
  type ControlMethod,
  type ControlMethods,
  type Outcome,
} from '../../wire/planes.ts'
import type { ControlDeps } from '../deps.ts'

/** One call to a shard by its name. @throws ResourceError the refusal, or `deadline_exceeded` */
export async function askShard<M extends ControlMethod>(
  deps: ControlDeps,
  object: string,
  method: M,
  args: ControlMethods[M]['args'],
): Promise<ControlMethods[M]['value']> {
  const caller: Caller = {
    account: WHOLE_DEPLOYMENT,
    role: 'operator',
    limits: {},
    policyEpoch: FIRST_POLICY_EPOCH,
    requestId: crypto.randomUUID(),
    actor: 'system',
  }
  const call = { v: PLANES_VERSION, type: deps.type.name, object, method, args, caller } as const
  const answer: Promise<Outcome<ControlMethods[M]['value']>> = deps.controlPlane.call(call)
  const outcome = await withDeadline(answer, deps.timers.callTimeoutMs, 'The control plane')
  if (!outcome.ok) throw new ResourceError(outcome.error.code, outcome.error.message, outcome.error)
  return outcome.value
}
