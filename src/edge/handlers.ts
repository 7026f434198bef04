// What each control plane route does: turn the validated request into one call to the control plane, and its answer into a response.

import { formatCursor, parseCursor } from '../identity/cursor.ts'
import type { ResourceId } from '../identity/resource-id.ts'
import { placeOf } from '../identity/cell.ts'
import type { ResourceType } from '../resource-type.ts'
import { ResourceError } from '../wire/errors.ts'
import type { CreateRequest, UpdateRequest } from '../wire/planes.ts'
import { toResourceJson, toRevisionTag, type ResourceJson, type ResourceRecord } from '../wire/resource.ts'
import type { Hosts } from './address.ts'
import type { ControlCaller } from './authorize.ts'
import type { EdgeContext } from './deployment.ts'
import { shareLink, signInLink, type LinkGrant } from './links.ts'
import type { CreateBody, ListQuery, RestoreBody, TokenBody, UpdateBody } from './schemas.ts'
import { callControlPlane } from './to-control-plane.ts'

export interface ControlRequest {
  readonly context: EdgeContext
  readonly hosts: Hosts
  readonly type: ResourceType
  readonly caller: ControlCaller
  readonly request: Request
  /** Parsed and verified; only on routes with `:id`. */
  readonly id: ResourceId | undefined
  /** Validated by the route's schemas. */
  readonly body: unknown
  readonly query: unknown
  /** Hash of method, route and canonical body: what an idempotency key stands for. */
  fingerprint(): Promise<string>
}

export type Handler = (control: ControlRequest) => Promise<Response>

/** How long a client should wait before it looks again at something that is under way. */
const RETRY_AFTER_SECONDS = '1'

export const createResource: Handler = async (control) => {
  const { context, type, caller, request } = control
  const body = control.body as CreateBody
  const cell = body.cell ?? context.config.cell
  if (placeOf(context.cells, cell) === undefined) {
    throw new ResourceError(
      'invalid_request',
      `There is no cell "${cell}": choose one of ${Object.keys(context.cells).join(', ')}.`,
    )
  }
  const key = request.headers.get('idempotency-key')
  if (key !== null && !/^[\x21-\x7e]{1,200}$/.test(key)) {
    throw new ResourceError('invalid_request', 'An Idempotency-Key has 1 to 200 visible ASCII characters.')
  }
  const { record, applied } = await callControlPlane(context, type, caller, 'create', {
    ...toShared(body),
    ...(typeof body.name === 'string' ? { name: body.name } : {}),
    ...(body.params === undefined ? {} : { params: body.params }),
    cell,
    ...(key === null ? {} : { idempotency: { key, fingerprint: await control.fingerprint() } }),
  } satisfies CreateRequest)
  return answerCreated(control, record, applied)
}

/**
 * The answer to a creation: 201 with the identifier and its URLs, or 202 while the object has not answered yet. A browser is sent
 * straight to the resource.
 *
 * @step 5
 */
function answerCreated(control: ControlRequest, record: ResourceRecord, applied: boolean): Response {
  const wantsPage = (control.request.headers.get('accept') ?? '').includes('text/html')
  if (applied && wantsPage)
    return new Response(null, { status: 303, headers: { location: contentUrl(control, record) } })
  const headers = { location: `/v1/${control.type.plural}/${record.id}` }
  return answerRecord(control, record, applied, 201, headers)
}

export const getResource: Handler = async (control) => {
  const record = await callControlPlane(control.context, control.type, control.caller, 'get', { id: idOf(control) })
  return answerRecord(control, record, true, 200)
}

export const listResources: Handler = async (control) => {
  const { limit, cursor, order, deleted, q } = control.query as ListQuery
  const page = await callControlPlane(control.context, control.type, control.caller, 'list', {
    after: cursor === undefined ? 0 : positionOf(cursor, order),
    limit,
    order,
    deleted,
    ...(q === undefined ? {} : { search: q }),
  })
  const data: ResourceJson[] = page.data.map((record) => toResourceJson(record, contentUrl(control, record)))
  const next = page.next === undefined ? {} : { next_cursor: formatCursor({ [POSITION_KEYS[order]]: page.next }) }
  return Response.json({ data, ...next })
}

/** Of the root object's position in a cursor. A position means another half of the list in the other direction: it has another key. */
const POSITION_KEYS = { ascending: '', descending: '-' } as const

function positionOf(cursor: string, order: ListQuery['order']): number {
  const position = parseCursor(cursor)?.[POSITION_KEYS[order]]
  if (position === undefined)
    throw new ResourceError('invalid_request', 'This cursor is not one that a list in this order returned.')
  return position
}

export const updateResource: Handler = async (control) => {
  const { name, mode, hosts, ...rest } = control.body as UpdateBody
  for (const host of hosts ?? []) requireForeign(control, host)
  const changes: UpdateRequest = {
    ...toShared(rest),
    ...(name === undefined ? {} : { name }),
    ...(mode === undefined ? {} : { mode }),
    ...(hosts === undefined ? {} : { hosts }),
  }
  const args = { id: idOf(control), changes, ...ifMatchOf(control.request) }
  const { record, applied } = await callControlPlane(control.context, control.type, control.caller, 'update', args)
  return answerRecord(control, record, applied, 200)
}

