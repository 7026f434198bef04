// How the accounts of each type are spread over control plane objects, and changing it.

import * as z from 'zod'
import type { ZodType } from 'zod'
import { BUCKETS, WHOLE_DEPLOYMENT, type ShardPolicy } from '../identity/shard.ts'
import { fewAtOnce } from '../object/few-at-once.ts'
import { ResourceError } from '../wire/errors.ts'
import { typesOf } from './deployment.ts'
import { answerOperation } from './handlers.ts'
import type { ControlRequest } from './route.ts'
import { callControlPlane } from './to-control-plane.ts'

export const policyBody: ZodType<ShardPolicy> = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('single') }),
    z.strictObject({ kind: z.literal('by_account') }),
    z.strictObject({ kind: z.literal('hashed'), shards: z.int().min(1).max(BUCKETS) }),
    z.strictObject({ kind: z.literal('by_region') }),
  ])
  .meta({ id: 'ShardPolicy' })

export const typeAnswer: ZodType = z
  .strictObject({
    name: z.string(),
    plural: z.string(),
    policy: policyBody.describe('The one that rules.'),
    proposed_policy: policyBody.describe('What the code declares; it ruled only if it was the first.'),
    epoch: z.int().describe('Grows with every change of the policy.'),
    moving: z.boolean().describe('Whether accounts still move to where the policy puts them.'),
  })
  .meta({ id: 'Type' })

export async function listTypes({ context, caller }: ControlRequest): Promise<Response> {
  const data = await fewAtOnce(typesOf(context), async (type) => {
    const asRoot = { ...caller, account: WHOLE_DEPLOYMENT }
    const persisted = await callControlPlane(context, type, asRoot, 'policy', { proposal: type.shards })
    return {
      name: type.name,
      plural: type.plural,
      policy: persisted.policy,
      proposed_policy: type.shards,
      epoch: persisted.epoch,
      moving: persisted.previous !== undefined,
    }
  })
  return Response.json({ data })
}

export async function putPolicy(control: ControlRequest): Promise<Response> {
  const { context, caller, params, body } = control
  const type = typesOf(context).find(({ name }) => name === params['type'])
  if (type === undefined) throw new ResourceError('not_found', 'There is no such type: GET /v1/types lists them.')
  const asRoot = { ...caller, account: WHOLE_DEPLOYMENT }
  const operation = await callControlPlane(context, type, asRoot, 'reshard', { policy: body as ShardPolicy })
  return answerOperation(control, operation)
}
