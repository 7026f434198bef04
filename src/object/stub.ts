// The one place that makes stubs of Durable Objects, so that placement and retry policy are decided once. A stub stays broken after a
// reset of its object: make a new one per request.

import type { CellPlace } from '../identity/cell.ts'
import { ResourceError } from '../wire/errors.ts'

/**
 * Only the first touch places an object on Cloudflare, so the hint is always passed; workerd accepts and ignores it.
 *
 * @throws ResourceError `invalid_request` when the place asks for a jurisdiction and the engine has none; creating anything there was
 * refused before, so this is a cell that had none when its resources were made
 */
export function toStub<T extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<T>,
  name: string,
  place?: CellPlace,
): DurableObjectStub<T> {
  if (place === undefined) return namespace.getByName(name)
  const home = place.jurisdiction === undefined ? namespace : inJurisdiction(namespace, place.jurisdiction)
  return place.hint === undefined
    ? home.getByName(name)
    : home.getByName(name, { locationHint: place.hint as DurableObjectLocationHint })
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