/** @throws ResourceError `invalid_request` for a host that the deployment answers by itself, such as another resource's own origin */
function requireForeign({ context, hosts }: ControlRequest, host: string): void {
  const { apex, publicUrl } = context.config
  const isOurs = host === apex || host.endsWith(`.${apex}`) || host === new URL(publicUrl).hostname
  if (!isOurs && !hosts.main.has(host)) return
  throw new ResourceError('invalid_request', `${host} is a name of this deployment: name a host of your own.`, {
    details: { parameter: 'hosts' },
  })
}

export const deleteResource: Handler = async (control) => {
  const { purge } = control.query as { purge: boolean }
  const args = { id: idOf(control), ...ifMatchOf(control.request), ...(purge ? { purge } : {}) }
  const { record, applied } = await callControlPlane(control.context, control.type, control.caller, 'remove', args)
  return answerRecord(control, record, applied, 200)
}

export const restoreResource: Handler = async (control) => {
  const { name } = control.body as RestoreBody
  const args = { id: idOf(control), ...ifMatchOf(control.request), ...(name === undefined ? {} : { name }) }
  const { record, applied } = await callControlPlane(control.context, control.type, control.caller, 'restore', args)
  return answerRecord(control, record, applied, 200)
}

export const revokeTokens: Handler = async (control) => {
  const { record, applied } = await callControlPlane(control.context, control.type, control.caller, 'revokeTokens', {
    id: idOf(control),
  })
  return answerRecord(control, record, applied, 200)
}

/** A token for API clients, and a link with a one-time code for a browser: both end at the same time. */
export const mintToken: Handler = async (control) => {
  const grant = await grantOf(control)
  const { claims } = grant
  const token = await control.context.signer.mint({ ...claims, use: 'resource', expiresAt: claims.endsAt })
  const url = await signInLink(control, grant)
  return Response.json({ token, expire_time: expireTimeOf(grant), url }, { status: 201, headers: NO_STORE })
}

/** A link that works any number of times until it ends. */
export const mintLink: Handler = async (control) => {
  const grant = await grantOf(control)
  const url = await shareLink(control, grant)
  return Response.json({ url, expire_time: expireTimeOf(grant) }, { status: 201, headers: NO_STORE })
}

async function grantOf(control: ControlRequest): Promise<LinkGrant> {
  const { permission, expires_in: seconds, host } = control.body as TokenBody
  const resource = idOf(control)
  const grant = await callControlPlane(control.context, control.type, control.caller, 'grant', { id: resource })
  if (host !== undefined && !grant.hosts?.includes(host)) {
    throw new ResourceError('invalid_request', `${host} is not a host of this resource: add it to its hosts first.`, {
      details: { parameter: 'host' },
    })
  }
  const endsAt = Math.floor(Date.now() / 1000) + seconds
  const claims = { type: control.type.name, resource, permission, generation: grant.generation, endsAt }
  return { claims, plural: control.type.plural, ...(host === undefined ? {} : { host }) }
}

function expireTimeOf({ claims }: LinkGrant): string {
  return new Date(claims.endsAt * 1000).toISOString()
}

export const inspectResource: Handler = async (control) => {
  const { record, row, work, object } = await callControlPlane(
    control.context,
    control.type,
    control.caller,
    'inspect',
    { id: idOf(control) },
  )
  return Response.json(
    { resource: toResourceJson(record, contentUrl(control, record)), row, work, object },
    { headers: NO_STORE },
  )
}

const NO_STORE = { 'cache-control': 'no-store' }

function answerRecord(
  control: ControlRequest,
  record: ResourceRecord,
  applied: boolean,
  status: number,
  more: HeadersInit = {},
): Response {
  const headers = new Headers(more)
  headers.set('etag', toRevisionTag(record))
  if (!applied) {
    headers.set('location', `/v1/${control.type.plural}/${record.id}`)
    headers.set('retry-after', RETRY_AFTER_SECONDS)
  }
  return Response.json(toResourceJson(record, contentUrl(control, record)), { status: applied ? status : 202, headers })
}

function contentUrl(control: ControlRequest, record: ResourceRecord): string {
  return `${control.context.config.publicUrl}/${control.type.plural}/${record.id}/`
}

function idOf(control: ControlRequest): string {
  if (control.id === undefined) throw new TypeError('a route without :id asked for its resource')
  return control.id.id
}

function ifMatchOf(request: Request): { ifMatch?: string } {
  const ifMatch = request.headers.get('if-match')
  return ifMatch === null ? {} : { ifMatch }
}

/** What creation and change have in common, from snake_case. */
function toShared(
  body: Pick<CreateBody, 'visibility' | 'labels' | 'metadata' | 'allowed_origins'>,
): Omit<UpdateRequest, 'name' | 'mode'> {
  return {
    ...(body.visibility === undefined ? {} : { visibility: body.visibility as 'private' }),
    ...(body.labels === undefined ? {} : { labels: body.labels }),
    ...(body.metadata === undefined ? {} : { metadata: body.metadata }),
    ...(body.allowed_origins === undefined ? {} : { allowedOrigins: body.allowed_origins }),
  }
}
