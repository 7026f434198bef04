// Who is asking for a resource's content: finds the token, verifies it without any lookup, and says what it allows. Signature checks
// are remembered in a bounded cache, since they cost more than the rest of the data path together.

import { parseResourceId, type ResourceId } from '../identity/resource-id.ts'
import { includesPermission, type TokenClaims, type TokenSigner, type TokenUse } from '../identity/token.ts'
import type { ResourceType } from '../resource-type.ts'
import { ResourceError } from '../wire/errors.ts'
import type { CredentialKind, Principal } from '../wire/principal.ts'

/** On a resource's own origin. The prefix makes the browser refuse one that a sibling host tries to plant. */
export const SESSION_COOKIE = '__Host-biplane'
/** Query parameter of types that declare the `query` credential; never logged, never forwarded. */
export const QUERY_PARAMETER = 'access_token'

export interface Presented {
  readonly via: CredentialKind
  readonly token: string
  readonly use: TokenUse
}

/** The token that a request carries, in the order of how deliberate it is; undefined for none. */
export function findCredential(
  request: Request,
  query: string,
  type: ResourceType,
  isOwnOrigin: boolean,
): Presented | undefined {
  const authorization = request.headers.get('authorization')
  if (authorization !== null) {
    const space = authorization.indexOf(' ')
    const scheme = authorization.slice(0, space).toLowerCase()
    const value = authorization.slice(space + 1).trim()
    if (scheme === 'bearer' && type.credentials.includes('bearer'))
      return { via: 'bearer', token: value, use: 'resource' }
    if (scheme === 'basic' && type.credentials.includes('basic'))
      return { via: 'basic', token: basicPassword(value), use: 'resource' }
    return { via: 'bearer', token: '', use: 'resource' }
  }
  if (query !== '' && type.credentials.includes('query')) {
    const token = new URLSearchParams(query).get(QUERY_PARAMETER)
    if (token !== null) return { via: 'query', token, use: 'resource' }
  }
  if (isOwnOrigin && type.credentials.includes('cookie')) {
    const token = readCookie(request, SESSION_COOKIE)
    if (token !== undefined) return { via: 'cookie', token, use: 'session' }
  }
  return undefined
}

export function readCookie(request: Request, name: string): string | undefined {
  const header = request.headers.get('cookie')
  if (header === null) return undefined
  for (const part of header.split(';')) {
    const equals = part.indexOf('=')
    if (equals !== -1 && trimSpace(part.slice(0, equals)) === name) return trimSpace(part.slice(equals + 1))
  }
  return undefined
}

/**
 * Without the white space of HTTP. To a browser any other, such as U+00A0, is part of a cookie's name: it would let a sibling host plant
 * that name, and `trim()` would turn it into the one that begins with `__Host-`.
 */
function trimSpace(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '')
}

/**
 * The claims of a token that is good for this resource. A cookie that is not is as good as none: a browser sends it whether its user
 * means it or not, and a public resource stays readable.
 *
 * @throws ResourceError `unauthenticated` for any other wrong token; it never touches an object
 */
export async function verifyCredential(
  cache: TokenCache,
  presented: Presented,
  id: ResourceId,
): Promise<VerifiedToken | undefined> {
  const claims = await cache.verify(presented.token, presented.use)
  if (claims !== undefined && claims.type === id.type && claims.resource === id.id) return claims
  if (presented.via === 'cookie') return undefined
  throw new ResourceError(
    'unauthenticated',
    'This token is not valid for this resource, or has expired: ask its owner for a new one.',
  )
}

/**
 * A browser adds a password that its user once typed to whatever any site makes it send, as it does with a cookie. Unlike a cookie it
 * is also sent by clients that are no browser and say nothing about where they are.
 *
 * @throws ResourceError `permission_denied` for a write or upgrade that another site's page asked for
 */
export function requireOwnSite(request: Request, origin: string): void {
  const { method, headers } = request
  const isRead = method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
  if (isRead && !headers.has('upgrade')) return
  const from = headers.get('origin')
  const site = headers.get('sec-fetch-site')
  if ((from === null || from === origin) && site !== 'cross-site' && site !== 'same-site') return
  throw new ResourceError(
    'permission_denied',
    `A change that a password signs in must not come from another site's page: send the token as Authorization: Bearer.`,
  )
}

/**
 * What the object's gate will refuse in any case, refused before anything of the body is held in memory.
 *
 * @throws ResourceError `unauthenticated`, `permission_denied`
 */
export function requirePermission(type: ResourceType, { permission, needs }: Principal): void {
  if (permission === undefined) {
    if (needs !== 'read' && !type.visibility.includes('public')) {
      throw new ResourceError('unauthenticated', 'This needs a token of the resource: ask its owner for a link.')
    }
  } else if (!includesPermission(permission, needs)) {
    throw new ResourceError(
      'permission_denied',
      `This token allows "${permission}", and this request needs "${needs}".`,
    )
  }
}

/** A token whose signature was checked. */
export interface VerifiedToken extends TokenClaims {
  /** Of a resource's token: its identifier, which the deployment issued, since it minted a token for it. */
  readonly id: ResourceId | undefined
}

/** Ours have about 400 characters. */
const MAX_TOKEN_LENGTH = 2_048
/** One spelling only: a decoder that skips white space or padding would give one token a cache entry for each of endlessly many. */
const TOKEN_FORM = /^[\w-]+\.[\w-]+\.[\w-]{43}$/

/**
 * Verified tokens, two generations of a bounded Map: when the young one is full it becomes the old one. Failures are never stored, and
 * the expiry is checked at every hit.
 */
export class TokenCache {
  static readonly #CAPACITY = 5_000
  readonly #signer: TokenSigner
  #young = new Map<string, VerifiedToken>()
  #old = new Map<string, VerifiedToken>()

  constructor(signer: TokenSigner) {
    this.#signer = signer
  }

  /** The claims of a token that was verified before, at once; undefined when it was not, or is no longer good. */
  peek({ token, use }: Pick<Presented, 'token' | 'use'>): VerifiedToken | undefined {
    if (token.length > MAX_TOKEN_LENGTH) return undefined
    const known = this.#young.get(token) ?? this.#old.get(token)
    return known?.use === use && known.expiresAt * 1000 > Date.now() ? known : undefined
  }

  async verify(token: string, use: TokenUse): Promise<VerifiedToken | undefined> {
    const known = this.peek({ token, use })
    if (known !== undefined) return known
    if (token.length > MAX_TOKEN_LENGTH || !TOKEN_FORM.test(token)) return undefined
    const claims = await this.#signer.verify(token, use)
    if (claims === undefined) return undefined
    if (this.#young.size >= TokenCache.#CAPACITY) {
      this.#old = this.#young
      this.#young = new Map()
    }
    const verified = { ...claims, id: parseResourceId(claims.resource) }
    this.#young.set(token, verified)
    return verified
  }
}

function basicPassword(encoded: string): string {
  try {
    const text = atob(encoded)
    return text.slice(text.indexOf(':') + 1)
  } catch {
    return ''
  }
}
