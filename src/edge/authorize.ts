// Who is asking the control plane: the builder's own sign-in if there is one, else the operator by key or by the cookie that the
// printed sign-in link gave his browser.

import { ResourceError } from '../wire/errors.ts'
import type { Caller } from '../wire/planes.ts'
import { readCookie, type TokenCache } from './credentials.ts'
import type { AuthenticatedCaller, EdgeContext } from './deployment.ts'
import { includesRole, type ControlAction } from './roles.ts'

/** On the main origin. */
export const OPERATOR_COOKIE = '__Host-biplane-operator'

export type ControlCaller = Omit<Caller, 'policyEpoch'>

/**
 * @throws ResourceError `unauthenticated`; `permission_denied` for a browser's write from another origin
 */
export async function requireCaller(
  context: EdgeContext,
  cache: TokenCache,
  request: Request,
  origin: string,
  requestId: string,
): Promise<ControlCaller> {
  if (context.hooks.authenticate !== undefined) {
    const caller = await context.hooks.authenticate(request, context.env)
    if (caller === undefined) throw new ResourceError('unauthenticated', 'Sign in first.')
    const { account, role, limits = {}, actor = account } = caller
    return { account, role, limits, requestId, actor }
  }
  if (!(await hasOperatorKey(context, request)) && !(await hasOperatorSession(context, cache, request, origin))) {
    throw new ResourceError(
      'unauthenticated',
      'This needs the operator key: Authorization: Bearer $BIPLANE_OPERATOR_KEY.',
    )
  }
  return { account: context.defaultAccount, role: 'operator', limits: {}, requestId, actor: 'operator' }
}

/** @throws ResourceError `permission_denied` when the builder's `authorize` says no, or a read-only caller asks for a change */
export async function requireAllowed(
  context: EdgeContext,
  caller: ControlCaller,
  action: ControlAction,
  resource: { readonly type?: string; readonly id?: string },
): Promise<void> {
  const asked: AuthenticatedCaller = { account: caller.account, role: caller.role, limits: caller.limits }
  const isAllowed =
    includesRole(caller.role, action) && ((await context.hooks.authorize?.(asked, action, resource)) ?? true)
  if (!isAllowed) throw new ResourceError('permission_denied', `Your role does not allow "${action}" here.`)
}

async function hasOperatorKey(context: EdgeContext, request: Request): Promise<boolean> {
  const presented = /^bearer\s+(\S+)\s*$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  return presented !== undefined && isOperatorKey(context, presented)
}

export async function isOperatorKey(context: EdgeContext, presented: string): Promise<boolean> {
  const digest = await sha256(presented)
  let isKnown = false
  for (const known of await digestsOf(context.operatorKeys)) {
    // Every key is compared, in constant time, so that the answer's timing says nothing about any of them.
    if (crypto.subtle.timingSafeEqual(digest, known)) isKnown = true
  }
  return isKnown
}

/** Of the deployment's own keys, made once. */
const digests = new WeakMap<readonly string[], Promise<ArrayBuffer[]>>()

function digestsOf(keys: readonly string[]): Promise<ArrayBuffer[]> {
  const made = digests.get(keys) ?? Promise.all(keys.map(sha256))
  digests.set(keys, made)
  return made
}

/** The operator's browser. Writes must come from our own pages, and no other site may even read through it. */
export async function hasOperatorSession(
  context: EdgeContext,
  cache: TokenCache,
  request: Request,
  origin: string,
): Promise<boolean> {
  const cookie = readCookie(request, OPERATOR_COOKIE)
  if (cookie === undefined) return false
  const session = await cache.verify(cookie, 'operator-session')
  if (session === undefined || session.resource !== context.id) return false
  if (request.method !== 'GET' && request.method !== 'HEAD') requireOurPage(request, origin)
  return true
}

/** @throws ResourceError `permission_denied` for a request that another site's page made, or a client that is no browser */
export function requireOurPage(request: Request, origin: string): void {
  if (request.headers.get('origin') === origin) return
  throw new ResourceError(
    'permission_denied',
    `A browser's request must come from ${origin}; API clients send the key.`,
  )
}

function sha256(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
}
