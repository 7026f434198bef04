// From an identifier to its object, and nothing else on the way: no lookup, no call, no control plane. Everything that this file
// imports must stay free of control plane code; a test walks the import graph.

import { placeOf, type ObjectPlace } from '../identity/cell.ts'
import { dataObjectAddress } from '../identity/object-name.ts'
import { parseResourceId, verifyResourceId, type ResourceId } from '../identity/resource-id.ts'
import { isObjectIdOf, toStub } from '../object/stub.ts'
import type { ResourceType } from '../resource-type.ts'
import { ResourceError } from '../wire/errors.ts'
import { AWAY_HEADER, HOP_HEADERS, type Hop } from '../wire/hop.ts'
import { PRINCIPAL_HEADER, formatPrincipal, type Principal } from '../wire/principal.ts'
import type { LimitedBody } from './body-limit.ts'
import type { EdgeContext } from './deployment.ts'

/**
 * Checks an identifier without touching any object.
 *
 * @throws ResourceError `not_found` for one that is malformed, of another type, or that this deployment never issued
 */
export async function requireIssued(context: EdgeContext, type: ResourceType, text: string): Promise<ResourceId> {
  const id = parseResourceId(text)
  if (id === undefined || id.type !== type.name || !(await isIssued(context, type, id))) {
    throw new ResourceError('not_found', 'There is no such resource.')
  }
  return id
}

/** Our tag, or the engine's own: of an object elsewhere, there. */
function isIssued(context: EdgeContext, type: ResourceType, id: ResourceId): Promise<boolean> | boolean {
  if (id.format === 'named') return verifyResourceId(context.keyring, id)
  const place = placeOf(context.cells, id.cell)
  if (place === undefined) return false
  return !context.peers.isHere(id.cell) || isObjectIdOf(context.namespaceOf(type), id.objectId, place)
}

/** For operators to bring it back; nobody who asks again within seconds sees anything else. */
export const LOST_RETRY_SECONDS = 60

/**
 * The object of an identifier: its address and place follow from the identifier alone.
 *
 * @param at where it is, if it was moved; the cell is this one (hop.ts sends requests for the others there)
 * @throws ResourceError `unavailable` for a cell that this deployment does not have
 * @step 7
 * @step 9
 */
export function toDataObject(
  context: EdgeContext,
  type: ResourceType,
  id: ResourceId,
  at: ObjectPlace = id,
): DurableObjectStub {
  const place = placeOf(context.cells, at.cell)
  if (place === undefined)
    throw new ResourceError('unavailable', `The cell "${at.cell}" is not configured here.`, {
      applied: 'no',
      retryAfterSeconds: LOST_RETRY_SECONDS,
      details: { cell: at.cell },
    })
  return toStub(context.namespaceOf(type), dataObjectAddress(id, at), place)
}

/**
 * Of an object that says that its resource has moved: it is another one that has it. Where the code of a cell was given to this place, and
 * what was in that cell was not brought here, it is the very same.
 *
 * @param from where it says so @throws ResourceError `unavailable` naming the cell whose content is not here
 */
export function requireElsewhere(context: EdgeContext, from: ObjectPlace, to: ObjectPlace): void {
  const nameOf = ({ cell, renamed }: ObjectPlace): string =>
    `${placeOf(context.cells, cell)?.jurisdiction ?? ''}${renamed === true ? cell : ''}`
  if (!context.peers.isHere(to.cell) || nameOf(from) !== nameOf(to)) return
  throw new ResourceError(
    'unavailable',
    `This resource had moved to the cell "${to.cell}". That code leads here now, and its content was not brought along.`,
    { applied: 'no', retryAfterSeconds: LOST_RETRY_SECONDS, details: { cell: to.cell } },
  )
}

/** Where a request goes: the path below the resource. The URL parser normalises it on the way to the object; see `pathOf`. */
export function toInnerUrl(path: string, query: string): string {
  return `http://resource${path}${query}`
}

/**
 * Hands a request to its object together with who is asking. `fetch` makes a request of its own from whatever it is given, so it is given
 * the parts: a request that was copied before would be copied twice, which is the dearest thing on the whole path.
 *
 * @param isAway the object is not the one to which the identifier leads
 */
export function forward(
  stub: DurableObjectStub,
  url: string,
  request: Request,
  body: LimitedBody,
  principal: Principal,
  isAway: boolean,
  hop?: Hop,
): Promise<Response> {
  const headers = new Headers(request.headers)
  // Credentials end at the edge: no type gets to see them.
  headers.delete('authorization')
  headers.delete('cookie')
  for (const name of HOP_HEADERS) headers.delete(name)
  if (isAway) headers.set(AWAY_HEADER, '1')
  // Set, not appended: whatever the client sent under this name is gone.
  headers.set(PRINCIPAL_HEADER, formatPrincipal(principal))
  // What the platform knows about the client (place, address) goes on to the type.
  const cf = hop === undefined ? request.cf : { ...request.cf, ...(hop.subject !== '' && { clientIp: hop.subject }) }
  return stub.fetch(url, { method: request.method, headers, body, redirect: 'manual', ...(cf && { cf }) })
}
