// The only writer of object names: what is given to `idFromName`. Both are computed, no mapping is kept anywhere.

import type { ObjectPlace } from './cell.ts'
import { parseResourceId, type ResourceId } from './resource-id.ts'

/**
 * @param shard undefined for the type's root object
 * @example controlObjectName('wiki') // 'control-plane-wiki'
 */
export function controlObjectName(type: string, shard?: string): string {
  return shard === undefined ? `control-plane-${type}` : `control-plane-${type}-${shard}`
}

/**
 * The cell in which a control plane object lives: a region's shard in its region, an account's own in the account's home cell, everything
 * else (root objects, hashed shards) in the deployment's root cell.
 *
 * @param object from {@link controlObjectName} @param root the cell of the deployment's own account
 */
export function cellOfControlObject(type: string, object: string, root: string): string {
  const shard = object.slice(controlObjectName(type).length + 1)
  if (shard === '') return root
  const region = /^r-([a-z][a-z0-9]{1,7})$/.exec(shard)?.[1]
  return region ?? parseResourceId(shard)?.cell ?? root
}

/**
 * @param at where the object is, if it was moved into another place of the same namespace
 * @example dataObjectName('wiki-4k7t0qj9m2xdpw3r-local-1vhz01ab') // 'data-plane-wiki-4k7t0qj9m2xdpw3r-local-1vhz01ab'
 */
export function dataObjectName(resourceId: string, at?: ObjectPlace): string {
  return at?.renamed === true ? `data-plane-${resourceId}@${at.cell}` : `data-plane-${resourceId}`
}

/** What a namespace is asked for: an object by its name, or by the platform's own identifier. */
export type ObjectAddress = string | { readonly objectId: string }

/** @param at where the object is, if it was moved; what the platform has named cannot be moved */
export function dataObjectAddress(id: ResourceId, at?: ObjectPlace): ObjectAddress {
  return id.format === 'unique' ? { objectId: id.objectId } : dataObjectName(id.id, at)
}
