// Answers the calls of other cells' planes. A call is served only if its object is here: nothing is ever passed on.

import { cellOfControlObject } from '../identity/object-name.ts'
import { parseResourceId } from '../identity/resource-id.ts'
import { cellOf } from '../object/planes.ts'
import { ResourceError, statusOf, toResourceError } from '../wire/errors.ts'
import { HOP_CALL_HEADER, digestOfCall, type Hop } from '../wire/hop.ts'
import type { Descriptor } from '../wire/descriptor.ts'
import type { ControlCall, DataCall, DataReference, MintCall } from '../wire/planes.ts'
import type { ReconcileCall } from '../wire/reconcile.ts'
import type { EdgeContext } from './deployment.ts'
import { callAccountHere, type AccountCall } from './act-for.ts'
import { readBody } from './read-body.ts'
import { reconcileType } from './reconcile-handler.ts'

/** A bulk creation of the largest size, as it is between the planes. */
const MAX_CALL_BYTES = 16 * 1024 ** 2

const PREFIX = '/hop/'

/** @param hop verified, of the kind `call` */
export async function serveHopCall(context: EdgeContext, request: Request, path: string, hop: Hop): Promise<Response> {
  try {
    return await answer(context, request, path.slice(PREFIX.length), hop)
  } catch (thrown) {
    const { data } = toResourceError(thrown)
    return Response.json(data, { status: statusOf(data.code) })
  }
}

async function answer(context: EdgeContext, request: Request, kind: string, hop: Hop): Promise<Response> {
  const text = kind === 'restore' ? streamed(request) : await readText(request)
  if (hop.subject !== (await digestOfCall(kind, text)))
    throw new ResourceError('unauthenticated', 'This call is not the one that was signed.')
  const call: unknown = JSON.parse(text)
  const { here, peers, rootCell } = context
  switch (kind) {
    case 'control': {
      const { type, object } = call as ControlCall
      requireHere(peers.isHere(cellOfControlObject(type, object, rootCell)))
      return Response.json(await here.controlPlane.call(call as ControlCall))
    }
    case 'account': {
      const { account } = call as AccountCall
      requireHere(peers.isHere(parseResourceId(account)?.cell ?? ''))
      return Response.json(await callAccountHere(context, call as AccountCall))
    }
    case 'data':
      requireHere(peers.isHere(cellOf(call as DataCall)))
      return Response.json(await here.dataPlane.call(call as DataCall))
    case 'mint':
      requireHere(peers.isHere((call as MintCall).cell))
      return Response.json(await here.dataPlane.mint(call as MintCall))
    case 'reconcile':
      requireHere(peers.isHere((call as ReconcileCall).cell))
      return Response.json(await reconcileType(context, call as ReconcileCall))
    case 'dump':
      requireHere(peers.isHere(cellOf(call as DataReference)))
      return new Response(await here.dataPlane.dump(call as DataReference))
    case 'restore': {
      requireHere(peers.isHere(cellOf(call as DataReference)))
      if (request.body === null) throw new ResourceError('invalid_request', 'There is no content.')
      const reference = call as DataReference & { readonly descriptor: Descriptor }
      return Response.json(await here.dataPlane.restore(reference, request.body))
    }
    default:
      throw new ResourceError('not_found', 'There is no such call: the cells run different releases.')
  }
}

/** The cells' tables disagree, for as long as one is being changed. */
function requireHere(isHere: boolean): void {
  if (!isHere) throw new ResourceError('misdirected', 'This cell does not have that object: the cell tables differ.')
}

function streamed(request: Request): string {
  return decodeURIComponent(request.headers.get(HOP_CALL_HEADER) ?? '')
}

async function readText(request: Request): Promise<string> {
  return request.body === null ? '' : (await readBody(request.body, MAX_CALL_BYTES)).text()
}
