// The control plane's HTTP API: routes the request by the table of routes.ts, validates it, and calls the handler.

import { Hono } from 'hono'
import { base64url } from 'jose'
import type { ZodType } from 'zod'
import { ResourceError } from '../wire/errors.ts'
import type { Hosts } from './address.ts'
import { requireAllowed, type ControlCaller } from './authorize.ts'
import type { Deployment, EdgeContext } from './deployment.ts'
import { controlRoutes, type ControlRoute } from './routes.ts'
import { MAX_CONTROL_BODY_BYTES } from './schemas.ts'
import { requireIssued } from './to-data-plane.ts'

/** What the worker decided before routing: there is a caller. */
export interface ControlBindings {
  readonly context: EdgeContext
  readonly hosts: Hosts
  readonly caller: ControlCaller
}

export type ControlApi = (request: Request, bindings: ControlBindings) => Promise<Response>

export function createControlApi(deployment: Deployment): ControlApi {
  const api = new Hono<{ Bindings: ControlBindings }>()
  for (const route of deployment.types.flatMap(controlRoutes)) {
    api.on(route.method, route.path, ({ req, env }) => serveRoute(route, req.raw, req.param('id'), env))
  }
  api.notFound(() => {
    throw new ResourceError('not_found', 'There is no such route: see the API reference for paths and methods.')
  })
  // Errors go up to the worker, the one place that turns them into answers.
  api.onError((error) => {
    throw error
  })
  return async (request, bindings) => api.fetch(request, bindings)
}

async function serveRoute(
  route: ControlRoute,
  request: Request,
  idText: string | undefined,
  bindings: ControlBindings,
): Promise<Response> {
  const { context, hosts, caller } = bindings
  const { type } = route
  const id = idText === undefined ? undefined : await requireIssued(context, type, idText)
  await requireAllowed(context, caller, route.action, { type: type.name, ...(id === undefined ? {} : { id: id.id }) })
  const given = await readBody(request)
  const body = validate(route.body, given, 'body')
  const url = new URL(request.url)
  const query =
    route.query === undefined ? undefined : validate(route.query, Object.fromEntries(url.searchParams), 'query')
  const fingerprint = await fingerprintOf(`${request.method} ${url.pathname}`, given)
  return route.handle({ context, hosts, type, caller, request, id, body, query, fingerprint })
}

/** JSON, or the form that the start page sends. @throws ResourceError `too_large`, `invalid_request` */
async function readBody(request: Request): Promise<unknown> {
  if (request.method === 'GET' || request.method === 'HEAD') return undefined
  const text = await readText(request, MAX_CONTROL_BODY_BYTES)
  const contentType = request.headers.get('content-type') ?? ''
  if (text === '') return request.method === 'DELETE' ? undefined : {}
  if (contentType.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(text))
  try {
    return JSON.parse(text)
  } catch {
    throw new ResourceError('invalid_request', 'The body is not valid JSON.')
  }
}

async function readText(request: Request, limitBytes: number): Promise<string> {
  if (request.body === null) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body) {
    size += chunk.byteLength
    if (size > limitBytes)
      throw new ResourceError('too_large', `A request to the control plane has at most ${limitBytes} bytes.`)
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(await new Blob(chunks).arrayBuffer())
  } catch {
    throw new ResourceError('invalid_request', 'The body is not valid UTF-8.')
  }
}

function validate(schema: ZodType, value: unknown, where: string): unknown {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = issue === undefined || issue.path.length === 0 ? where : issue.path.join('.')
  throw new ResourceError('invalid_request', `${path}: ${issue?.message ?? 'not valid'}`, {
    details: { parameter: path },
  })
}

/** Equal for two requests that mean the same: keys are sorted, white space does not count. */
async function fingerprintOf(route: string, body: unknown): Promise<string> {
  const canonical = `${route}\n${JSON.stringify(body, sortKeys) ?? ''}`
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(canonical))
  return base64url.encode(new Uint8Array(digest))
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
