// Who is asking the control plane: the builder's own sign-in if there is one, else the operator by key or by the cookie that the
// printed sign-in link gave his browser.

import { ResourceError } from '../wire/errors.ts'
import type { Caller, ControlMethods } from '../wire/planes.ts'
import { callControlPlane } from './to-control-plane.ts'
import { readCookie, type TokenCache } from './credentials.ts'
import type { AuthenticatedCaller, ControlAction, EdgeContext } from './deployment.ts'

/** On the main origin. */
export const OPERATOR_COOKIE = '__Host-biplane-operator'
const OPERATOR_SESSION_SECONDS = 12 * 3_600

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
    return { account: caller.account, role: caller.role, limits: caller.limits ?? {}, requestId }
  }
  if (!(await hasOperatorKey(context, request)) && !(await hasOperatorSession(context, cache, request, origin))) {
    throw new ResourceError(
      'unauthenticated',
      'This needs the operator key: Authorization: Bearer $BIPLANE_OPERATOR_KEY.',
    )
  }
  return { account: context.defaultAccount, role: 'operator', limits: {}, requestId }
}

/** @throws ResourceError `permission_denied` when the builder's `authorize` says no, or a read-only caller asks for a change */
export async function requireAllowed(
  context: EdgeContext,
  caller: ControlCaller,
  action: ControlAction,
  resource: { readonly type: string; readonly id?: string },
): Promise<void> {
  const isRead = action === 'get' || action === 'list'
  const asked: AuthenticatedCaller = { account: caller.account, role: caller.role, limits: caller.limits }
  const isAllowed =
    (isRead || caller.role !== 'read') &&
    (action !== 'inspect' || caller.role === 'operator') &&
    ((await context.hooks.authorize?.(asked, action, resource)) ?? true)
  if (!isAllowed) throw new ResourceError('permission_denied', `Your role does not allow "${action}" here.`)
}

async function hasOperatorKey(context: EdgeContext, request: Request): Promise<boolean> {
  const presented = /^bearer\s+(\S+)\s*$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  if (presented === undefined) return false
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
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (!isRead && request.headers.get('origin') !== origin) {
    throw new ResourceError('permission_denied', `A request that a cookie signs in must come from ${origin}.`)
  }
  return true
}

/**
 * The printed sign-in link: a code that works once becomes the operator's cookie.
 *
 * @throws ResourceError `unauthenticated` for a code that is wrong, expired or used
 */
export async function redeemOperatorCode(context: EdgeContext, codeText: string, requestId: string): Promise<Response> {
  const code = await context.signer.verify(codeText, 'operator-code')
  const [type] = context.types
  if (code === undefined || code.resource !== context.id || type === undefined) throw badLink()
  const args: ControlMethods['useCode']['args'] = { tokenId: code.tokenId, expiresAtMs: code.expiresAt * 1000 }
  // The operator's codes are recorded by the first type's control plane, under the deployment's own account.
  const caller: ControlCaller = { account: context.defaultAccount, role: 'operator', limits: {}, requestId }
  if (!(await callControlPlane(context, type, caller, 'useCode', args))) throw badLink()
  const expiresAt = Math.floor(Date.now() / 1000) + OPERATOR_SESSION_SECONDS
  const token = await context.signer.mint({
    use: 'operator-session',
    type: 'operator',
    resource: context.id,
    permission: 'admin',
    generation: 0,
    expiresAt,
    endsAt: expiresAt,
  })
  const cookie = `${OPERATOR_COOKIE}=${token}; Path=/; Max-Age=${OPERATOR_SESSION_SECONDS}; HttpOnly; Secure; SameSite=Lax`
  const headers = { location: '/', 'set-cookie': cookie, 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' }
  return new Response(null, { status: 303, headers })
}

function badLink(): ResourceError {
  return new ResourceError(
    'unauthenticated',
    'This sign-in link was used already or has expired: restart the server for a new one.',
  )
}

function sha256(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
}
