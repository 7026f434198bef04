// Browsers on a resource's own origin: a link, one-time or shared, becomes a session cookie, which the edge renews by itself, without
// the control plane, until the time that the link's creator allowed.

import type { ObjectPlace } from '../identity/cell.ts'
import type { ResourceId } from '../identity/resource-id.ts'
import { includesPermission, type TokenClaims, type TokenSigner } from '../identity/token.ts'
import type { ResourceType } from '../resource-type.ts'
import { ResourceError } from '../wire/errors.ts'
import { SESSION_COOKIE, readCookie, type TokenCache } from './credentials.ts'
import type { EdgeContext } from './deployment.ts'
import { toDataObject } from './to-data-plane.ts'

/** Query parameter of a sign-in link. Not just `code`: a type's own pages may be somebody's OAuth callback. */
export const CODE_PARAMETER = 'sign_in_code'
/** A sign-in link must be opened within this time; it usually is within seconds. */
export const CODE_SECONDS = 600
/** A session lives this long without being used; it is renewed in its second half. */
const SESSION_SECONDS = 24 * 3_600

/** How the edge asks the object; the class behind is the data plane's. */
interface CodeRedeemer {
  redeemCode(code: {
    tokenId?: string
    linkId: string
    generation: number
    expiresAtMs: number
    customHost?: string
  }): Promise<'gone' | 'unknown_host' | 'revoked' | 'used' | 'moving' | { readonly moved: ObjectPlace } | undefined>
}

/**
 * The token in a link, before any object is asked.
 *
 * @throws ResourceError `unauthenticated` for a link that is wrong or expired; `permission_denied` for what a page embeds
 */
export async function requireLink(
  { signer }: EdgeContext,
  id: ResourceId,
  request: Request,
  query: URLSearchParams,
): Promise<TokenClaims> {
  if (!isOpenedByPerson(request))
    throw new ResourceError('permission_denied', 'A link signs in only who opens it in a window of its own.')
  const text = query.get(CODE_PARAMETER) ?? ''
  const link = (await signer.verify(text, 'code')) ?? (await signer.verify(text, 'share'))
  if (link === undefined || link.resource !== id.id) throw badLink()
  return link
}

/**
 * Exchanges the token in a link for a session: 303 to the same address without it, with the cookie. A one-time code is used up; a share
 * link is not, and takes nothing away from somebody who is signed in already. Only who opens it in a window of its own is signed in:
 * another page must not do so in his name, by an image or a frame that he does not see.
 *
 * @param at where the resource is, as far as is known
 * @returns the answer, or where the resource has moved from there
 * @throws ResourceError `unauthenticated` for a link that is revoked or used; `deleted` when the resource is gone; `not_found` at a host
 * name that the resource does not have
 */
export async function redeemLink(
  context: EdgeContext,
  cache: TokenCache,
  type: ResourceType,
  id: ResourceId,
  at: ObjectPlace,
  link: TokenClaims,
  request: Request,
  address: { readonly origin: string; readonly path: string; readonly customHost?: string },
  query: URLSearchParams,
): Promise<Response | { readonly moved: ObjectPlace }> {
  const { customHost } = address
  const redeem = (token: TokenClaims): ReturnType<CodeRedeemer['redeemCode']> =>
    // A stub of its own for each call.
    (toDataObject(context, type, id, at) as unknown as CodeRedeemer).redeemCode({
      ...(token.use === 'code' ? { tokenId: token.tokenId } : {}),
      linkId: token.tokenId,
      generation: token.generation,
      expiresAtMs: token.expiresAt * 1000,
      ...(customHost === undefined ? {} : { customHost }),
    })
  const refusal = await redeem(link)
  if (typeof refusal === 'object') return refusal
  if (refusal === 'moving')
    throw new ResourceError('unavailable', 'This resource is just moving to another cell: open the link again.', {
      applied: 'no',
      retryAfterSeconds: 1,
    })
  if (refusal === 'gone') throw new ResourceError('deleted', 'This resource was deleted.')
  if (refusal === 'unknown_host') throw new ResourceError('not_found', 'There is nothing at this host name.')
  const session = await sessionOf(cache, request, id)
  // Who goes back in his history to a used link keeps the session that it gave him.
  if (refusal !== undefined && session === undefined) throw badLink()
  const isCovered = link.use === 'share' && session !== undefined && covers(session, link)
  // Only the object knows whether the session was revoked alone: it must not stand in the way of a link that is good.
  const isSignedIn = refusal !== undefined || (isCovered && (await redeem(session)) === undefined)

  query.delete(CODE_PARAMETER)
  const rest = query.size === 0 ? '' : `?${query.toString()}`
  // Absolute: a path that begins with two slashes would lead to another host.
  const location = address.origin + address.path + rest
  const headers = new Headers({ location, 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' })
  if (!isSignedIn) headers.append('set-cookie', await newCookie(context.signer, link))
  return new Response(null, { status: 303, headers })
}

/** Whether a request is for what a window shows now, and not ahead of a click. As far as the client says so: browsers do. */
export function isOpenedByPerson({ headers }: Request): boolean {
  return (headers.get('sec-fetch-dest') ?? 'document') === 'document' && !headers.has('sec-purpose')
}

/** Whether a session is worth at least as much as what a link would give. */
function covers(session: TokenClaims, link: TokenClaims): boolean {
  if (session.generation < link.generation || !includesPermission(session.permission, link.permission)) return false
  return session.permission !== link.permission || session.endsAt >= link.endsAt
}

/** A cookie for the next day, when the session is in its second half and may go on; else undefined. */
export async function renewedCookie(signer: TokenSigner, session: TokenClaims): Promise<string | undefined> {
  const now = Math.floor(Date.now() / 1000)
  const isOld = session.expiresAt - now < SESSION_SECONDS / 2
  return isOld && session.endsAt > session.expiresAt ? newCookie(signer, session) : undefined
}

/** @throws ResourceError `permission_denied` when a browser's write does not come from the resource's own pages */
export function requireOwnOrigin(request: Request, origin: string): void {
  const isWrite = request.method !== 'GET' && request.method !== 'HEAD' && request.method !== 'OPTIONS'
  const isUpgrade = request.headers.get('upgrade') !== null
  if ((isWrite || isUpgrade) && request.headers.get('origin') !== origin) {
    throw new ResourceError(
      'permission_denied',
      `A request that a cookie signs in must come from ${origin}. API clients send a token instead.`,
    )
  }
}

async function newCookie(signer: TokenSigner, claims: TokenClaims): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const expiresAt = Math.min(now + SESSION_SECONDS, claims.endsAt)
  const { type, resource, permission, generation, endsAt } = claims
  // The link's own identifier: whoever revokes the link ends what came of it.
  const session = { use: 'session', type, resource, permission, generation, expiresAt, endsAt } as const
  const token = await signer.mint(session, claims.tokenId)
  return `${SESSION_COOKIE}=${token}; Path=/; Max-Age=${expiresAt - now}; HttpOnly; Secure; SameSite=Lax`
}

async function sessionOf(cache: TokenCache, request: Request, id: ResourceId): Promise<TokenClaims | undefined> {
  const session = await cache.verify(readCookie(request, SESSION_COOKIE) ?? '', 'session')
  return session?.resource === id.id ? session : undefined
}

function badLink(): ResourceError {
  return new ResourceError(
    'unauthenticated',
    'This link was used already, has expired or was revoked: ask for a new one.',
  )
}
