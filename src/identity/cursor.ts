// The opaque position in a list: a map shard -> last create_time seen, so that lists over several shards can come without changing
// what clients hold. Clients must not look inside; the server accepts anything and refuses what it did not make.

import { base64url } from 'jose'

/** Shard ('' for the root object) -> the last position that was returned (exclusive). */
export type CursorPositions = Readonly<Record<string, number>>

const decoder = new TextDecoder()

export function formatCursor(positions: CursorPositions): string {
  return base64url.encode(JSON.stringify(positions))
}

/** Answers undefined for anything that {@link formatCursor} did not make. */
export function parseCursor(text: string): CursorPositions | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(base64url.decode(text)))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return Object.values(value).every((position) => Number.isSafeInteger(position) && position >= 0)
      ? (value as CursorPositions)
      : undefined
  } catch {
    return undefined
  }
}
