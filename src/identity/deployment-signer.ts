// The signer of a whole deployment. What signs the operator in is not signed by the token keys: a builder's backend has those, to make
// tokens for content, and is no operator for that. Its keys follow from the operator keys, and end with them.

import { base64url } from 'jose'
import { createTokenSigner, type TokenKey, type TokenSigner, type TokenUse } from './token.ts'

/** As the secrets file has them. */
export interface SigningSecrets {
  readonly deployment: string
  readonly tokenKeys: readonly TokenKey[]
  readonly operatorKeys: readonly string[]
}

/** @throws TypeError without token keys; `mint` also, for the operator, where there is no operator key */
export function createDeploymentSigner({ deployment, tokenKeys, operatorKeys }: SigningSecrets): TokenSigner {
  const content = createTokenSigner(deployment, tokenKeys)
  const operator = createOperatorSigner(deployment, operatorKeys)
  return {
    mint: (claims, tokenId) => (isOperators(claims.use) ? operator : content).mint(claims, tokenId),
    verify: (token, use) => (isOperators(use) ? operator : content).verify(token, use),
  }
}

/** @param operatorKeys oldest first; the last one signs, all verify */
export function createOperatorSigner(deployment: string, operatorKeys: readonly string[]): TokenSigner {
  // Made for each token: an operator signs in now and then, and what was verified is remembered (TokenCache).
  const open = async (): Promise<TokenSigner> =>
    createTokenSigner(deployment, await Promise.all(operatorKeys.map(toTokenKey)))
  return {
    mint: async (claims, tokenId) => (await open()).mint(claims, tokenId),
    verify: async (token, use) => (operatorKeys.length === 0 ? undefined : (await open()).verify(token, use)),
  }
}

function isOperators(use: TokenUse): boolean {
  return use === 'operator-code' || use === 'operator-session'
}

/** One way: neither the key nor its name, which stands in every token, tells the operator key. */
async function toTokenKey(operatorKey: string): Promise<TokenKey> {
  const [id, key] = await Promise.all(
    ['name', 'key'].map((what) => digestOf(`biplane operator token ${what}\n${operatorKey}`)),
  )
  return { id: base64url.encode(id as Uint8Array).slice(0, 10), key: base64url.encode(key as Uint8Array) }
}

async function digestOf(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
}
