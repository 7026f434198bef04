// Tokens and links for a resource's content, and revoking them.

import { TOKEN_ID } from '../identity/token.ts'
import { MAX_TOKEN_SECONDS } from '../wire/deployment.ts'
import { ResourceError } from '../wire/errors.ts'
import type { ControlMethods } from '../wire/planes.ts'
import { answerRecord, idOf } from './handlers.ts'
import { hasLinks, shareLink, signInLink, type LinkGrant } from './links.ts'
import type { Handler, ResourceRequest } from './route.ts'
import type { TokenBody } from './schemas.ts'
import { callControlPlane } from './to-control-plane.ts'

export const revokeTokens: Handler = (control) => revoke(control, {})

export const revokeToken: Handler = (control) => {
  const tokenId = control.params['token'] ?? ''
  if (!TOKEN_ID.test(tokenId)) throw new ResourceError('invalid_request', 'This is no identifier of a token.')
  // Its own end is not known here; none is later.
  return revoke(control, { tokenId, expiresAtMs: Date.now() + MAX_TOKEN_SECONDS * 1000 })
}

async function revoke(
  control: ResourceRequest,
  which: Omit<ControlMethods['revokeTokens']['args'], 'id'>,
): Promise<Response> {
  const args = { id: idOf(control), ...which }
  const { context, type, caller } = control
  const { record, applied } = await callControlPlane(context, type, caller, 'revokeTokens', args)
  return answerRecord(control, record, applied, 200)
}

/**
 * A token for API clients, and a link with a one-time code for a browser, where one can lead somewhere: both end at the same time, and are
 * revoked together.
 */
export const mintToken: Handler = async (control) => {
  const grant = await grantOf(control)
  const { claims } = grant
  const tokenId = crypto.randomUUID()
  const { signer } = control.context
  const token = await signer.mint({ ...claims, use: 'resource', expiresAt: claims.endsAt }, tokenId)
  const link = hasLinks(control, claims.resource) ? { url: await signInLink(control, grant, '/', tokenId) } : {}
  const answer = { token, token_id: tokenId, expire_time: expireTimeOf(grant), ...link }
  return Response.json(answer, { status: 201, headers: NO_STORE })
}

/** A link that works any number of times until it ends. */
export const mintLink: Handler = async (control) => {
  const grant = await grantOf(control)
  const tokenId = crypto.randomUUID()
  const url = await shareLink(control, grant, tokenId)
  const answer = { url, token_id: tokenId, expire_time: expireTimeOf(grant) }
  return Response.json(answer, { status: 201, headers: NO_STORE })
}

async function grantOf(control: ResourceRequest): Promise<LinkGrant> {
  const { permission, expires_in: seconds, host } = control.body as TokenBody
  const resource = idOf(control)
  const grant = await callControlPlane(control.context, control.type, control.caller, 'grant', { id: resource })
  if (host !== undefined && !grant.hosts?.includes(host)) {
    throw new ResourceError('invalid_request', `${host} is not a host of this resource: add it to its hosts first.`, {
      details: { parameter: 'host' },
    })
  }
  const endsAt = Math.floor(Date.now() / 1000) + seconds
  const claims = { type: control.type.name, resource, permission, generation: grant.generation, endsAt }
  return { claims, plural: control.type.plural, ...(host === undefined ? {} : { host }) }
}

function expireTimeOf({ claims }: LinkGrant): string {
  return new Date(claims.endsAt * 1000).toISOString()
}

const NO_STORE = { 'cache-control': 'no-store' }
