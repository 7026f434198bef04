// The edge: stateless, and where every request arrives. It finds out what a request is for, by index, and hands it to one of the
// planes; every error becomes an answer here.

import type { TokenClaims } from '../identity/token.ts'
import { pathOf } from '../object/request-path.ts'
import { isUpgrade, refuseSocket } from '../object/sockets.ts'
import type { ResourceType } from '../resource-type.ts'
import { ResourceError, toProblemResponse, toResourceError } from '../wire/errors.ts'
import type { Principal } from '../wire/principal.ts'
import { ownOriginOf, toAddress, type Address } from './address.ts'
import { ASSETS_PREFIX, serveAsset } from './assets.ts'
import { hasOperatorSession, requireCaller } from './authorize.ts'
import { limitBody } from './body-limit.ts'
import { serveConsole, serveSession } from './console.ts'
import { QUERY_PARAMETER, findCredential, requirePermission, verifyCredential } from './credentials.ts'
import type { EdgeContext } from './deployment.ts'
import { logFailure, logRequest } from './log.ts'
import type { Edge } from './edge.ts'
import { neededPermission } from './needed-permission.ts'
import { forwardedHostOf } from './proxy.ts'
import { CODE_PARAMETER, redeemLink, renewedCookie, requireOwnOrigin } from './session.ts'
import { serveSignIn, serveSignOut } from './sign-in.ts'
import { linkForOperator, serveStartPage } from './start-page.ts'
import { forward, requireIssued, toDataObject, toInnerUrl } from './to-data-plane.ts'

/** One request, whatever it is for. Never throws. */
export async function serveRequest(edge: Edge, context: EdgeContext, request: Request): Promise<Response> {
  const { config } = context
  const begin = config.requestLog ? Date.now() : 0
  const requestId = toRequestId(request.headers.get('x-request-id'))
  let address: Address = { kind: 'foreign', host: '', path: '' }
  let response: Response
  try {
    address = toAddress(edge.hosts, request.url, forwardedHostOf(request, config.trustedProxies))
    response = await route(edge, context, request, address, requestId)
  } catch (thrown) {
    const error = toResourceError(thrown)
    if (error.code === 'internal') logFailure(requestId, request.method, address, thrown)
    response = isUpgrade(request) ? refuseSocket(error) : toProblemResponse(error, requestId)
  }
  if (config.requestLog) logRequest(requestId, request.method, address, response.status, Date.now() - begin)
  return response
}

