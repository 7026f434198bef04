// The identifier of a resource: `<type>-<label>-<cell>-<tag>`. It is all that anybody needs to reach the resource, so it says where
// the resource lives (cell) and proves that this deployment issued it (tag). Pure syntax here; keys are in keyring.ts. Types that are
// addressed by the platform's own identifiers have `<type>-u<52 characters>-<cell>`: what proves that one was issued is in the 52.

import { CROCKFORD_CLASS, fromCrockford, randomCrockford, toCrockford } from './crockford.ts'
import { CELL_CODE } from './cell.ts'
import type { Keyring, KeyReference } from './keyring.ts'

interface Parts {
  /** Always exactly the text that was parsed: there is one spelling only. */
  readonly id: string
  readonly type: string
  readonly cell: string
}

/** Of an object whose name is computed from the identifier. */
export interface NamedResourceId extends Parts {
  readonly format: 'named'
  readonly label: string
  readonly tag: string
}

/** Of an object that the platform named. */
export interface UniqueResourceId extends Parts {
  readonly format: 'unique'
  /** The platform's own identifier: 64 hexadecimal digits. */
  readonly objectId: string
}

/** The parts of a well-formed identifier. */
export type ResourceId = NamedResourceId | UniqueResourceId

/** A DNS label holds 63 octets, and an identifier must be able to be a host name of its own. */
export const MAX_ID_LENGTH = 63
/** One character names the key, seven carry 35 bits of HMAC: a ghost passes once in 34 thousand million tries. */
export const TAG_LENGTH = 8
const LABEL_LENGTH = 16
const SLUG_LENGTH = 16
const SLUG_RANDOM_LENGTH = 12

/** Resource type names; also the first part of every identifier. */
export const TYPE_NAME: RegExp = /^[a-z][a-z0-9]{1,11}$/

/** First path segments and hosts that the server keeps for itself, and its own type: never a type name, never a plural. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  'v1',
  'client',
  'healthz',
  'readyz',
  'metrics',
  'assets',
  'account',
  'accounts',
])

const PATTERN = new RegExp(
  `^(${TYPE_NAME.source.slice(1, -1)})-` +
    `(${CROCKFORD_CLASS}{${LABEL_LENGTH}}|([a-z0-9]+(?:-[a-z0-9]+)*)-${CROCKFORD_CLASS}{${SLUG_RANDOM_LENGTH}})-` +
    `(${CELL_CODE.source.slice(1, -1)})-(${CROCKFORD_CLASS}{${TAG_LENGTH}})$`,
)

const OBJECT_ID_BYTES = 32
const UNIQUE_LENGTH = 52
const UNIQUE_PATTERN = new RegExp(
  `^(${TYPE_NAME.source.slice(1, -1)})-u(${CROCKFORD_CLASS}{${UNIQUE_LENGTH}})-(${CELL_CODE.source.slice(1, -1)})$`,
)
/** Of either format: the longest type and cell around a platform's identifier. */
export const MAX_TEXT_LENGTH = 75

/** Parses an identifier; answers undefined for anything that is not exactly one. Whether it was ever issued, the tag tells. */
export function parseResourceId(text: string): ResourceId | undefined {
  if (text.length > MAX_TEXT_LENGTH) return undefined
  return parseNamed(text) ?? parseUnique(text)
}

function parseUnique(text: string): UniqueResourceId | undefined {
  const [, type = '', characters = '', cell = ''] = UNIQUE_PATTERN.exec(text) ?? []
  const bytes = fromCrockford(characters, OBJECT_ID_BYTES)
  return bytes && { format: 'unique', id: text, type, cell, objectId: toHex(bytes) }
}

/** Whether an identifier that is one is of a resource that the platform has named. On the path of every request. */
export function isPlatformMade(id: string): boolean {
  return (
    id.charAt(id.indexOf('-') + 1) === 'u' &&
    id.indexOf('-', id.indexOf('-') + 1) - id.indexOf('-') === UNIQUE_LENGTH + 2
  )
}

/** The identifier of an object that the platform has named. @param objectId 64 hexadecimal digits */
export function uniqueResourceId(type: string, cell: string, objectId: string): UniqueResourceId {
  // One byte more fills the last character.
  const bytes = new Uint8Array(OBJECT_ID_BYTES + 1)
  bytes.set((objectId.match(/../g) ?? []).map((digits) => Number.parseInt(digits, 16)))
  const id = `${type}-u${toCrockford(bytes, UNIQUE_LENGTH)}-${cell}`
  return { format: 'unique', id, type, cell, objectId }
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function parseNamed(text: string): NamedResourceId | undefined {
  if (text.length > MAX_ID_LENGTH) return undefined
  const match = PATTERN.exec(text)
  if (match === null) return undefined
  const [, type = '', label = '', slug, cell = '', tag = ''] = match
  if (slug !== undefined && slug.length > SLUG_LENGTH) return undefined
  return { format: 'named', id: text, type, label, cell, tag }
}

/**
 * Mints a new identifier, never used before: 80 random bits, or 60 behind a slug of the name.
 *
 * @param type a declared type's name @param cell the code of the cell in which the resource will live
 * @param name when given, the label begins with a slug of it (cosmetic: renaming does not change the identifier)
 */
export async function mintResourceId(
  keyring: Keyring,
  type: string,
  cell: string,
  name?: string,
): Promise<NamedResourceId> {
  const slug = name === undefined ? '' : toSlug(name)
  const label = slug === '' ? randomCrockford(LABEL_LENGTH) : `${slug}-${randomCrockford(SLUG_RANDOM_LENGTH)}`
  return signed(keyring, { type, label, cell })
}

/**
 * The identifier with a label that somebody else has made. @param key that signs; default: the newest
 */
export async function signed(
  keyring: Keyring,
  { type, label, cell }: Pick<NamedResourceId, 'type' | 'label' | 'cell'>,
  key?: KeyReference,
): Promise<NamedResourceId> {
  const body = `${type}-${label}-${cell}`
  const tag = await keyring.sign(body, key)
  return { format: 'named', id: `${body}-${tag}`, type, label, cell, tag }
}

/** Answers whether this deployment (or one whose verify-only key it holds) issued the identifier. Touches nothing. */
export function verifyResourceId(keyring: Keyring, id: NamedResourceId): Promise<boolean> {
  return keyring.verify(id.id.slice(0, -TAG_LENGTH - 1), id.tag)
}

/** The key that issued the identifier. Touches nothing. */
export function signerOfResourceId(keyring: Keyring, id: NamedResourceId): Promise<KeyReference | undefined> {
  return keyring.signerOf(id.id.slice(0, -TAG_LENGTH - 1), id.tag)
}

/** The cosmetic part of a label: at most 16 characters of `[a-z0-9-]`, or nothing when the name has none. */
export function toSlug(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, SLUG_LENGTH)
    .replace(/-+$/, '')
}
