// Signed statements that the data plane verifies without the control plane (JWT by jose, RFC 7519). One shape, several uses; `typ`
// keeps them apart (RFC 8725, 3.11), `alg` is fixed.

import { SignJWT, base64url, jwtVerify } from 'jose'

/** What a credential lets its holder do with one resource. Each includes the ones before it. */
export type Permission = 'read' | 'write' | 'admin'
export const PERMISSIONS: readonly Permission[] = ['read', 'write', 'admin']

/** Whether `held` includes `needed`. */
export function includesPermission(held: Permission, needed: Permission): boolean {
  return PERMISSIONS.indexOf(held) >= PERMISSIONS.indexOf(needed)
}

/**
 * - `resource`: a bearer token for one resource
 * - `code`: sign-in link to one resource's own origin, used once
 * - `share`: sign-in link to one resource's own origin that works any number of times until it ends
 * - `capability`: stands in the path of a resource on the main origin, for hosts without wildcard names
 * - `session`: what the cookie on the resource's own origin holds
 * - `operator-code`, `operator-session`: the same for the operator on the main origin
 */
export type TokenUse = 'resource' | 'code' | 'share' | 'capability' | 'session' | 'operator-code' | 'operator-session'

export interface TokenClaims {
  readonly use: TokenUse
  /** Resource type; `operator` for the operator's own. */
  readonly type: string
  /** Resource identifier; for the operator's own, the deployment. */
  readonly resource: string
  readonly permission: Permission
  /** Tokens of an older generation than the object's are revoked. */
  readonly generation: number
  /** Seconds since 1970, like every time in this interface. */
  readonly expiresAt: number
  /** A session or code may be renewed or exchanged up to this time; otherwise equal to expiresAt. */
  readonly endsAt: number
  /** What makes a code usable once, and by which a token is revoked alone; a session has that of the link it came from. */
  readonly tokenId: string
}

/** One signing key; the last one signs, all verify. `id` goes into the header as `kid`. */
export interface TokenKey {
  readonly id: string
  /** base64url, 32 bytes */
  readonly key: string
  /** Known, and not used yet: until every cell knows it. It stands before the one that signs. */
  readonly prepared?: boolean
}

export interface TokenSigner {
  /** @param tokenId default: a random one. What is revoked together shares one. */
  mint(claims: Omit<TokenClaims, 'tokenId'>, tokenId?: string): Promise<string>
  /** The claims of a token of that use, or undefined: wrong signature, issuer, use, key, or expired. */
  verify(token: string, use: TokenUse): Promise<TokenClaims | undefined>
}

const ALGORITHM = 'HS256'
/** What may stand in the principal's header, and in a path. */
export const TOKEN_ID: RegExp = /^\w[\w-]{0,63}$/
/** A second of clock difference between machines is normal; more is not forgiven. */
const CLOCK_TOLERANCE_SECONDS = 1

/**
 * @param issuer the deployment's identifier @param keys oldest first
 * @throws TypeError without keys
 */
export function createTokenSigner(issuer: string, keys: readonly TokenKey[]): TokenSigner {
  const newest = keys.at(-1)
  if (newest === undefined) throw new TypeError('no token key')
  const imported = new Map(keys.map((key) => [key.id, importKey(key.key)]))

  return {
    async mint(claims, tokenId) {
      const key = await imported.get(newest.id)
      if (key === undefined) throw new TypeError('no token key')
      return new SignJWT({ perm: claims.permission, gen: claims.generation, end: claims.endsAt })
        .setProtectedHeader({ alg: ALGORITHM, typ: typOf(claims.use), kid: newest.id })
        .setIssuer(issuer)
        .setAudience(claims.type)
        .setSubject(claims.resource)
        .setJti(tokenId ?? crypto.randomUUID())
        .setExpirationTime(claims.expiresAt)
        .sign(key)
    },

    async verify(token, use) {
      try {
        const { payload } = await jwtVerify(
          token,
          (header) => {
            const key = imported.get(header.kid ?? '')
            if (key === undefined) throw new TypeError('unknown key')
            return key
          },
          {
            issuer,
            algorithms: [ALGORITHM],
            typ: typOf(use),
            clockTolerance: CLOCK_TOLERANCE_SECONDS,
            requiredClaims: ['exp'],
          },
        )
        return toClaims(payload, use)
      } catch {
        // Every reason is the same answer to the caller: the token is not good here.
        return undefined
      }
    },
  }
}

function toClaims(payload: Record<string, unknown>, use: TokenUse): TokenClaims | undefined {
  const { aud, sub, perm, gen, exp, end, jti } = payload
  if (typeof aud !== 'string' || typeof sub !== 'string') return undefined
  if (typeof jti !== 'string' || !TOKEN_ID.test(jti)) return undefined
  if (typeof exp !== 'number' || typeof end !== 'number' || typeof gen !== 'number') return undefined
  const permission = PERMISSIONS.find((known) => known === perm)
  if (permission === undefined) return undefined
  return { use, type: aud, resource: sub, permission, generation: gen, expiresAt: exp, endsAt: end, tokenId: jti }
}

function typOf(use: TokenUse): string {
  return `biplane-${use}+jwt`
}

function importKey(key: string): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', base64url.decode(key), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ])
}
