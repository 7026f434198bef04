// The operator's browser signs in, by the printed link or by key, and out again.

import { createOperatorSigner } from '../identity/deployment-signer.ts'
import { WHOLE_DEPLOYMENT } from '../identity/shard.ts'
import type { TokenSigner } from '../identity/token.ts'
import { ResourceError } from '../wire/errors.ts'
import type { ControlMethods } from '../wire/planes.ts'
import { OPERATOR_COOKIE, hasOperatorSession, isOperatorKey, requireOurPage, type ControlCaller } from './authorize.ts'
import { readInput } from './control-input.ts'
import type { TokenCache } from './credentials.ts'
import type { EdgeContext } from './deployment.ts'
import { escapeHtml, pageResponse, wantsPage } from './page.ts'
import { SIGN_IN } from './start-page.ts'
import { callControlPlane } from './to-control-plane.ts'

/** A day of work. */
const SESSION_SECONDS = 12 * 3_600

/** What the worker knows about the request. */
export interface SignInRequest {
  readonly context: EdgeContext
  readonly cache: TokenCache
  readonly request: Request
  readonly origin: string
  readonly query: string
  readonly requestId: string
}

/** `/sign-in`: GET with the printed link's code, POST with the operator key. @throws ResourceError as an API client reads it */
export async function serveSignIn(signIn: SignInRequest): Promise<Response> {
  const { context, cache, request, origin, query, requestId } = signIn
  const isByKey = request.method === 'POST'
  if (!isByKey && request.method !== 'GET') throw new ResourceError('not_found', 'Sign in with GET or POST.')
  try {
    if (isByKey) return await signInByKey(signIn)
    // Only a GET uses the link up, and who is signed in already is not told that it was used.
    if (await hasOperatorSession(context, cache, request, origin)) return leadHome()
    return await redeemCode(context, new URLSearchParams(query).get('code') ?? '', requestId)
  } catch (error) {
    if (!(error instanceof ResourceError) || error.code !== 'unauthenticated' || !wantsPage(request)) throw error
    return pageResponse(`<p>${escapeHtml(error.message)}</p>${SIGN_IN}`, requestId, 401)
  }
}

/** `POST /sign-out`. The session's token goes on until its own end; the browser that is asked forgets it. */
export function serveSignOut({ request, origin }: SignInRequest): Response {
  if (request.method !== 'POST') throw new ResourceError('not_found', 'Sign out with POST.')
  requireOurPage(request, origin)
  return wantsPage(request) ? leadHome(cookie('', 0)) : done(cookie('', 0))
}

/** Only our own pages can sign a browser in: another site could otherwise do so without its user's knowledge. */
async function signInByKey({ context, request, origin }: SignInRequest): Promise<Response> {
  if (context.hooks.authenticate !== undefined)
    throw new ResourceError('not_found', 'People sign in to this application by its own pages.')
  requireOurPage(request, origin)
  const key = ((await readInput(request)) as { key?: unknown } | null)?.key
  if (typeof key !== 'string') throw new ResourceError('invalid_request', 'key: give the operator key.')
  if (!(await isOperatorKey(context, key)))
    throw new ResourceError('unauthenticated', 'This is not the operator key: `npx biplane operator-key` prints it.')
  // By the very key: the session ends when that one is retired.
  const session = await newSession(context, createOperatorSigner(context.id, [key]))
  const isForm = (request.headers.get('content-type') ?? '').startsWith('application/x-www-form-urlencoded')
  return isForm ? leadHome(session) : done(session)
}

/**
 * The printed sign-in link: a code that works once becomes the operator's cookie.
 *
 * @throws ResourceError `unauthenticated` for a code that is wrong, expired or used
 */
async function redeemCode(context: EdgeContext, codeText: string, requestId: string): Promise<Response> {
  const code = await context.signer.verify(codeText, 'operator-code')
  const [type] = context.types
  if (code === undefined || code.resource !== context.id || type === undefined) throw badLink()
  const args: ControlMethods['useCode']['args'] = { tokenId: code.tokenId, expiresAtMs: code.expiresAt * 1000 }
  // The operator's codes are recorded by the first type's root object, where they stay when accounts move.
  const caller: ControlCaller = { account: WHOLE_DEPLOYMENT, role: 'operator', limits: {}, requestId }
  if (!(await callControlPlane(context, type, caller, 'useCode', args))) throw badLink()
  return leadHome(await newSession(context))
}

async function newSession(context: EdgeContext, signer: TokenSigner = context.signer): Promise<string> {
  const expiresAt = Math.floor(Date.now() / 1000) + SESSION_SECONDS
  const token = await signer.mint({
    use: 'operator-session',
    type: 'operator',
    resource: context.id,
    permission: 'admin',
    generation: 0,
    expiresAt,
    endsAt: expiresAt,
  })
  return cookie(token, SESSION_SECONDS)
}

function cookie(value: string, seconds: number): string {
  return `${OPERATOR_COOKIE}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; Secure; SameSite=Lax`
}

/** To the page at `/`, with a cookie if there is a new one. */
function leadHome(setCookie?: string): Response {
  return answer(303, { location: '/', ...(setCookie === undefined ? {} : { 'set-cookie': setCookie }) })
}

function done(setCookie: string): Response {
  return answer(204, { 'set-cookie': setCookie })
}

function answer(status: number, headers: Readonly<Record<string, string>>): Response {
  return new Response(null, {
    status,
    headers: { 'referrer-policy': 'no-referrer', 'cache-control': 'no-store', ...headers },
  })
}

function badLink(): ResourceError {
  return new ResourceError(
    'unauthenticated',
    'This sign-in link was used already or has expired: restart the server for a new one.',
  )
}
