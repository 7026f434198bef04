// Resources that are reached by the name that their owner gave: the identifier, and with it the object, is computed from (type, account,
// name) by anybody who has the keys. It must come out the same for all time, also after keys were rotated, and in a deployment into
// which the account was imported. So the key is not the newest one, but the one by which the account's own identifier is signed.

import type { Keyring, KeyReference } from './keyring.ts'
import { parseResourceId, signed, signerOfResourceId, type NamedResourceId } from './resource-id.ts'

/** The form of a name that decides whether two are the same: NFC and case-folded. Applying it twice is applying it once. */
export function toNameKey(name: string): string {
  // Upper case lies between, as some letters have no lower case of their own; what comes of it need not be composed any more.
  return name.normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC')
}

/**
 * Whether a name can be an address: it can stand in a path (`.` and `..` cannot), and means the same under every release of Unicode, which
 * may yet fold characters that are not assigned.
 */
export function isAddressable(name: string): boolean {
  return name !== '.' && name !== '..' && !/\p{Cn}/u.test(name)
}

/** Where an account's names lead. */
export interface NameHome {
  readonly account: string
  /** The one cell of all its names: a name must lead to one place. */
  readonly cell: string
  /** Of the key that makes and signs their identifiers. */
  readonly key: KeyReference
  /** Whether the account is an identifier that was issued, and not a text of which nobody knows anything. */
  readonly isIssued: boolean
}

/**
 * @param root the cell of the deployment's own account: of all names where accounts are no identifiers of ours; their key is the
 * deployment's first
 */
export async function nameHomeOf(keyring: Keyring, account: string, root: string): Promise<NameHome> {
  const id = parseResourceId(account)
  // Of several keys of one id, that which made the tag: in the deployment that the account came from it is the only one.
  const key = id?.format === 'named' && id.type === 'account' ? await signerOfResourceId(keyring, id) : undefined
  return id === undefined || key === undefined
    ? { account, cell: root, key: keyring.firstKey, isIssued: false }
    : { account, cell: id.cell, key, isIssued: true }
}

/** The identifier of what an account calls so. Nothing is looked up: whether there is such a resource, only its object knows. */
export async function namedResourceId(
  keyring: Keyring,
  type: string,
  { account, cell, key }: NameHome,
  name: string,
): Promise<NamedResourceId> {
  // A type has no line break and neither has a name: two that differ are two texts. No identifier begins like this, and no key.
  const label = await keyring.derive(`biplane name\n${type}\n${account}\n${toNameKey(name)}`, key)
  return signed(keyring, { type, label, cell }, key)
}
