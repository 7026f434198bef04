// Tokens for a resource's content, made by a builder's own backend: without a call to the control plane, and also while it is down. Runs
// wherever WebCrypto is: Node, a Worker, a browser's tooling. It needs two members of the secrets file, `deployment` and `tokenKeys`, and
// nothing else of it: whoever has them can open every resource, and change nothing at the control plane.

import { parseResourceId } from './identity/resource-id.ts'
import { PERMISSIONS, TOKEN_ID, createTokenSigner, type Permission, type TokenKey } from './identity/token.ts'
import { MAX_TOKEN_SECONDS } from './wire/deployment.ts'

export type { Permission, TokenKey }

/** What the secrets file has under these names. The last key signs. */
export interface TokenSecrets {
  readonly deployment: string
  readonly tokenKeys: readonly TokenKey[]
}

export interface TokenOptions {
  /** The resource's identifier. */
  readonly resource: string
  /** Default: read. */
  readonly permission?: Permission
  /** Seconds, 30 days at most. Default: an hour. */
  readonly expiresIn?: number
  /**
   * Counts how often all tokens of the resource were revoked, from 1: a token of an older generation is refused. `inspect` shows it as
   * `row.descriptor.generation`. Default: 1.
   */
  readonly generation?: number
  /** By which the token is revoked alone (`DELETE /v1/{types}/{id}/tokens/{token_id}`); default: a new one. */
  readonly tokenId?: string
}

export interface MintedToken {
  readonly token: string
  readonly tokenId: string
  readonly expireTime: Date
}

const DEFAULT_SECONDS = 3_600

/**
 * Makes a token that the server accepts as if it had minted it. The resource is not looked at: a token of one that does not exist opens
 * nothing.
 *
 * @throws TypeError for what is no identifier of a resource or token, a lifetime that is too long, or secrets without a key
 * @example
 * const { deployment, tokenKeys } = JSON.parse(process.env.BIPLANE_SECRETS)
 * const { token } = await mintToken({ deployment, tokenKeys }, { resource: wikiId, permission: 'write', expiresIn: 600 })
 * await fetch(`https://wikis.example/wikis/${wikiId}/`, { headers: { authorization: `Bearer ${token}` } })
 */
export async function mintToken(secrets: TokenSecrets, options: TokenOptions): Promise<MintedToken> {
  const { resource, permission = 'read', expiresIn = DEFAULT_SECONDS, generation = 1 } = options
  const tokenId = options.tokenId ?? crypto.randomUUID()
  const type = parseResourceId(resource)?.type
  if (type === undefined) throw new TypeError(`"${resource}" is no identifier of a resource`)
  if (!PERMISSIONS.includes(permission)) throw new TypeError(`permission: one of ${PERMISSIONS.join(', ')}`)
  if (!TOKEN_ID.test(tokenId))
    throw new TypeError(`"${tokenId}" is no identifier of a token: it must match ${TOKEN_ID.source}`)
  if (!Number.isInteger(expiresIn) || expiresIn < 1 || expiresIn > MAX_TOKEN_SECONDS)
    throw new TypeError(`expiresIn: a whole number of seconds from 1 to ${MAX_TOKEN_SECONDS}`)
  if (!Number.isInteger(generation) || generation < 1) throw new TypeError('generation: a whole number from 1')
  const expiresAt = Math.floor(Date.now() / 1000) + expiresIn
  const claims = { use: 'resource', type, resource, permission, generation, expiresAt, endsAt: expiresAt } as const
  const token = await createTokenSigner(secrets.deployment, secrets.tokenKeys).mint(claims, tokenId)
  return { token, tokenId, expireTime: new Date(expiresAt * 1000) }
}
