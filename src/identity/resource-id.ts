// The identifier of a resource: `<type>-<label>-<cell>-<tag>`. It is all that anybody needs to reach the resource, so it says where
// the resource lives (cell) and proves that this deployment issued it (tag). Pure syntax here; keys are in keyring.ts.

import { CROCKFORD_CLASS, randomCrockford } from './crockford.ts'
import { CELL_CODE } from './cell.ts'
import type { Keyring } from './keyring.ts'

/** The parts of a well-formed identifier. `id` is always exactly the text that was parsed: there is one spelling only. */
export interface ResourceId {
  readonly id: string
  readonly type: string
  readonly label: string
  readonly cell: string
  readonly tag: string
}

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

/** Parses an identifier; answers undefined for anything that is not exactly one. Whether it was ever issued, the tag tells. */
export function parseResourceId(text: string): ResourceId | undefined {
  if (text.length > MAX_ID_LENGTH) return undefined
  const match = PATTERN.exec(text)
  if (match === null) return undefined
  const [, type = '', label = '', slug, cell = '', tag = ''] = match
  if (slug !== undefined && slug.length > SLUG_LENGTH) return undefined
  return { id: text, type, label, cell, tag }
}

/**
 * Mints a new identifier, never used before: 80 random bits, or 60 behind a slug of the name.
 *
 * @param type a declared type's name @param cell the code of the cell in which the resource will live
 * @param name when given, the label begins with a slug of it (cosmetic: renaming does not change the identifier)
 */
export async function mintResourceId(keyring: Keyring, type: string, cell: string, name?: string): Promise<ResourceId> {
  const slug = name === undefined ? '' : toSlug(name)
  const label = slug === '' ? randomCrockford(LABEL_LENGTH) : `${slug}-${randomCrockford(SLUG_RANDOM_LENGTH)}`
  const body = `${type}-${label}-${cell}`
  const tag = await keyring.sign(body)
  return { id: `${body}-${tag}`, type, label, cell, tag }
}

/** Answers whether this deployment (or one whose verify-only key it holds) issued the identifier. Touches nothing. */
export function verifyResourceId(keyring: Keyring, id: ResourceId): Promise<boolean> {
  return keyring.verify(id.id.slice(0, -TAG_LENGTH - 1), id.tag)
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
