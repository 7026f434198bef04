// Answers GET and HEAD for stored, compressed content: a condition, a form that the client understands, and nothing else to compute.

import { gunzip } from './gzip.ts'
import { namesEtag } from './etag.ts'

/** Content that is stored compressed. */
export interface Page {
  readonly etag: string
  gzip(): Uint8Array<ArrayBuffer>
}

/** Private: a wiki may be anybody's secret. No-cache: kept by the browser, and asked about before each use. */
const CACHE_CONTROL = 'private, no-cache'

export function toPageResponse(request: Request, page: Page, headers: Readonly<Record<string, string>>): Response {
  const common = { etag: page.etag, vary: 'Accept-Encoding', 'cache-control': CACHE_CONTROL, ...headers }
  const condition = request.headers.get('if-none-match')
  if (condition !== null && namesEtag(condition, page.etag)) return new Response(null, { status: 304, headers: common })
  const isHead = request.method === 'HEAD'
  if (acceptsGzip(request.headers.get('accept-encoding'))) {
    return new Response(isHead ? null : page.gzip(), {
      headers: { ...common, 'content-encoding': 'gzip' },
      encodeBody: 'manual',
    })
  }
  return new Response(isHead ? null : gunzip(page.gzip()), { headers: common })
}

/** Whether an Accept-Encoding header allows gzip (RFC 9110, 12.5.3). */
export function acceptsGzip(header: string | null): boolean {
  if (header === null) return false
  let isWildcardAllowed = false
  for (const item of header.toLowerCase().split(',')) {
    const [coding = '', ...parameters] = item.split(';').map((part) => part.trim())
    const isAllowed = !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
    if (coding === 'gzip' || coding === 'x-gzip') return isAllowed
    if (coding === '*') isWildcardAllowed = isAllowed
  }
  return isWildcardAllowed
}
