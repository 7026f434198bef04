// The edge: stateless, and where every request arrives. It finds out what a request is for, by index, and hands it to one of the
// planes; every error becomes an answer here.

import { readOff } from '../object/read-off.ts'
import { ACCOUNT_PLURAL, ACCOUNT_TYPE } from '../wire/account.ts'
import { ResourceError, toResourceError } from '../wire/errors.ts'
import { toAddress, type Address } from './address.ts'
import { serveAsset } from './assets.ts'
import { requireCaller } from './authorize.ts'
import { serveConsole } from './console.ts'
import { serveMainOrigin, serveOwnOrigin } from './content.ts'
import type { EdgeContext } from './deployment.ts'
import type { Edge } from './edge.ts'
import { addressOfHop, arrivedBy } from './hop.ts'
import { serveHopCall } from './hop-calls.ts'
import { logFailure, logRequest } from './log.ts'
import { serveMetrics } from './metrics.ts'
import { forwardedOf } from './proxy.ts'
import { keepFromPages, refuse } from './refusal.ts'
import { serveSignIn, serveSignOut } from './sign-in.ts'
import { slowlyRefused } from './slow-refusal.ts'
import { serveStartPage } from './start-page.ts'

/** One request, whatever it is for. Never throws. */
export async function serveRequest(edge: Edge, context: EdgeContext, request: Request): Promise<Response> {
  const { config } = context
  const begin = Date.now()
  let requestId = toRequestId(request.headers.get('x-request-id'))
  let address: Address = { kind: 'foreign', host: '', path: '' }
  let response: Response
  try {
    const hop = await arrivedBy(context, request)
    requestId = hop?.requestId ?? requestId
    if (hop?.kind === 'call') return await serveHopCall(context, request, new URL(request.url).pathname, hop)
    address =
      hop === undefined ? toAddress(edge.hosts, request.url, forwardedOf(request, config)) : addressOfHop(request, hop)
    response = await route(edge, context, request, address, requestId)
  } catch (thrown) {
    const error = toResourceError(thrown)
    if (error.code === 'internal') logFailure(requestId, request.method, address, thrown)
    if (request.body !== null) await readOff(request)
    response = refuse(context, address, request, asRefused(error, request, address), requestId)
  }
  const durationMs = Date.now() - begin
  const { plane, type } = toPlane(context, address)
  edge.metrics.record(plane, type, response.status, durationMs)
  if (config.requestLog) logRequest(requestId, request.method, address, response.status, durationMs)
  return response
}

/**
 * A request that only asks has changed nothing, whoever could not be asked. What a one-time code opens is none: the code is used up. Nor is it
 * known of what has failed inside of a type.
 */
function asRefused(error: ResourceError, { method }: Request, address: Address): ResourceError {
  const isRead = (method === 'GET' || method === 'HEAD') && address.kind === 'main' && address.path !== '/sign-in'
  return isRead && error.code !== 'internal'
    ? new ResourceError(error.code, error.message, { ...error.data, applied: 'no' })
    : error
}

/** What a request was about, for the figures: of either the names are few. */
function toPlane(context: EdgeContext, address: Address): { readonly plane: string; readonly type: string } {
  if (address.kind === 'own') {
    const type = address.label.slice(0, address.label.indexOf('-'))
    return context.typeByName.has(type) ? { plane: 'data', type } : OTHER
  }
  if (address.kind === 'foreign') return OTHER
  const { path } = address
  const isControl = path.startsWith('/v1/')
  const start = isControl ? '/v1/'.length : 1
  const slash = path.indexOf('/', start)
  const plural = path.slice(start, slash === -1 ? undefined : slash)
  const type = context.typeByPlural.get(plural)?.name
  if (isControl) return { plane: 'control', type: type ?? (plural === ACCOUNT_PLURAL ? ACCOUNT_TYPE : '') }
  return type === undefined ? OTHER : { plane: 'data', type }
}

const OTHER = { plane: 'other', type: '' } as const

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
  if (address.hop !== undefined)
    throw new ResourceError('misdirected', 'Cells send each other what is for resources, and nothing else.')
  const { cache } = edge
  switch (first) {
    case 'v1':
      return (
        (await edge.documents.serve(request, path, requestId)) ??
        serveControl(edge, context, request, address, requestId)
      )
    case 'metrics':
      return serveOperatorMetrics(edge, context, request, origin, requestId)
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
  const response = await slowlyRefused(async () => {
    const signedIn = await requireCaller(context, edge, request, address.origin, requestId)
    return edge.api(request, { context, hosts: edge.hosts, ...signedIn })
  })
  return forCaller(response, requestId)
}

/** What is told to one caller: no page of another one shows it, and nobody keeps it. */
function forCaller(response: Response, requestId: string): Response {
  response.headers.set('x-request-id', requestId)
  response.headers.set('x-content-type-options', 'nosniff')
  response.headers.set('cache-control', 'no-store')
  keepFromPages(response.headers)
  return response
}

/** @throws ResourceError `not_found` for anything but a GET; `unauthenticated`, `permission_denied` for anybody but the operator */
async function serveOperatorMetrics(
  edge: Edge,
  context: EdgeContext,
  request: Request,
  origin: string,
  requestId: string,
): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return notFound()
  const { caller } = await requireCaller(context, edge, request, origin, requestId)
  if (caller.role !== 'operator') throw new ResourceError('permission_denied', 'Metrics are for the operator.')
  return forCaller(await serveMetrics(edge.metrics, context, requestId), requestId)
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

function notFound(): never {
  throw new ResourceError('not_found', 'There is nothing here.')
}
