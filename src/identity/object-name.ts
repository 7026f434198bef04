// The only writer of object names: what is given to `idFromName`. Both are computed, no mapping is kept anywhere.

/**
 * @param shard undefined for the type's root object
 * @example controlObjectName('wiki') // 'control-plane-wiki'
 */
export function controlObjectName(type: string, shard?: string): string {
  return shard === undefined ? `control-plane-${type}` : `control-plane-${type}-${shard}`
}

/** @example dataObjectName('wiki-4k7t0qj9m2xdpw3r-local-1vhz01ab') // 'data-plane-wiki-4k7t0qj9m2xdpw3r-local-1vhz01ab' */
export function dataObjectName(resourceId: string): string {
  return `data-plane-${resourceId}`
}