async function route(
  edge: Edge,
  context: EdgeContext,
  request: Request,
  address: Address,
  requestId: string,
): Promise<Response> {
  if (address.kind === 'own') return serveOwnOrigin(edge, context, request, address, requestId)
  if (address.kind === 'foreign') {
    // Health checks come by IP address and know no host name.
    if (address.path === '/healthz' || address.path === '/readyz') return new Response('ok\n')
    throw new ResourceError(
      'invalid_request',
      `This server does not serve the host "${address.host}": start it with --public-url.`,
    )
  }
  const { path } = address
  const slash = path.indexOf('/', 1)
  const first = path.slice(1, slash === -1 ? undefined : slash)
  const type = context.typeByPlural.get(first)
  if (type !== undefined)
    return serveMainOrigin(edge, context, request, address, type, path.slice(first.length + 2), requestId)
  const { origin, query } = address
  const { cache } = edge
  switch (first) {
    case 'v1':
      return serveControl(edge, context, request, address, requestId)
    case 'sign-in':
      return serveSignIn({ context, cache, request, origin, query, requestId })
    case 'sign-out':
      return serveSignOut({ context, cache, request, origin, query, requestId })
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return notFound()
  switch (first) {
    case 'assets':
      return serveAsset(edge.assets, request, path) ?? notFound()
    case 'healthz':
    case 'readyz':
      return new Response('ok\n')
    case '':
      if (path !== '/') return notFound()
      return context.console === undefined
        ? serveStartPage(edge, context, request, origin, requestId)
        : serveConsole(context.console, request, requestId)
    default:
      return notFound()
  }
}

/**
 * A user asks the edge nearest to him to create, list, get, change or delete a resource.
 *
 * @step 1
 */
async function serveControl(
  edge: Edge,
  context: EdgeContext,
  request: Request,
  address: Address & { kind: 'main' },
  requestId: string,
): Promise<Response> {
  const caller = await requireCaller(context, edge.cache, request, address.origin, requestId)
  const response =
    address.path === '/v1/session' && request.method === 'GET'
      ? serveSession(context, caller)
      : await edge.api(request, { context, hosts: edge.hosts, caller })
  response.headers.set('x-request-id', requestId)
  response.headers.set('x-content-type-options', 'nosniff')
  response.headers.set('cache-control', 'no-store')
  return response
}

/** Content on the main origin, below /{plural}/{id}/: for API clients with a token. Cookies are ignored, browsers are sent away. */
async function serveMainOrigin(
  edge: Edge,
  context: EdgeContext,
  request: Request,
  address: Address & { kind: 'main' },
  type: ResourceType,
  idAndPath: string,
  requestId: string,
): Promise<Response> {
  const slash = idAndPath.indexOf('/')
  const idText = slash === -1 ? idAndPath : idAndPath.slice(0, slash)
  const path = slash === -1 ? '' : idAndPath.slice(slash)
  const isNavigation = request.headers.get('sec-fetch-mode') === 'navigate' && !request.headers.has('authorization')
  if (isNavigation && request.method === 'GET') {
    const id = await requireIssued(context, type, idText)
    const rest = (path === '' ? '/' : path) + address.query
    const isOperator = await hasOperatorSession(context, edge.cache, request, address.origin)
    const link = isOperator ? await linkForOperator(edge, context, type, id, rest, requestId) : undefined
    return redirect(link ?? `${ownOriginOf(edge.hosts, id.id)}${rest}`)
  }
  if (path === '') {
    await requireIssued(context, type, idText)
    return redirect(`/${type.plural}/${idText}/${address.query}`, 308)
  }
  const seen = { origin: address.origin, basePath: `/${type.plural}/${idText}/`, path, query: address.query }
  return serveContent(edge, context, request, type, idText, seen, requestId)
}

/** Content on the resource's own origin: for browsers, which a one-time code signs in. */
async function serveOwnOrigin(
  edge: Edge,
  context: EdgeContext,
  request: Request,
  address: Address & { kind: 'own' },
  requestId: string,
): Promise<Response> {
  const { path, query, origin } = address
  const type = context.typeByName.get(address.label.slice(0, address.label.indexOf('-')))
  if (type === undefined) return notFound()
  if (path.startsWith(ASSETS_PREFIX)) {
    const asset = serveAsset(edge.assets, request, path)
    if (asset !== undefined) return asset
  }
  if (request.method === 'GET' && query.includes(`${CODE_PARAMETER}=`)) {
    const parameters = new URLSearchParams(query)
    if (parameters.has(CODE_PARAMETER)) {
      const id = await requireIssued(context, type, address.label)
      return redeemLink(context, edge.cache, type, id, request, address, parameters)
    }
  }
  return serveContent(edge, context, request, type, address.label, { origin, basePath: '/', path, query }, requestId)
}

interface SeenAs {
  readonly origin: string
  readonly basePath: string
  readonly path: string
  readonly query: string
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
  type: ResourceType,
  idText: string,
  seen: SeenAs,
  requestId: string,
): Promise<Response> {
  const presented = findCredential(request, seen.query, type, seen.basePath === '/')
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
  const principal: Principal = {
    via: claims === undefined ? 'none' : (presented?.via ?? 'none'),
    ...(claims === undefined ? {} : { permission: claims.permission, generation: claims.generation }),
    needs,
    requestId,
    basePath: seen.basePath,
    origin: seen.origin,
  }
  if (principal.via === 'cookie') requireOwnOrigin(request, seen.origin)
  const limited = limitBody(request, type.limits.bodyBytes, () => requirePermission(type, principal))
  const body = limited instanceof Promise ? await limited : limited
  const response = await forward(toDataObject(context, type, id), url, request, body, principal)
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

/** The client's own name for the request when it is one that fits a log line, else a new one. */
function toRequestId(given: string | null): string {
  return given !== null && /^[\w-]{1,64}$/.test(given) ? given : newRequestId()
}

/** A random name for this isolate, made at its first request (no randomness before one), and a counter. */
let isolateId: string | undefined
let requestCount = 0

function newRequestId(): string {
  isolateId ??= crypto.randomUUID().slice(0, 18)
  return `${isolateId}-${(requestCount++).toString(36)}`
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

function notFound(): never {
  throw new ResourceError('not_found', 'There is nothing here.')
}
