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
  /**
   * The tag of a body: a key's id and seven characters of HMAC-SHA-256.
   *
   * @param keyId default: the newest key that may sign. What must come out the same for all time names its key, also one that is
   * verify-only: what it then signs, its own deployment would sign alike.
   */
  sign(body: string, keyId?: string): Promise<string>
  /** Sixteen characters of HMAC-SHA-256, 80 bits. @throws TypeError for a key that the ring does not have */
  derive(text: string, keyId: string): Promise<string>
  /** The oldest key that is this deployment's own: keys are added and never taken away, so it stays the same for all time. */
  readonly firstKey: string
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
  const own = keys.filter((key) => key.verifyOnly !== true)
  const [first, signer] = [own[0], own.at(-1)]
  if (first === undefined || signer === undefined) throw new TypeError('no identifier key that may sign')
  if (imported.size !== keys.length) throw new TypeError('two identifier keys share an id')

  return {
    firstKey: first.id,
    sign: (body, keyId = signer.id) => tagOf(body, keyId),
    derive: async (text, keyId) => toCrockford(await macOf(text, keyId), 16),
    verify: async (body, tag) => imported.has(tag.charAt(0)) && tag === (await tagOf(body, tag.charAt(0))),
  }

  async function tagOf(body: string, keyId: string): Promise<string> {
    return keyId + toCrockford(await macOf(body, keyId), 7)
  }

  async function macOf(text: string, keyId: string): Promise<Uint8Array> {
    const key = imported.get(keyId)
    if (key === undefined) throw new TypeError(`no identifier key "${keyId}"`)
    return new Uint8Array(await crypto.subtle.sign('HMAC', await key, encoder.encode(text)))
  }
}

async function importKey(key: IdentifierKey): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', base64url.decode(key.key), HMAC, false, ['sign'])
}
