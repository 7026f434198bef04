// A resource's content: straight from the identifier to the object, whichever of its addresses the client used. Nothing here asks the
// control plane, but for the operator's own link.

import type { ObjectPlace } from '../identity/cell.ts'
import { parseResourceId } from '../identity/resource-id.ts'
import type { TokenClaims } from '../identity/token.ts'
import { isPreflight } from '../object/preflight.ts'
import { pathOf } from '../object/request-path.ts'
import type { ResourceType } from '../resource-type.ts'
import { ResourceError } from '../wire/errors.ts'
import { movedResponse, movedTo } from '../wire/hop.ts'
import type { Principal } from '../wire/principal.ts'
import { ownOriginOf, type Address } from './address.ts'
import { locate, requireOpen, type Located } from './by-name.ts'
import { ASSETS_PREFIX, serveAsset } from './assets.ts'
import { hasOperatorSession } from './authorize.ts'
import { limitBody, type LimitedBody } from './body-limit.ts'
import { answerPreflight, isSandboxPreflight, parseCapability, withCapabilityHeaders } from './capability.ts'
import {
  QUERY_PARAMETER,
  findCredential,
  requireOwnSite,
  requirePermission,
  verifyCredential,
  type Presented,
} from './credentials.ts'
import type { EdgeContext } from './deployment.ts'
import type { Edge } from './edge.ts'
import { answerElsewhere, answerWhereItIs, follow } from './hop.ts'
import { neededPermission } from './needed-permission.ts'
import {
  CODE_PARAMETER,
  isOpenedByPerson,
  redeemLink,
  renewedCookie,
  requireLink,
  requireOwnOrigin,
} from './session.ts'
import { linkForOperator } from './start-page.ts'
import { forward, requireElsewhere, requireIssued, toDataObject, toInnerUrl } from './to-data-plane.ts'

/** How the client sees the resource, and what of its address is the resource's own. */
interface SeenAs {
  readonly origin: string
  readonly basePath: string
  readonly path: string
  readonly query: string
  readonly customHost?: string
  /** Only a token proves that the resource is one. */
  readonly isUnproven?: boolean
  /** The token in the path, which then is the only credential. */
  readonly capability?: Presented
}

/** Content on the main origin, below /{plural}/{id}/ or /{plural}/by-name/{account}/{name}/: for API clients with a token. Cookies are ignored, browsers are sent away. */
export async function serveMainOrigin(
  edge: Edge,
  context: EdgeContext,
  request: Request,
  address: Address & { kind: 'main' },
  type: ResourceType,
  below: string,
  requestId: string,
): Promise<Response> {
  const located = await locate(context, type, below)
  return answerWhereItIs(edge, request, address, located.idText, () =>
    serveLocated(edge, context, request, address, type, located, requestId),
  )
}

async function serveLocated(
  edge: Edge,
  context: EdgeContext,
  request: Request,
  address: Address & { kind: 'main' },
  type: ResourceType,
  { idText, basePath, path, isUnproven }: Located,
  requestId: string,
): Promise<Response> {
  const elsewhere = await fromItsCell(edge, context, request, address, type, idText, requestId)
  if (elsewhere !== undefined) return elsewhere
  const { origin, query } = address
  const capability = parseCapability(path)
  if (capability !== undefined) {
    if (!context.config.pathCapabilities) throw new ResourceError('not_found', 'There is nothing here.')
    const prefix = `${basePath}~${capability.presented.token}/`
    if (isSandboxPreflight(request)) return answerPreflight(request)
    if (capability.path === '') return withCapabilityHeaders(redirect(prefix + query, 308))
    const seen = { origin, basePath: prefix, path: capability.path, query, capability: capability.presented }
    return serveContent(edge, context, request, address, type, idText, seen, requestId)
  }
  const isNavigation = request.headers.get('sec-fetch-mode') === 'navigate' && !request.headers.has('authorization')
  if (isNavigation && request.method === 'GET' && isUnproven !== true) {
    const id = await requireIssued(context, type, idText)
    const rest = (path === '' ? '/' : path) + query
    const isOperator = isOpenedByPerson(request) && (await hasOperatorSession(context, edge.cache, request, origin))
    const link = isOperator ? await linkForOperator(edge, context, type, id, rest, requestId) : undefined
    if (link !== undefined) return redirect(link)
    // Where there are no own origins a browser is shown here, in a sandbox, what everybody may see.
    if (!context.config.pathCapabilities && id.format === 'named')
      return redirect(`${ownOriginOf(edge.hosts, id.id)}${rest}`)
  }
  if (path === '') {
    await requireIssued(context, type, idText)
    return redirect(`${basePath}${query}`, 308)
  }
  const seen = { origin, basePath, path, query, ...(isUnproven && { isUnproven }) }
  return serveContent(edge, context, request, address, type, idText, seen, requestId)
}

