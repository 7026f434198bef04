// The keys that sign identifiers. A tag is no authorisation: it lets the edge refuse an identifier that was never issued without
// touching any object (on workerd a touch leaves a file behind, on Cloudflare it costs money).

import { base64url } from 'jose'
import { toCrockford } from './crockford.ts'

/** One identifier key. `id` is one Crockford character, carried by every tag that the key signed. */
export interface IdentifierKey {
  readonly id: string
  /** base64url, 32 bytes */
  readonly key: string
  /** Keys of an imported deployment verify, but never sign. */
  readonly verifyOnly?: boolean
}

export interface Keyring {
  /** The tag of a body: the newest signing key's id and seven characters of HMAC-SHA-256. */
  sign(body: string): Promise<string>
  /** Whether a key of this ring made that tag. */
  verify(body: string, tag: string): Promise<boolean>
}

const HMAC = { name: 'HMAC', hash: 'SHA-256' }
const encoder = new TextEncoder()

/**
 * @param keys oldest first; the last one that is not verify-only signs
 * @throws TypeError when no key can sign, or two share an id
 */
export function createKeyring(keys: readonly IdentifierKey[]): Keyring {
  const imported = new Map(keys.map((key) => [key.id, importKey(key)]))
  const signer = keys.findLast((key) => key.verifyOnly !== true)
  if (signer === undefined) throw new TypeError('no identifier key that may sign')
  if (imported.size !== keys.length) throw new TypeError('two identifier keys share an id')

  return {
    sign: (body) => tagOf(body, signer.id),
    verify: async (body, tag) => imported.has(tag.charAt(0)) && tag === (await tagOf(body, tag.charAt(0))),
  }

  async function tagOf(body: string, keyId: string): Promise<string> {
    const key = imported.get(keyId)
    if (key === undefined) throw new TypeError(`no identifier key "${keyId}"`)
    const mac = await crypto.subtle.sign('HMAC', await key, encoder.encode(body))
    return keyId + toCrockford(new Uint8Array(mac, 0, 5), 7)
  }
}

async function importKey(key: IdentifierKey): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', base64url.decode(key.key), HMAC, false, ['sign'])
}
