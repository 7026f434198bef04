// A token in the path of the main origin, `/{plural}/{id}/~{token}/`: for hosts that can have no wildcard name. The page there is
// sandboxed, so it has no origin, sends no cookie, and reads its own address only by CORS for the origin `null`. Whoever knows the
// path may do what its token allows: it is in no log and leaves in no referrer.

import { isPreflight } from '../object/preflight.ts'
import type { Presented } from './credentials.ts'

/** Marks a capability; a type has no paths of its own below it on the main origin. */
const MARK = '/~'

/** @param path below the resource @returns the token, and the path below it: '' when the slash behind the token is missing */
export function parseCapability(path: string): { readonly presented: Presented; readonly path: string } | undefined {
  if (!path.startsWith(MARK)) return undefined
  const end = path.indexOf('/', MARK.length)
  const token = path.slice(MARK.length, end === -1 ? undefined : end)
  return { presented: { via: 'capability', token, use: 'capability' }, path: end === -1 ? '' : path.slice(end) }
}

/** A path of the main origin as it may be written down. The mark is found in any spelling and at any place. */
export function withoutCapability(path: string): string {
  return path.replaceAll(/\/(?:~|%7e)[^/]*/gi, MARK)
}

/** A sandboxed page asks for leave. Other origins are the descriptor's to grant: their preflights go to the object. */
export function isSandboxPreflight(request: Request): boolean {
  return isPreflight(request) && request.headers.get('origin') === 'null'
}

/** Grants everything: what matters is the token, which the real request will show. */
export function answerPreflight(request: Request): Response {
  const answer = new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-methods': 'GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE',
      'access-control-allow-headers': request.headers.get('access-control-request-headers') ?? '',
      // Ten minutes, as for the origins of a descriptor.
      'access-control-max-age': '600',
    },
  })
  return withCapabilityHeaders(answer)
}

/** What the edge's own answers at such a path carry; the object's carry it already. Never leave to send cookies. */
export function withCapabilityHeaders(response: Response): Response {
  response.headers.set('access-control-allow-origin', 'null')
  response.headers.set('access-control-expose-headers', '*')
  response.headers.set('referrer-policy', 'no-referrer')
  return response
}