/** Content on the resource's own origin: for browsers, which a link signs in. */
export async function serveOwnOrigin(
  edge: Edge,
  context: EdgeContext,
  request: Request,
  address: Address & { kind: 'own' },
  requestId: string,
): Promise<Response> {
  const { path } = address
  const type = context.typeByName.get(address.label.slice(0, address.label.indexOf('-')))
  // What the platform has named has paths of the main origin only: it is longer than a host's label may be.
  const isUnique = type?.addressing === 'unique' && parseResourceId(address.label)?.format === 'unique'
  if (type === undefined || isUnique) throw new ResourceError('not_found', 'There is nothing here.')
  if (path.startsWith(ASSETS_PREFIX)) {
    const asset = serveAsset(edge.assets, request, path)
    if (asset !== undefined) return asset
  }
  return answerWhereItIs(edge, request, address, address.label, () =>
    serveAtOwnOrigin(edge, context, request, address, type, requestId),
  )
}

async function serveAtOwnOrigin(
  edge: Edge,
  context: EdgeContext,
  request: Request,
  address: Address & { kind: 'own' },
  type: ResourceType,
  requestId: string,
): Promise<Response> {
  const { query } = address
  const elsewhere = await fromItsCell(edge, context, request, address, type, address.label, requestId)
  if (elsewhere !== undefined) return elsewhere
  if (request.method === 'GET' && query.includes(`${CODE_PARAMETER}=`)) {
    const parameters = new URLSearchParams(query)
    if (parameters.has(CODE_PARAMETER)) {
      const id = await requireIssued(context, type, address.label)
      const link = await requireLink(context, id, request, parameters)
      const redeemAt = (at: ObjectPlace): ReturnType<typeof redeemLink> =>
        redeemLink(context, edge.cache, type, id, at, link, request, address, new URLSearchParams(parameters))
      const at = address.hop?.place ?? edge.whereabouts.placeOf(id)
      const answer = await redeemAt(at)
      if (answer instanceof Response) return answer
      requireElsewhere(context, at, answer.moved)
      return follow(edge, context, request, address, id, answer.moved, null, requestId, async (place) => {
        const next = await redeemAt(place)
        return next instanceof Response ? next : movedResponse(next.moved, request)
      })
    }
  }
  return serveContent(edge, context, request, address, type, address.label, { ...address, basePath: '/' }, requestId)
}

/** The answer of another cell, if the resource lives there. Only the tag is checked before: nothing that was never issued goes anywhere. */
async function fromItsCell(
  edge: Edge,
  context: EdgeContext,
  request: Request,
  address: Exclude<Address, { kind: 'foreign' }>,
  type: ResourceType,
  idText: string,
  requestId: string,
): Promise<Response | undefined> {
  if (!context.peers.hasOthers && context.config.isRestored !== true) return undefined
  const id = await requireIssued(context, type, idText)
  return answerElsewhere(edge, context, request, address, id, requestId)
}

/**
 * A user writes, another one, elsewhere, reads: straight from the identifier to the object.
 *
 * @step 6
 * @step 8
 */
