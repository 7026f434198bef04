// A cell that came back from a backup is made to agree with the catalogs: an operation for each type, of the deployment as a whole.

import * as z from 'zod'
import type { ZodType } from 'zod'
import { placeOf } from '../identity/cell.ts'
import { WHOLE_DEPLOYMENT } from '../identity/shard.ts'
import { fewAtOnce } from '../object/few-at-once.ts'
import { ResourceError } from '../wire/errors.ts'
import { toOperationJson } from '../wire/operation.ts'
import { operationAnswer } from './answers.ts'
import { typesOf } from './deployment.ts'
import type { ControlRequest } from './route.ts'
import { callControlPlane } from './to-control-plane.ts'

export const reconcileAnswer: ZodType = z.strictObject({ data: z.array(operationAnswer) })

export async function reconcileCell({ context, caller, params }: ControlRequest): Promise<Response> {
  const cell = params['cell'] ?? ''
  if (placeOf(context.cells, cell) === undefined)
    throw new ResourceError('not_found', 'There is no such cell: GET /v1/capabilities lists them.')
  const asRoot = { ...caller, account: WHOLE_DEPLOYMENT }
  const data = await fewAtOnce(typesOf(context), async (type) =>
    toOperationJson(await callControlPlane(context, type, asRoot, 'reconcile', { cell })),
  )
  return Response.json({ data }, { status: 202 })
}
