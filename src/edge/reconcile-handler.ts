// A cell that came back from a backup is made to agree with the catalogs: an operation for each type, of the deployment as a whole.

import * as z from 'zod'
import type { ZodType } from 'zod'
import { placeOf } from '../identity/cell.ts'
import { WHOLE_DEPLOYMENT } from '../identity/shard.ts'
import { fewAtOnce } from '../object/few-at-once.ts'
import { ResourceError } from '../wire/errors.ts'
import type { ResourceType } from '../resource-type.ts'
import { toOperationJson, type OperationRecord } from '../wire/operation.ts'
import { UNKNOWN_TYPE_DETAIL, type ReconcileAnswer, type ReconcileCall } from '../wire/reconcile.ts'
import { operationAnswer } from './answers.ts'
import type { ControlCaller } from './authorize.ts'
import { typesOf, type EdgeContext } from './deployment.ts'
import type { ControlRequest } from './route.ts'
import { callControlPlane } from './to-control-plane.ts'

export const reconcileAnswer: ZodType = z.strictObject({ data: z.array(operationAnswer) })

export async function reconcileCell({ context, caller, params }: ControlRequest): Promise<Response> {
  const cell = params['cell'] ?? ''
  if (placeOf(context.cells, cell) === undefined)
    throw new ResourceError('not_found', 'There is no such cell: GET /v1/capabilities lists them.')
  const begun = await fewAtOnce(typesOf(context), (type) => begin(context, type, caller, cell))
  const data = begun.filter((operation) => operation !== undefined).map(toOperationJson)
  return Response.json({ data }, { status: 202 })
}

/** Answers the engine of a cell that came back. */
export async function reconcileType(context: EdgeContext, call: ReconcileCall): Promise<ReconcileAnswer> {
  const { cell, operation: id, requestId } = call
  const type = typesOf(context).find(({ name }) => name === call.type)
  if (type === undefined) throw new ResourceError('not_found', `This cell does not serve the type "${call.type}".`)
  const caller = { account: WHOLE_DEPLOYMENT, role: 'operator', limits: {}, requestId, actor: `cell:${cell}` } as const
  const operation =
    id === undefined
      ? await begin(context, type, caller, cell)
      : await callControlPlane(context, type, caller, 'getOperation', { id })
  return operation === undefined ? {} : { operation: toOperationJson(operation) }
}

/** @returns undefined for a type that the root cell is yet to get: where all its shards would be there, nobody has made anything of it */
async function begin(
  context: EdgeContext,
  type: ResourceType,
  caller: ControlCaller,
  cell: string,
): Promise<OperationRecord | undefined> {
  const asRoot = { ...caller, account: WHOLE_DEPLOYMENT }
  try {
    return await callControlPlane(context, type, asRoot, 'reconcile', { cell })
  } catch (error) {
    const isUnknown = error instanceof ResourceError && error.data.details?.[UNKNOWN_TYPE_DETAIL] === type.name
    if (isUnknown && ['single', 'hashed'].includes(type.shards.kind)) return undefined
    throw error
  }
}
