// What each control plane route does: turn the validated request into one call to the control plane, and its answer into a response.

import { namedPath } from '../identity/named-path.ts'
import { ResourceError } from '../wire/errors.ts'
import { toOperationJson, type OperationRecord } from '../wire/operation.ts'
import type { Changed, CreateRequest, UpdateRequest } from '../wire/planes.ts'
import { toResourceJson, toRevisionTag, type ResourceRecord, type ResourceUrls } from '../wire/resource.ts'
import { limitsOf, requireAccount } from './act-for.ts'
import { ACCOUNT_PARAMETER } from './authorize.ts'
import { requireCell } from './capabilities.ts'
import { defaultCell, requireAccountCell } from './choose-cell.ts'
import type { ControlRequest, Handler, ResourceRequest } from './route.ts'
import type { BulkBody, CreateBody, RestoreBody, UpdateBody } from './schemas.ts'
import { callControlPlane } from './to-control-plane.ts'

/** How long a client should wait before it looks again at something that is under way. */
const RETRY_AFTER_SECONDS = '1'

export const createResource: Handler = async (control) => {
  const { context, type, caller } = control
  const body = control.body as CreateBody
  const request = toCreateRequest(control, body, body.cell ?? (await defaultCell(control)))
  const args = { ...request, ...(await idempotencyOf(control)) }
  const { record, applied } = await callControlPlane(context, type, caller, 'create', args)
  return answerCreated(control, record, applied)
}

export const bulkCreate: Handler = async (control) => {
  const { context, type, caller } = control
  const { resources } = control.body as BulkBody
  const cell = resources.every((body) => body.cell !== undefined) ? '' : await defaultCell(control)
  const requests = resources.map((body) => toCreateRequest(control, body, body.cell ?? cell))
  const args = { requests, ...(await idempotencyOf(control)) }
  return answerOperation(control, await callControlPlane(context, type, caller, 'bulkCreate', args))
}

export const purgeDeleted: Handler = async (control) =>
  answerOperation(control, await callControlPlane(control.context, control.type, control.caller, 'purgeDeleted', {}))

export function answerOperation(control: ControlRequest, operation: OperationRecord): Response {
  const location = toLocation(control, `/v1/operations/${operation.id}`, operation.account)
  const headers = { location, 'retry-after': RETRY_AFTER_SECONDS }
  return Response.json(toOperationJson(operation), { status: 202, headers })
}

/** Where the caller finds it: an operator who acts for an account, or has just given something to one, must say so there, too. */
function toLocation({ caller, request }: ControlRequest, path: string, account: string): string {
  const isAsked = new URL(request.url).searchParams.has(ACCOUNT_PARAMETER)
  if (caller.role !== 'operator' || (!isAsked && account === caller.account)) return path
  return `${path}?${ACCOUNT_PARAMETER}=${encodeURIComponent(account)}`
}

function toCreateRequest({ context, type }: ResourceRequest, body: CreateBody, cell: string): CreateRequest {
  requireCell(context, type, cell)
  if (type === context.accountType) requireAccountCell(context, body.settings)
  return {
    ...toShared(body),
    ...(typeof body.name === 'string' ? { name: body.name } : {}),
    ...(body.params === undefined ? {} : { params: body.params }),
    cell,
  }
}

/** @throws ResourceError `invalid_request` for a key that cannot be one */
async function idempotencyOf(control: ControlRequest): Promise<Pick<CreateRequest, 'idempotency'>> {
  const key = control.request.headers.get('idempotency-key')
  if (key === null) return {}
  if (!/^[\x21-\x7e]{1,200}$/.test(key))
    throw new ResourceError('invalid_request', 'An Idempotency-Key has 1 to 200 visible ASCII characters.')
  return { idempotency: { key, fingerprint: await control.fingerprint() } }
}

/**
 * The answer to a creation: 201 with the identifier and its URLs, or 202 while the object has not answered yet. A browser is sent
 * straight to the resource.
 *
 * @step 5
 */
function answerCreated(control: ResourceRequest, record: ResourceRecord, applied: boolean): Response {
  const wantsPage = (control.request.headers.get('accept') ?? '').includes('text/html')
  if (applied && wantsPage)
    return new Response(null, { status: 303, headers: { location: contentUrl(control, record) } })
  const headers = { location: toLocation(control, `/v1/${control.type.plural}/${record.id}`, record.account) }
  return answerRecord(control, record, applied, 201, headers)
}

export const getResource: Handler = async (control) => {
  const record = await callControlPlane(control.context, control.type, control.caller, 'get', { id: idOf(control) })
  return answerRecord(control, record, true, 200)
}

export const updateResource: Handler = async (control) => {
  const { name, mode, hosts, ...rest } = control.body as UpdateBody
  for (const host of hosts ?? []) requireForeign(control, host)
  if (hosts !== undefined && hosts.length > 0) requireOwnOrigin(control)
  if (control.type === control.context.accountType) requireAccountCell(control.context, rest.settings)
  const changes: UpdateRequest = {
    ...toShared(rest),
    ...(name === undefined ? {} : { name }),
    ...(mode === undefined ? {} : { mode }),
    ...(hosts === undefined ? {} : { hosts }),
  }
  const args = { id: idOf(control), changes, ...ifMatchOf(control.request) }
  return answerChanged(control, await callControlPlane(control.context, control.type, control.caller, 'update', args))
}

