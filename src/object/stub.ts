// The one place that makes stubs of Durable Objects, so that placement and retry policy are decided once. A stub stays broken after a
// reset of its object: make a new one per request.

import type { CellPlace } from '../identity/cell.ts'
import type { ObjectAddress } from '../identity/object-name.ts'
import { ResourceError } from '../wire/errors.ts'

/**
 * Only the first touch places an object on Cloudflare, so the hint is always passed; workerd accepts and ignores it.
 *
 * @throws ResourceError `invalid_request` when the place asks for a jurisdiction and the engine has none; creating anything there was
 * refused before, so this is a cell that had none when its resources were made
 */
export function toStub<T extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<T>,
  address: ObjectAddress,
  place: CellPlace = {},
): DurableObjectStub<T> {
  const home = homeOf(namespace, place)
  const options = place.hint === undefined ? undefined : { locationHint: place.hint as DurableObjectLocationHint }
  if (typeof address === 'string') return home.getByName(address, options)
  return home.get(home.idFromString(address.objectId), options)
}

/** New identifiers of the platform's own. Nothing is touched, and nothing remembers them. */
export function newObjectIds<T extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<T>,
  place: CellPlace,
  count: number,
): string[] {
  const home = homeOf(namespace, place)
  return Array.from({ length: count }, () => home.newUniqueId().toString())
}

/** Whether an identifier is one of this namespace's: it carries a mac of the engine's own. Touches nothing. */
export function isObjectIdOf(namespace: DurableObjectNamespace, objectId: string, place: CellPlace): boolean {
  const home = homeOf(namespace, place)
  try {
    home.idFromString(objectId)
    return true
  } catch {
    return false
  }
}

function homeOf<T extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<T>,
  { jurisdiction }: CellPlace,
): DurableObjectNamespace<T> {
  return jurisdiction === undefined ? namespace : inJurisdiction(namespace, jurisdiction)
}

function inJurisdiction<T extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<T>,
  name: string,
): DurableObjectNamespace<T> {
  try {
    return namespace.jurisdiction(name as DurableObjectJurisdiction)
  } catch {
    const message = `The cell of this resource asks for the jurisdiction "${name}", and this engine has no jurisdictions.`
    throw new ResourceError('invalid_request', message)
  }
}
