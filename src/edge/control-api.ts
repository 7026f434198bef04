// The control plane's HTTP API: routes the request by the table of routes.ts, validates it, and calls the handler.

import { Hono } from 'hono'
import { base64url } from 'jose'
import type { ZodType } from 'zod'
import { ResourceError } from '../wire/errors.ts'
import { limitsIn } from './act-for.ts'
import type { Hosts } from './address.ts'
import { ACCOUNT_PARAMETER, requireAllowed, type SignedIn } from './authorize.ts'
import { readInput } from './control-input.ts'
import type { Deployment, EdgeContext } from './deployment.ts'
import type { ControlRoute } from './route.ts'
import { controlRoutes } from './routes.ts'
import { MAX_CONTROL_BODY_BYTES, noQuery } from './schemas.ts'
import { requireIssued } from './to-data-plane.ts'

const METHODS: readonly ControlRoute['method'][] = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE']

/** What the worker decided before routing: there is a caller. */
export interface ControlBindings extends SignedIn {
  readonly context: EdgeContext
  readonly hosts: Hosts
}

export type ControlApi = (request: Request, bindings: ControlBindings) => Promise<Response>

export function createControlApi(deployment: Deployment): ControlApi {
  // Strict: with an empty segment at its end a path is another one, as of all tokens instead of one.
  const api = new Hono<{ Bindings: ControlBindings }>({ strict: true })
  for (const route of controlRoutes(deployment)) {
    api.on(route.method, route.path, ({ req, env }) => serveRoute(route, req.raw, req.param(), env))
  }
  api.notFound(({ req }) => {
    const methods = METHODS.filter((method) => api.router.match(method, req.path)[0].length > 0)
    const others =
      methods.length === 0 ? 'There is nothing here.' : `Here are ${methods.join(', ')}, and no ${req.method}.`
    throw new ResourceError('not_found', `${others} GET /v1/reference shows every route.`)
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
  params: Readonly<Record<string, string>>,
  bindings: ControlBindings,
): Promise<Response> {
  const { context, hosts, settings, accountCell } = bindings
  const { type } = route
  const limits = settings === undefined || type === undefined ? undefined : limitsIn(settings, type)
  const caller = limits === undefined ? bindings.caller : { ...bindings.caller, limits }
  const idText = params['id']
  const id = idText === undefined || type === undefined ? undefined : await requireIssued(context, type, idText)
  await requireAllowed(context, caller, route.action, {
    ...(type === undefined ? {} : { type: type.name }),
    ...(id === undefined ? {} : { id: id.id }),
  })
  const url = new URL(request.url)
  const query = validate(route.query ?? noQuery, readQuery(url.searchParams), 'query')
  const given =
    route.streams === undefined ? await readInput(request, route.maxBodyBytes ?? MAX_CONTROL_BODY_BYTES) : undefined
  const body = validate(route.body, given, 'body')
  const fingerprint = (): Promise<string> => fingerprintOf(`${request.method} ${url.pathname}`, given)
  const parts = { context, hosts, caller, request, params, body, query, fingerprint }
  const control = accountCell === undefined ? parts : { ...parts, accountCell }
  return route.type === undefined ? route.handle(control) : route.handle({ ...control, type: route.type, id })
}

/**
 * What the route's schema is about. A misspelt filter that was ignored would show, or delete, something else than was asked for.
 *
 * @throws ResourceError `invalid_request` for a parameter that is given twice: which one counts would be anybody's guess
 */
function readQuery(parameters: URLSearchParams): object {
  const names = [...parameters.keys()]
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw invalid(twice, 'is given twice')
  // Every route has it, and it was read before (authorize.ts).
  return Object.fromEntries([...parameters].filter(([name]) => name !== ACCOUNT_PARAMETER))
}

function validate(schema: ZodType, value: unknown, where: string): unknown {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const unknown =
    issue?.code === 'unrecognized_keys' && issue.message.startsWith('Unrecognized') ? issue.keys.slice(0, 1) : []
  const names = [...(issue?.path ?? []), ...unknown]
  const path = names.length === 0 ? where : names.join('.')
  throw invalid(path, unknown.length > 0 ? 'is not known here' : (issue?.message ?? 'not valid'))
}

/** Unknown members are named as they came, whatever their length. */
function invalid(path: string, why: string): ResourceError {
  return new ResourceError('invalid_request', `${path}: ${why}`.slice(0, MAX_MESSAGE_LENGTH), {
    details: { parameter: path.slice(0, MAX_MESSAGE_LENGTH) },
  })
}

/** Enough to find the mistake. */
const MAX_MESSAGE_LENGTH = 300

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