async function serveContent(
  edge: Edge,
  context: EdgeContext,
  request: Request,
  address: Exclude<Address, { kind: 'foreign' }>,
  type: ResourceType,
  idText: string,
  seen: SeenAs,
  requestId: string,
): Promise<Response> {
  const presented = seen.capability ?? findCredential(request, seen.query, type, seen.basePath === '/')
  // A token that was verified before proves that its identifier was issued. Everybody else shows the tag first, then the token.
  let claims = presented === undefined ? undefined : edge.cache.peek(presented)
  let id = claims?.resource === idText && claims.type === type.name ? claims.id : undefined
  if (id === undefined) {
    id = await requireIssued(context, type, idText)
    claims = presented === undefined ? undefined : await verifyCredential(edge.cache, presented, id)
  }
  const url = toInnerUrl(seen.path, type.credentials.includes('query') ? withoutToken(seen.query) : seen.query)
  // Of the path as the object will see it: another spelling of it must not need another permission.
  const path = type.routes.length === 0 ? '' : pathOf(new URL(url).href)
  const needs = neededPermission(type.routes, request.method, path)
  if (type.naming === 'caller' && claims === undefined)
    requireOpen(type, needs, isPreflight(request), seen.isUnproven === true)
  const principal: Principal = {
    via: claims === undefined ? 'none' : (presented?.via ?? 'none'),
    ...(claims === undefined
      ? {}
      : { permission: claims.permission, generation: claims.generation, tokenId: claims.tokenId }),
    needs,
    requestId,
    basePath: seen.basePath,
    origin: seen.origin,
    ...(seen.customHost === undefined ? {} : { customHost: seen.customHost }),
  }
  if (principal.via === 'cookie') requireOwnOrigin(request, seen.origin)
  if (principal.via === 'basic') requireOwnSite(request, seen.origin)
  const mayBeRead = (): void => requirePermission(type, principal)
  const limited = limitBody(request, type.limits.bodyBytes, mayBeRead, context.config.heldBodyBytes)
  const body = limited instanceof Promise ? await limited : limited
  const issued = id
  const serveAt = (place: ObjectPlace, content: LimitedBody): Promise<Response> =>
    forward(
      toDataObject(context, type, issued, place),
      url,
      request,
      content,
      principal,
      place.cell !== issued.cell || place.renamed === true,
      address.hop,
    )
  const at = address.hop?.place ?? edge.whereabouts.placeOf(id)
  let response = await serveAt(at, body)
  // The place that a resource has left gives the request's body back.
  const moved = response.status === 421 ? movedTo(response) : undefined
  if (moved !== undefined) {
    requireElsewhere(context, at, moved)
    response = await follow(edge, context, request, address, id, moved, response.body, requestId, serveAt)
  }
  return principal.via === 'cookie' && claims !== undefined ? renew(context, claims, response) : response
}

/** The response as it is, or with the session's next cookie when it is time. */
async function renew(context: EdgeContext, session: TokenClaims, response: Response): Promise<Response> {
  // Only what the object has just accepted goes on: it knows whether the session was revoked.
  if (response.status === 101 || response.status >= 400) return response
  const cookie = await renewedCookie(context.signer, session)
  if (cookie === undefined) return response
  const renewed = new Response(response.body, response)
  renewed.headers.append('set-cookie', cookie)
  // Whatever the type allows: an answer with somebody's session is nobody else's.
  renewed.headers.set('cache-control', 'private, no-store')
  return renewed
}

function withoutToken(query: string): string {
  if (!query.includes(QUERY_PARAMETER)) return query
  const parameters = new URLSearchParams(query)
  parameters.delete(QUERY_PARAMETER)
  return parameters.size === 0 ? '' : `?${parameters.toString()}`
}

function redirect(location: string, status = 303): Response {
  return new Response(null, {
    status,
    headers: { location, 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' },
  })
}
