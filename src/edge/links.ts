// Links that open one resource in a browser: at its own origin, at a host name of its owner's own, or, where the deployment has no
// wildcard name, by a capability in the path of the main origin.

import { parseResourceId } from '../identity/resource-id.ts'
import type { TokenClaims } from '../identity/token.ts'
import { ResourceError } from '../wire/errors.ts'
import { ownOriginOf, type Hosts } from './address.ts'
import type { EdgeContext } from './deployment.ts'
import { CODE_PARAMETER, CODE_SECONDS } from './session.ts'

export interface LinkGrant {
  readonly claims: Omit<TokenClaims, 'use' | 'tokenId' | 'expiresAt'>
  /** Of the resource's type. */
  readonly plural: string
  /** One of the resource's hosts; a link leads to its own origin without one. */
  readonly host?: string
}

interface LinkContext {
  readonly context: Pick<EdgeContext, 'signer' | 'config'>
  readonly hosts: Hosts
}

/** With a one-time code: whoever opens it first is signed in until the grant's end. @param path where it leads, from the resource's root */
export function signInLink(at: LinkContext, grant: LinkGrant, path = '/', tokenId?: string): Promise<string> {
  const expiresAt = Math.min(Math.floor(Date.now() / 1000) + CODE_SECONDS, grant.claims.endsAt)
  return toLink(at, grant, { use: 'code', expiresAt }, path, tokenId)
}

/** Signs in everybody who opens it until the grant's end. */
export function shareLink(at: LinkContext, grant: LinkGrant, tokenId?: string): Promise<string> {
  return toLink(at, grant, { use: 'share', expiresAt: grant.claims.endsAt }, '/', tokenId)
}

/** Whether there is a place to which a link of this resource could lead. */
export function hasLinks({ context }: Pick<LinkContext, 'context'>, resource: string): boolean {
  return context.config.pathCapabilities || parseResourceId(resource)?.format !== 'unique'
}

async function toLink(
  { context, hosts }: LinkContext,
  { claims, plural, host }: LinkGrant,
  signIn: Pick<TokenClaims, 'use' | 'expiresAt'>,
  path: string,
  tokenId: string | undefined,
): Promise<string> {
  const { signer, config } = context
  if (!hasLinks({ context }, claims.resource)) {
    throw new ResourceError(
      'invalid_request',
      `A ${claims.type} has no origin of its own for a link to lead to, and this deployment makes no path capabilities: mint a token.`,
    )
  }
  if (config.pathCapabilities && host === undefined) {
    const capability = await signer.mint({ ...claims, use: 'capability', expiresAt: claims.endsAt }, tokenId)
    return `${config.publicUrl}/${plural}/${claims.resource}/~${capability}${path}`
  }
  const token = await signer.mint({ ...claims, ...signIn }, tokenId)
  // A name of the owner's own stands before a proxy, at its scheme's default port.
  const origin = host === undefined ? ownOriginOf(hosts, claims.resource) : `${hosts.scheme}//${host}`
  return `${origin}${path}${path.includes('?') ? '&' : '?'}${CODE_PARAMETER}=${token}`
}
