// What the base class reads from a request and adds to a response, on the hot path: no URL object, no copies.

import type { Descriptor, Held } from '../wire/descriptor.ts'
import type { Principal } from '../wire/principal.ts'

/** On the main origin content is for API clients: should a browser show it all the same, it has no origin and no storage. */
const SANDBOX =
  'sandbox allow-scripts allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-downloads'

/** Whether a browser asks for leave before the real request (CORS). It never carries credentials, so it is answered before the gate. */
export function isPreflight(request: Request): boolean {
  return (
    request.method === 'OPTIONS' &&
    request.headers.has('origin') &&
    request.headers.has('access-control-request-method')
  )
}

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
  headers.set('x-request-id', principal.requestId)
  if (principal.basePath !== '/') headers.set('content-security-policy', SANDBOX)
  if (descriptor !== undefined && descriptor.allowedOrigins.length > 0) {
    // Also on answers without a grant: a cache must not give one origin's answer to another.
    headers.append('vary', 'origin')
    const origin = request.headers.get('origin')
    if (origin !== null && descriptor.allowedOrigins.includes(origin)) {
      headers.set('access-control-allow-origin', origin)
      headers.set('access-control-expose-headers', 'etag, dav, location, x-request-id, retry-after')
    }
  }
  return response
}
