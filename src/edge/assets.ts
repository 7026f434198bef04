// Static files of the types, at `/assets/` on every host: their paths carry a hash of the content, so browsers keep them for ever.

import type { Asset, ResourceType } from '../resource-type.ts'

export const ASSETS_PREFIX = '/assets/'

export function toAssetTable(types: readonly ResourceType[]): ReadonlyMap<string, Asset> {
  return new Map(types.flatMap((type) => Object.entries(type.assets)))
}

/** Answers undefined for a path that no type has. */
export function serveAsset(assets: ReadonlyMap<string, Asset>, request: Request, path: string): Response | undefined {
  const asset = assets.get(path.slice(ASSETS_PREFIX.length))
  if (asset === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return undefined
  const headers = new Headers({
    'content-type': asset.contentType,
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
    // Sandboxed pages have no origin, and load these all the same.
    'cross-origin-resource-policy': 'cross-origin',
    'access-control-allow-origin': '*',
    vary: 'accept-encoding',
  })
  const encoding = asset.contentEncoding
  if (encoding === undefined) return new Response(asset.body, { headers })
  if (acceptsEncoding(request, encoding)) {
    headers.set('content-encoding', encoding)
    return new Response(asset.body, { headers, encodeBody: 'manual' })
  }
  const body = new Blob([asset.body]).stream()
  return new Response(body.pipeThrough(new DecompressionStream(encoding)), { headers })
}

function acceptsEncoding(request: Request, encoding: string): boolean {
  return (request.headers.get('accept-encoding') ?? '').includes(encoding)
}
