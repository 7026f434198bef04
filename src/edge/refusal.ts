// What the edge itself refuses, as an answer: in the words of the type's protocol where it is about content, and readable for whoever
// asked, also across origins.

import { isUpgrade, refuseSocket } from '../object/sockets.ts'
import type { ResourceType } from '../resource-type.ts'
import { toProblemResponse, type ResourceError } from '../wire/errors.ts'
import type { Address } from './address.ts'
import { segmentsOf } from './by-name.ts'
import { parseCapability, withCapabilityHeaders } from './capability.ts'
import type { EdgeContext } from './deployment.ts'

/**
 * For answers that are nobody's page: no other page shows them, or learns from what it embeds who is signed in here. An `<object>` tells a
 * success from a refusal, whatever the content type says.
 */
export function keepFromPages(headers: Headers): void {
  headers.append('content-security-policy', "frame-ancestors 'none'")
  headers.set('cross-origin-resource-policy', 'same-origin')
}

/** Never throws. */
export function refuse(
  context: EdgeContext,
  address: Address,
  request: Request,
  error: ResourceError,
  requestId: string,
): Response {
  if (isUpgrade(request)) return refuseSocket(error)
  const place = toPlace(context, address)
  const response = inWordsOf(place?.type, error, request, requestId) ?? toProblemResponse(error, requestId)
  const { headers } = response
  headers.set('x-request-id', requestId)
  headers.set('x-content-type-options', 'nosniff')
  if (place?.isCapability !== true) keepFromPages(headers)
  if (place === undefined) return response
  // The address may hold a token.
  headers.set('referrer-policy', 'no-referrer')
  if (place.isCapability && context.config.pathCapabilities) return withCapabilityHeaders(response)
  const authorization = request.headers.get('authorization') ?? ''
  // A browser asks for a password only where one was given: everybody else is spared its dialogue.
  if (error.code === 'unauthenticated' && /^basic /i.test(authorization) && place.type.credentials.includes('basic'))
    headers.set('www-authenticate', `Basic realm="${place.type.name}", charset="UTF-8"`)
  const origin = request.headers.get('origin')
  // A page that sends this header was granted it by the object, in the preflight; so it may know what came of it.
  if (origin !== null && authorization !== '') {
    headers.append('vary', 'origin')
    headers.set('access-control-allow-origin', origin)
    headers.set('access-control-expose-headers', 'x-request-id, retry-after')
  }
  return response
}

function toPlace(
  { typeByName, typeByPlural }: EdgeContext,
  address: Address,
): { readonly type: ResourceType; readonly isCapability: boolean } | undefined {
  if (address.kind === 'foreign') return undefined
  if (address.kind === 'own') {
    const type = typeByName.get(address.label.slice(0, address.label.indexOf('-')))
    return type && { type, isCapability: false }
  }
  const [, plural = '', ...below] = address.path.split('/')
  const type = typeByPlural.get(plural)
  if (type === undefined) return undefined
  const path = `/${below.slice(segmentsOf(type, below[0] ?? '')).join('/')}`
  return { type, isCapability: parseCapability(path) !== undefined }
}

function inWordsOf(
  type: ResourceType | undefined,
  error: ResourceError,
  request: Request,
  requestId: string,
): Response | undefined {
  try {
    const response = type?.hooks.toRefusal?.(error, request, requestId)
    // A copy: what a type returns may be immutable.
    return response && new Response(response.body, response)
  } catch (thrown) {
    console.error(JSON.stringify({ event: 'to_refusal_failed', request_id: requestId, error: String(thrown) }))
    return undefined
  }
}
