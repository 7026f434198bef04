// Operations of an account, over all types. An operation's identifier names its type, so that it is found without a search.

import { formatCursor, parseCursor } from '../identity/cursor.ts'
import { WHOLE_DEPLOYMENT } from '../identity/shard.ts'
import type { ResourceType } from '../resource-type.ts'
import { ResourceError } from '../wire/errors.ts'
import { toOperationJson, type OperationRecord } from '../wire/operation.ts'
import { typesOf } from './deployment.ts'
import { readSources } from './merge.ts'
import type { ControlRequest } from './route.ts'
import type { PageQuery } from './schemas.ts'
import { callControlPlane } from './to-control-plane.ts'

export async function listOperations(control: ControlRequest): Promise<Response> {
  const { limit, cursor } = control.query as PageQuery
  const { context, caller } = control
  const { rows, positions } = await readSources({
    sources: typesOf(context).map((type) => ({
      name: type.name,
      read: async (before: number) => {
        const page = await callControlPlane(context, type, caller, 'listOperations', {
          limit,
          ...(before === 0 ? {} : { before }),
        })
        return { rows: page.data.map((row) => ({ row, position: row.createTimeMs })), isEnd: page.next === undefined }
      },
    })),
    from: cursor === undefined ? {} : requireCursor(cursor),
    limit,
    order: (a, b) => b.createTimeMs - a.createTimeMs,
  })
  const next = positions === undefined ? {} : { next_cursor: formatCursor(positions) }
  return Response.json({ data: rows.map(({ row }) => toOperationJson(row)), ...next })
}

/** @throws ResourceError `invalid_request` */
export function requireCursor(cursor: string): Readonly<Record<string, number>> {
  const positions = parseCursor(cursor)
  if (positions === undefined)
    throw new ResourceError('invalid_request', 'This cursor is not one that this list returned.')
  return positions
}

export async function getOperation(control: ControlRequest): Promise<Response> {
  const { type, id } = requireOperation(control)
  return Response.json(toOperationJson(await askFor(control, type, 'getOperation', id)))
}

/** An operator also finds those of the deployment as a whole. */
async function askFor(
  { context, caller }: ControlRequest,
  type: ResourceType,
  method: 'getOperation' | 'cancelOperation',
  id: string,
): Promise<OperationRecord> {
  try {
    return await callControlPlane(context, type, caller, method, { id })
  } catch (error) {
    if (caller.role !== 'operator' || !(error instanceof ResourceError) || error.code !== 'not_found') throw error
    return callControlPlane(context, type, { ...caller, account: WHOLE_DEPLOYMENT }, method, { id })
  }
}

export async function cancelOperation(control: ControlRequest): Promise<Response> {
  const { type, id } = requireOperation(control)
  return Response.json(toOperationJson(await askFor(control, type, 'cancelOperation', id)))
}

/** `op-<type>-<16 random characters>` */
function requireOperation({ context, params }: ControlRequest): { readonly type: ResourceType; readonly id: string } {
  const id = params['operation'] ?? ''
  const name = /^op-([a-z][a-z0-9]{1,11})-[0-9a-hjkmnp-tv-z]{16}$/.exec(id)?.[1]
  const type = typesOf(context).find((known) => known.name === name)
  if (type === undefined) throw new ResourceError('not_found', 'There is no such operation.')
  return { type, id }
}
