// What the base class reads from a request and adds to a response, on the hot path: no URL object, no copies.

import type { Descriptor, Held } from '../wire/descriptor.ts'
import { ABSENT_HEADER, MOVED_HEADER } from '../wire/hop.ts'
import type { Principal } from '../wire/principal.ts'

/** On the main origin content is for API clients: should a browser show it all the same, it has no origin and no storage. */
const SANDBOX =
  'sandbox allow-scripts allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-downloads'

/** Grants exactly the origins of the descriptor; anything else gets an answer without the headers that a browser would need. */
export function answerPreflight(request: Request, held: Held): Response {
  const origin = request.headers.get('origin') ?? ''
  const isAllowed = held.kind === 'descriptor' && held.descriptor.allowedOrigins.includes(origin)
  const headers = new Headers({ vary: 'origin' })
  if (isAllowed) {
    headers.set('access-control-allow-origin', origin)
    headers.set('access-control-allow-methods', 'GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE')
    headers.set('access-control-allow-headers', request.headers.get('access-control-request-headers') ?? '')
    // Ten minutes: a changed list of origins takes effect soon.
    headers.set('access-control-max-age', '600')
  }
  return new Response(null, { status: 204, headers })
}

/** Adds what every answer of a resource carries. The object's own response is still mutable here; at the edge it no longer is. */
export function withResourceHeaders(
  response: Response,
  request: Request,
  principal: Principal,
  descriptor: Descriptor | undefined,
): Response {
  if (response.status === 101) return response
  try {
    response.headers.set('x-content-type-options', 'nosniff')
  } catch {
    // What `fetch` and `Response.redirect` return cannot be changed; a copy of it can.
    return withResourceHeaders(new Response(response.body, response), request, principal, descriptor)
  }
  const { headers } = response
  const { via, basePath } = principal
  // Where a resource is only the base class says.
  for (const name of [MOVED_HEADER, ABSENT_HEADER]) headers.delete(name)
  headers.set('x-request-id', principal.requestId)
  if (basePath === '/') setOwnOriginHeaders(headers, descriptor)
  else headers.set('content-security-policy', SANDBOX)
  // The address that a link or an image would tell is a credential.
  if (via === 'query' || via === 'capability') headers.set('referrer-policy', 'no-referrer')
  if (via === 'basic') setBasicHeaders(response, descriptor)
  const origin = request.headers.get('origin')
  if (descriptor !== undefined && descriptor.allowedOrigins.length > 0) {
    // Also on answers without a grant: a cache must not give one origin's answer to another.
    headers.append('vary', 'origin')
    if (origin !== null && descriptor.allowedOrigins.includes(origin)) {
      headers.set('access-control-allow-origin', origin)
      headers.set('access-control-expose-headers', 'etag, dav, location, x-request-id, retry-after')
      return response
    }
  }
  // The sandboxed page at a capability's path, which has no origin. Without credentials, so `*` is every header.
  if (via === 'capability') {
    headers.set('access-control-allow-origin', 'null')
    headers.set('access-control-expose-headers', '*')
  }
  return response
}

/** What keeps other origins' pages away from a page on its own origin; the descriptor's may frame and embed it. */
function setOwnOriginHeaders(headers: Headers, descriptor: Descriptor | undefined): void {
  const allowed = descriptor?.allowedOrigins ?? []
  // Beside a policy of the type's own: a browser enforces both.
  headers.append('content-security-policy', ["frame-ancestors 'self'", ...allowed].join(' '))
  // A page that opens this one holds no handle on it; windows that this one opens keep working.
  headers.set('cross-origin-opener-policy', 'same-origin-allow-popups')
  if (allowed.length === 0) headers.set('cross-origin-resource-policy', 'same-origin')
  // Not `strict-origin`: the host is the identifier, all that it takes to read a public resource. Not `no-referrer`: a form of this
  // origin would then be sent with the origin `null`, and be refused.
  if (!headers.has('referrer-policy')) headers.set('referrer-policy', 'same-origin')
}

/** A browser adds a password that it knows to what other pages embed; and asks again only where one was refused. */
function setBasicHeaders({ status, headers }: Response, descriptor: Descriptor | undefined): void {
  headers.set('cross-origin-resource-policy', 'same-origin')
  if (status === 401) headers.set('www-authenticate', `Basic realm="${descriptor?.type ?? 'biplane'}", charset="UTF-8"`)
}
