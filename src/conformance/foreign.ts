// Identifiers that look like one that a deployment issued, and that it never did.

import { TAG_LENGTH, parseResourceId } from '../identity/resource-id.ts'

/** The first is well-formed: another deployment's could look like it. A tag fits by chance once in 34 thousand million tries. */
export function neverIssued(id: string): readonly string[] {
  const parsed = parseResourceId(id)
  if (parsed === undefined) return ['garbage']
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

function otherThan(character: string | undefined): string {
  return character === '0' ? '1' : '0'
}
