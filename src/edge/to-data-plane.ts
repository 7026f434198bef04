// From an identifier to its object, and nothing else on the way: no lookup, no call, no control plane. Everything that this file
// imports must stay free of control plane code; a test walks the import graph.

import { placeOf } from '../identity/cell.ts'
import { dataObjectName } from '../identity/object-name.ts'
import { parseResourceId, verifyResourceId, type ResourceId } from '../identity/resource-id.ts'
import { toStub } from '../object/stub.ts'
import type { ResourceType } from '../resource-type.ts'
import { ResourceError } from '../wire/errors.ts'
import { PRINCIPAL_HEADER, formatPrincipal, type Principal } from '../wire/principal.ts'
import type { EdgeContext } from './deployment.ts'

/**
 * Checks an identifier without touching any object.
 *
 * @throws ResourceError `not_found` for one that is malformed, of another type, or that this deployment never issued
 */
export async function requireIssued(context: EdgeContext, type: ResourceType, text: string): Promise<ResourceId> {
  const id = parseResourceId(text)
  if (id === undefined || id.type !== type.name || !(await verifyResourceId(context.keyring, id))) {
    throw new ResourceError('not_found', 'There is no such resource.')
  }
  return id
}

/**
 * The object of an identifier: its name and place follow from the identifier alone.
 *
 * @throws ResourceError `unavailable` for a cell that this deployment does not have
 * @step 7
 * @step 9
 */
export function toDataObject(context: EdgeContext, type: ResourceType, id: ResourceId): DurableObjectStub {
  const place = placeOf(context.cells, id.cell)
  if (place === undefined) throw new ResourceError('unavailable', `The cell "${id.cell}" is not configured here.`)
  return toStub(context.namespaceOf(type), dataObjectName(id.id), place)
}

/** The request as its object gets it: the path below the resource, and no credentials, which end at the edge. */
export function toInnerRequest(request: Request, path: string, query: string): Request {
  const inner = new Request(`http://resource${path}${query}`, request)
  const { headers } = inner
  if (headers.has('authorization')) headers.delete('authorization')
  if (headers.has('cookie')) headers.delete('cookie')
  return inner
}

/** Hands a request to its object together with who is asking. */
export function forward(stub: DurableObjectStub, inner: Request, principal: Principal): Promise<Response> {
  // Set, not appended: whatever the client sent under this name is gone.
  inner.headers.set(PRINCIPAL_HEADER, formatPrincipal(principal))
  return stub.fetch(inner)
}
