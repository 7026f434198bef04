// Tokens signed with a server's own keys: what otherwise only the server could make, such as a session in its second half.

import { createDeploymentSigner } from '../../src/identity/deployment-signer.ts'
import type { TokenClaims } from '../../src/identity/token.ts'
import type { TestServer } from './server.ts'

/** A token for a resource's content, valid for a minute, with write permission, unless `changes` say otherwise. */
export function forgeToken(
  server: TestServer,
  resource: string,
  changes: Partial<Omit<TokenClaims, 'tokenId'>> = {},
): Promise<string> {
  const expiresAt = changes.expiresAt ?? Math.floor(Date.now() / 1000) + 60
  return createDeploymentSigner(server.secrets).mint({
    use: 'resource',
    type: resource.slice(0, resource.indexOf('-')),
    resource,
    permission: 'write',
    generation: 1,
    endsAt: expiresAt,
    ...changes,
    expiresAt,
  })
}

/** What a cookie holds, without checking it. */
export function claimsOf(cookie: string): { perm: string; gen: number; exp: number; end: number } {
  const [, payload = ''] = cookie.slice(cookie.indexOf('=') + 1).split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as ReturnType<typeof claimsOf>
}
