// API keys of accounts: `bp_<account id>_<secret><mac>`. Whatever was not issued here fails at the edge, by its form or by its mac, and
// never touches an object; what was issued is looked up in the account's own object, which keeps a hash of the whole key.

import { CROCKFORD_CLASS, randomCrockford } from './crockford.ts'
import type { Keyring } from './keyring.ts'
import { MAX_ID_LENGTH, TAG_LENGTH, parseResourceId } from './resource-id.ts'

/** The parts of a well-formed key. */
export interface ApiKey {
  /** All of it: what its owner keeps to himself. */
  readonly text: string
  /** Identifier of the account. */
  readonly account: string
  /** Public: the beginning of the secret, by which a key is listed and revoked. */
  readonly keyId: string
}

const PREFIX = 'bp_'
/** 160 random bits, of which 50 are public as the key's id: 110 stay secret. */
const SECRET_LENGTH = 32
const KEY_ID_LENGTH = 10
const MAX_LENGTH = PREFIX.length + MAX_ID_LENGTH + 1 + SECRET_LENGTH + TAG_LENGTH

const PATTERN = new RegExp(
  `^${PREFIX}([a-z0-9-]+)_(${CROCKFORD_CLASS}{${SECRET_LENGTH}})${CROCKFORD_CLASS}{${TAG_LENGTH}}$`,
)

/** The syntax of a key's public id. */
export const KEY_ID: RegExp = new RegExp(`^${CROCKFORD_CLASS}{${KEY_ID_LENGTH}}$`)

/** Whether something presented as a credential means to be a key. */
export function looksLikeApiKey(text: string): boolean {
  return text.startsWith(PREFIX)
}

/** Answers undefined for anything that is not exactly a key. Whether it was ever issued, {@link verifyApiKey} tells. */
export function parseApiKey(text: string): ApiKey | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const [, account = '', secret = ''] = PATTERN.exec(text) ?? []
  if (parseResourceId(account) === undefined) return undefined
  return { text, account, keyId: secret.slice(0, KEY_ID_LENGTH) }
}

/** Makes a new key for an account. */
export async function mintApiKey(keyring: Keyring, account: string): Promise<ApiKey> {
  const secret = randomCrockford(SECRET_LENGTH)
  const body = `${PREFIX}${account}_${secret}`
  return { text: body + (await keyring.sign(body)), account, keyId: secret.slice(0, KEY_ID_LENGTH) }
}

/** Whether this deployment issued the key. Touches nothing; whether the key is still good, only the account's object knows. */
export function verifyApiKey(keyring: Keyring, { text }: ApiKey): Promise<boolean> {
  // An identifier has no underscore, so no tag of one is ever the mac of a key.
  return keyring.verify(text.slice(0, -TAG_LENGTH), text.slice(-TAG_LENGTH))
}

/** What the account's object keeps: 64 hexadecimal digits. The secret is random, so no salt and no slow hash are needed. */
export async function hashApiKey({ text }: ApiKey): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
