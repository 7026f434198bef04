// Static files of the types and of the console, at `/assets/` on every host: their paths carry a hash of the content, so browsers keep
// them for ever.

import type { Asset, ConsoleFiles, ResourceType } from '../resource-type.ts'

export const ASSETS_PREFIX = '/assets/'

export function toAssetTable(types: readonly ResourceType[], console?: ConsoleFiles): ReadonlyMap<string, Asset> {
  return new Map([...types.flatMap((type) => Object.entries(type.assets)), ...Object.entries(console?.assets ?? {})])
}

/** Answers undefined for a path that nobody has. */
export function serveAsset(assets: ReadonlyMap<string, Asset>, request: Request, path: string): Response | undefined {
  const asset = assets.get(path.slice(ASSETS_PREFIX.length))
  if (asset === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return undefined
  const headers = new Headers({
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
    // Sandboxed pages have no origin, and load these all the same.
    'cross-origin-resource-policy': 'cross-origin',
    'access-control-allow-origin': '*',
  })
  return toAssetResponse(asset, request, headers)
}

/** A file that changes with a release: kept by clients, and asked about before each use. */
export async function serveKept(asset: Asset, request: Request, headers: Headers): Promise<Response> {
  const etag = await etagOf(asset)
  headers.set('etag', etag)
  headers.set('cache-control', 'no-cache')
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers })
  return toAssetResponse(asset, request, headers)
}

/** The file in the form that the client understands. */
export function toAssetResponse(asset: Asset, request: Request, headers: Headers): Response {
  headers.set('content-type', asset.contentType)
  headers.append('vary', 'accept-encoding')
  const encoding = asset.contentEncoding
  const isEncoded = encoding !== undefined && acceptsEncoding(request, encoding)
  if (isEncoded) headers.set('content-encoding', encoding)
  const encodeBody = isEncoded ? 'manual' : 'automatic'
  if (request.method === 'HEAD') return new Response(null, { headers, encodeBody })
  if (encoding === undefined || isEncoded) return new Response(asset.body, { headers, encodeBody })
  const body = new Blob([asset.body]).stream()
  return new Response(body.pipeThrough(new DecompressionStream(encoding)), { headers })
}

function acceptsEncoding(request: Request, encoding: string): boolean {
  return (request.headers.get('accept-encoding') ?? '').includes(encoding)
}

const etags = new WeakMap<Asset, Promise<string>>()

/** Made once. Weak: the compressed and the plain form are one page. */
function etagOf(page: Asset): Promise<string> {
  const made = etags.get(page) ?? hash(page.body)
  etags.set(page, made)
  return made
}

async function hash(body: ArrayBuffer | Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body))
  return `W/"${Array.from(digest.subarray(0, 12), (byte) => byte.toString(16).padStart(2, '0')).join('')}"`
}
