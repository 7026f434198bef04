// Who is asking the control plane: the builder's own sign-in if there is one, else an account by one of its API keys, or the operator by
// key or by the cookie that the printed sign-in link gave his browser.

import { hashApiKey, looksLikeApiKey, parseApiKey, verifyApiKey } from '../identity/api-key.ts'
import { WHOLE_DEPLOYMENT } from '../identity/shard.ts'
import type { AccountSettings } from '../wire/account.ts'
import { ResourceError } from '../wire/errors.ts'
import type { Caller } from '../wire/planes.ts'
import { callAccount, requireAccount } from './act-for.ts'
import { readCookie, type TokenCache } from './credentials.ts'
import type { AuthenticatedCaller, EdgeContext } from './deployment.ts'
import type { RateLimiter } from './rate-limit.ts'
import { includesRole, type ControlAction } from './roles.ts'

/** On the main origin. */
export const OPERATOR_COOKIE = '__Host-biplane-operator'

export type ControlCaller = Omit<Caller, 'policyEpoch'>

/** A caller, before it is known for which resource type he asks. */
export interface SignedIn {
  readonly caller: ControlCaller
  /** Of the account whose key was shown: its limits of the route's type become the caller's. */
  readonly settings?: AccountSettings
  /** Where the caller's account has its new resources, if it says so. */
  readonly accountCell?: string
}

/** What an isolate remembers between requests. */
export interface SignInState {
  readonly cache: TokenCache
  readonly limiter: RateLimiter
}

/** Query parameter of every route: the account on whose behalf an operator asks. */
export const ACCOUNT_PARAMETER = 'account'

/**
 * @throws ResourceError `unauthenticated`; `permission_denied` for a browser's write from another origin, or another account than one's
 * own; `suspended` for a good key of a suspended account; `rate_limited`
 */
export async function requireCaller(
  context: EdgeContext,
  state: SignInState,
  request: Request,
  origin: string,
  requestId: string,
): Promise<SignedIn> {
  const signedIn = await signIn(context, state, request, origin, requestId)
  const { caller } = signedIn
  const asked = new URL(request.url).searchParams.get(ACCOUNT_PARAMETER)
  if (asked === null || asked === caller.account) return signedIn
  if (caller.role !== 'operator')
    throw new ResourceError('permission_denied', 'Only the operator acts for another account than his own.')
  // Lists look for it by themselves; no resource can belong to it, but operations of the whole deployment do.
  if (asked === WHOLE_DEPLOYMENT && request.method === 'GET') return { caller: { ...caller, account: asked } }
  if (asked === WHOLE_DEPLOYMENT)
    throw new ResourceError('invalid_request', 'Name one account: only lists are over all of them.', {
      details: { parameter: ACCOUNT_PARAMETER },
    })
  await requireAccount(context, asked)
  return { caller: { ...caller, account: asked } }
}

async function signIn(
  context: EdgeContext,
  state: SignInState,
  request: Request,
  origin: string,
  requestId: string,
): Promise<SignedIn> {
  if (context.hooks.authenticate !== undefined) {
    const caller = await context.hooks.authenticate(request, context.env)
    if (caller === undefined) throw new ResourceError('unauthenticated', 'Sign in first.')
    const { account, role, limits = {}, actor = account, cell } = caller
    // It would have what belongs to nobody: the log of the deployment as a whole, and its operations.
    if (account === WHOLE_DEPLOYMENT || account === '')
      throw new ResourceError('permission_denied', `The account "${account}" is nobody's: it stands for all of them.`)
    return { caller: { account, role, limits, requestId, actor }, ...toAccountCell(cell) }
  }
  const presented = bearerOf(request)
  // Deliberate, unlike a cookie: a key that is no good is not made up for by one.
  if (presented !== undefined && looksLikeApiKey(presented)) return signInByKey(context, state, presented, requestId)
  const isOperator =
    (presented !== undefined && (await isOperatorKey(context, presented))) ||
    (await hasOperatorSession(context, state.cache, request, origin))
  if (!isOperator) {
    throw new ResourceError(
      'unauthenticated',
      'This needs an API key or the operator key: Authorization: Bearer $BIPLANE_KEY.',
    )
  }
  return { caller: { account: context.defaultAccount, role: 'operator', limits: {}, requestId, actor: 'operator' } }
}

/** By form, mac and rate at the edge, and only then by one call to the account's own object. */
async function signInByKey(
  context: EdgeContext,
  { limiter }: SignInState,
  presented: string,
  requestId: string,
): Promise<SignedIn> {
  const key = parseApiKey(presented)
  if (key === undefined || !(await verifyApiKey(context.keyring, key)))
    throw new ResourceError('unauthenticated', 'This is no API key of this deployment.')
  const { account, keyId } = key
  const hash = await hashApiKey(key)
  const asked = { account, hash }
  limiter.takeFor(asked)
  const { role, settings } = await callAccount(context, account, 'authenticate', { keyId, hash }).catch(
    (error: unknown) => {
      if (error instanceof ResourceError && error.code === 'unauthenticated') limiter.refuse(asked)
      throw error
    },
  )
  limiter.accept(asked, settings.requestsPerSecond)
  const caller = { account, role, limits: {}, requestId, actor: `key:${keyId}` }
  return { caller, settings, ...toAccountCell(settings.cell) }
}

function toAccountCell(cell: string | undefined): Pick<SignedIn, 'accountCell'> {
  return cell === undefined ? {} : { accountCell: cell }
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

function bearerOf(request: Request): string | undefined {
  return /^bearer\s+(\S+)\s*$/i.exec(request.headers.get('authorization') ?? '')?.[1]
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
