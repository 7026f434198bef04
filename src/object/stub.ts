// The one place that makes stubs of Durable Objects, so that placement and retry policy are decided once. A stub stays broken after a
// reset of its object: make a new one per request.

import type { CellPlace } from '../identity/cell.ts'

/**
 * Only the first touch places an object on Cloudflare, so the hint is always passed; workerd accepts and ignores it.
 *
 * @throws when the place asks for a jurisdiction and the engine has none
 */
export function toStub<T extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<T>,
  name: string,
  place?: CellPlace,
): DurableObjectStub<T> {
  if (place === undefined) return namespace.getByName(name)
  const home =
    place.jurisdiction === undefined
      ? namespace
      : namespace.jurisdiction(place.jurisdiction as DurableObjectJurisdiction)
  return place.hint === undefined
    ? home.getByName(name)
    : home.getByName(name, { locationHint: place.hint as DurableObjectLocationHint })
}