/** @throws ResourceError `invalid_request` for a host that the deployment answers by itself, such as another resource's own origin */
function requireForeign({ context, hosts }: ResourceRequest, host: string): void {
  const { apex, publicUrl } = context.config
  const isOurs = host === apex || host.endsWith(`.${apex}`) || host === new URL(publicUrl).hostname
  if (!isOurs && !hosts.main.has(host)) return
  throw new ResourceError('invalid_request', `${host} is a name of this deployment: name a host of your own.`, {
    details: { parameter: 'hosts' },
  })
}

/** @throws ResourceError `invalid_request` for what has no origin that a host name could stand for */
function requireOwnOrigin({ id, type }: ResourceRequest): void {
  if (id?.format !== 'unique') return
  throw new ResourceError('invalid_request', `A ${type.name} has no origin of its own, and so no host names either.`, {
    details: { parameter: 'hosts' },
  })
}

export const deleteResource: Handler = async (control) => {
  const { purge } = control.query as { purge: boolean }
  const args = { id: idOf(control), ...ifMatchOf(control.request), ...(purge ? { purge } : {}) }
  return answerChanged(control, await callControlPlane(control.context, control.type, control.caller, 'remove', args))
}

export const restoreResource: Handler = async (control) => {
  const { name } = control.body as RestoreBody
  const args = { id: idOf(control), ...ifMatchOf(control.request), ...(name === undefined ? {} : { name }) }
  return answerChanged(control, await callControlPlane(control.context, control.type, control.caller, 'restore', args))
}

/** Whose limits count is the account's that gets it. */
export const transferResource: Handler = async (control) => {
  const { account: to } = control.body as { account: string }
  await requireAccount(control.context, to)
  const limits = await limitsOf(control.context, to, control.type)
  const args = { id: idOf(control), to, limits, ...ifMatchOf(control.request) }
  const { record, applied } = await callControlPlane(control.context, control.type, control.caller, 'transfer', args)
  return answerRecord(control, record, applied, 200)
}

export const moveResource: Handler = async (control) => {
  const { cell } = control.body as { cell: string }
  const args = { id: idOf(control), cell, ...ifMatchOf(control.request) }
  return answerOperation(control, await callControlPlane(control.context, control.type, control.caller, 'move', args))
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
    { resource: toResourceJson(record, urlsOf(control, record)), row, work, object },
    { headers: NO_STORE },
  )
}

const NO_STORE = { 'cache-control': 'no-store' }

function answerChanged(control: ResourceRequest, { record, applied, operation }: Changed): Response {
  return answerRecord(control, record, applied, 200, {}, operation)
}

export function answerRecord(
  control: ResourceRequest,
  record: ResourceRecord,
  applied: boolean,
  status: number,
  more: HeadersInit = {},
  operation?: string,
): Response {
  const headers = new Headers(more)
  headers.set('etag', toRevisionTag(record))
  if (!applied) {
    headers.set('location', toLocation(control, `/v1/${control.type.plural}/${record.id}`, record.account))
    headers.set('retry-after', RETRY_AFTER_SECONDS)
  }
  const json = { ...toResourceJson(record, urlsOf(control, record)), ...(operation && { operation }) }
  return Response.json(json, { status: applied ? status : 202, headers })
}

/** Where its content is, by identifier and, where callers name, by name. */
export function urlsOf(control: ResourceRequest, record: ResourceRecord): ResourceUrls {
  const { type, context } = control
  const url = contentUrl(control, record)
  if (type.naming !== 'caller' || record.name === null) return { url }
  return { url, named_url: context.config.publicUrl + namedPath(type.plural, record.account, record.name) }
}

/** An account has no content: its URL is where it is managed. */
function contentUrl(control: ResourceRequest, record: ResourceRecord): string {
  if (control.type === control.context.accountType)
    return `${control.context.config.publicUrl}/v1/${control.type.plural}/${record.id}`
  return `${control.context.config.publicUrl}/${control.type.plural}/${record.id}/`
}

export function idOf(control: ResourceRequest): string {
  if (control.id === undefined) throw new TypeError('a route without :id asked for its resource')
  return control.id.id
}

function ifMatchOf(request: Request): { ifMatch?: string } {
  const ifMatch = request.headers.get('if-match')
  return ifMatch === null ? {} : { ifMatch }
}

/** What creation and change have in common, from snake_case. */
function toShared(body: Omit<CreateBody, 'name' | 'cell' | 'params'>): Omit<UpdateRequest, 'name' | 'mode' | 'hosts'> {
  return {
    ...(body.visibility === undefined ? {} : { visibility: body.visibility as 'private' }),
    ...(body.labels === undefined ? {} : { labels: body.labels }),
    ...(body.metadata === undefined ? {} : { metadata: body.metadata }),
    ...(body.allowed_origins === undefined ? {} : { allowedOrigins: body.allowed_origins }),
    ...(body.settings === undefined ? {} : { settings: body.settings }),
    ...(body.delete_protection === undefined ? {} : { deleteProtection: body.delete_protection }),
    ...(body.expire_time === undefined ? {} : { expireTimeMs: body.expire_time }),
  }
}
