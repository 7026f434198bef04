// Identifiers that look like one that a deployment issued, and that it never did.

import { TAG_LENGTH, parseResourceId, uniqueResourceId, type UniqueResourceId } from '../identity/resource-id.ts'

/** The first is well-formed: another deployment's could look like it. A tag fits by chance once in 34 thousand million tries. */
export function neverIssued(id: string): readonly string[] {
  const parsed = parseResourceId(id)
  if (parsed === undefined) return ['garbage']
  if (parsed.format === 'unique') return neverMade(parsed)
  const { type, label, cell, tag } = parsed
  const otherLabel = label.slice(0, -1) + otherThan(label.at(-1))
  const otherTag = tag.slice(0, -1) + otherThan(tag.at(-1))
  return [
    `${type}-${label}-${cell}-${otherTag}`,
    `${type}-${otherLabel}-${cell}-${tag}`,
    `${type === 'zebra' ? 'horse' : 'zebra'}-${label}-${cell}-${tag}`,
    `${type}-${'0'.repeat(label.length)}-${cell}-${'0'.repeat(TAG_LENGTH)}`,
    id.toUpperCase(),
    `${id}x`,
    'garbage',
  ]
}

/** The engine's own mac is in the second half of its identifiers. */
function neverMade({ id, type, cell, objectId }: UniqueResourceId): readonly string[] {
  const middle = objectId.length / 2
  return [
    uniqueResourceId(type, cell, objectId.slice(0, -1) + otherThan(objectId.at(-1))).id,
    uniqueResourceId(type, cell, otherThan(objectId.at(0)) + objectId.slice(1)).id,
    uniqueResourceId(type, cell, objectId.slice(middle) + objectId.slice(0, middle)).id,
    uniqueResourceId(type, cell, '0'.repeat(objectId.length)).id,
    uniqueResourceId(type === 'zebra' ? 'horse' : 'zebra', cell, objectId).id,
    // Bits that no byte fills.
    id.replace(`-${cell}`, '').slice(0, -1) + otherThan('0') + `-${cell}`,
    id.toUpperCase(),
    `${id}x`,
    'garbage',
  ]
}

function otherThan(character: string | undefined): string {
  return character === '0' ? '1' : '0'
}
