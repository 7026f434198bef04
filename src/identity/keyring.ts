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
  /** Known, and not used yet: until every cell knows it. It stands before the one that signs. */
  readonly prepared?: boolean
}

export interface Keyring {
  /**
   * The tag of a body: a key's id and seven characters of HMAC-SHA-256.
   *
   * @param key default: the newest key that may sign. What must come out the same for all time names its key, also one that is
   * verify-only: what it then signs, its own deployment would sign alike.
   */
  sign(body: string, key?: KeyReference): Promise<string>
  /** Sixteen characters of HMAC-SHA-256, 80 bits. @throws TypeError for a key that the ring does not have */
  derive(text: string, key: KeyReference): Promise<string>
  /** The oldest key that is this deployment's own: keys are added and never taken away, so it stays the same for all time. */
  readonly firstKey: KeyReference
  /** The key of this ring that made that tag. */
  signerOf(body: string, tag: string): Promise<KeyReference | undefined>
  /** Whether a key of this ring made that tag. */
  verify(body: string, tag: string): Promise<boolean>
}

/** One key of a ring, of which several may have one id. Means nothing outside the ring. */
export type KeyReference = string

const HMAC = { name: 'HMAC', hash: 'SHA-256' }
const encoder = new TextEncoder()

/**
 * Every new deployment calls its first key `1`, so the keys of two deployments share an id: a tag is then tried with each of them.
 *
 * @param keys oldest first; the last one that is not verify-only signs
 * @throws TypeError when no key can sign, or two that sign share an id
 */
export function createKeyring(keys: readonly IdentifierKey[]): Keyring {
  const own = keys.filter((key) => key.verifyOnly !== true)
  const [first, signer] = [own.find(({ prepared }) => prepared !== true), own.at(-1)]
  if (first === undefined || signer === undefined) throw new TypeError('no identifier key that may sign')
  if (new Set(own.map(({ id }) => id)).size !== own.length) throw new TypeError('two identifier keys share an id')
  const imported = new Map<KeyReference, { readonly id: string; readonly key: Promise<CryptoKey> }>()
  const byId = new Map<string, KeyReference[]>()
  // This deployment's own first: nearly all that is verified is its own.
  for (const key of [...own, ...keys.filter(({ verifyOnly }) => verifyOnly === true)]) {
    const { id } = key
    const reference = imported.has(id) ? `${id} ${imported.size}` : id
    imported.set(reference, { id, key: importKey(key) })
    byId.set(id, [...(byId.get(id) ?? []), reference])
  }

  async function signerOf(body: string, tag: string): Promise<KeyReference | undefined> {
    for (const reference of byId.get(tag.charAt(0)) ?? []) if (tag === (await tagOf(body, reference))) return reference
    return undefined
  }

  async function tagOf(body: string, reference: KeyReference): Promise<string> {
    const mac = await macOf(body, reference)
    return (imported.get(reference)?.id ?? '') + toCrockford(mac, 7)
  }

  async function macOf(text: string, reference: KeyReference): Promise<Uint8Array> {
    const known = imported.get(reference)
    if (known === undefined) throw new TypeError(`no identifier key "${reference}"`)
    return new Uint8Array(await crypto.subtle.sign('HMAC', await known.key, encoder.encode(text)))
  }

  return {
    firstKey: first.id,
    sign: (body, key = signer.id) => tagOf(body, key),
    derive: async (text, key) => toCrockford(await macOf(text, key), 16),
    signerOf,
    verify: async (body, tag) => (await signerOf(body, tag)) !== undefined,
  }
}

async function importKey(key: IdentifierKey): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', base64url.decode(key.key), HMAC, false, ['sign'])
}
