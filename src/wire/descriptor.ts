// The desired state of one resource: the only thing that the control plane ever tells a data plane object, always whole. Suspending,
// resuming, deleting, restoring, revoking tokens, changing limits are all "the next version of the descriptor".

import type { ObjectPlace } from '../identity/cell.ts'

export type Mode = 'active' | 'read_only' | 'suspended' | 'deleted'
export type Visibility = 'private' | 'public-read' | 'public'

export interface ResourceLimits {
  /** Bytes of the object's own database; enforced inside the object. */
  readonly bytes: number
}

/** Plain data: crosses RPC and is stored as JSON in both objects. */
export interface Descriptor {
  readonly id: string
  readonly type: string
  readonly account: string
  /** Name of the control plane object that holds the catalog row. */
  readonly shard: string
  /** Fences lifecycle calls: a counter of the shard, another one for every creation. */
  readonly incarnation: number
  /** Orders the descriptors of one incarnation. */
  readonly version: number
  readonly mode: Mode
  /** It is just being moved: nothing of it may change, for a moment. The mode is `read_only` or stricter, for whoever does not know this. */
  readonly moving?: true
  readonly visibility: Visibility
  readonly limits: ResourceLimits
  /** Tokens of an older generation are revoked. */
  readonly generation: number
  /** Single tokens that were revoked before their end; absent = none. */
  readonly revoked?: readonly RevokedToken[]
  /** Origins that browsers may call from (CORS), exact, such as `https://app.example`. */
  readonly allowedOrigins: readonly string[]
  /** Host names of the owner's own (`notes.example.org`) under which the object may be reached; absent = none. */
  readonly hosts?: readonly string[]
  /** The type's own settings. */
  readonly settings: Readonly<Record<string, unknown>>
}

export interface RevokedToken {
  readonly tokenId: string
  /** Nobody needs to remember it after this. Milliseconds since 1970. */
  readonly expiresAtMs: number
}

/** What remains of a purged resource: enough to refuse a late call of an older incarnation. */
export interface Tombstone {
  readonly id: string
  readonly incarnation: number
  readonly version: number
  readonly purgedAtMs: number
}

/** What remains of a resource where it was before it was moved: enough to send requests after it, and to refuse late calls. */
export interface Moved {
  readonly id: string
  readonly incarnation: number
  readonly version: number
  readonly to: ObjectPlace
  readonly movedAtMs: number
}

/** What is being filled with content from elsewhere, and not opened yet. */
export interface Arriving {
  readonly descriptor: Descriptor
  /** Where the resource is until then; absent for one that is nowhere else. */
  readonly from?: ObjectPlace
  /** Whether the content is complete: only then may a newer descriptor open it. */
  readonly isComplete: boolean
}

/** What an object holds about itself. */
export type Held =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'descriptor'; readonly descriptor: Descriptor }
  | { readonly kind: 'arriving'; readonly arriving: Arriving }
  | { readonly kind: 'tombstone'; readonly tombstone: Tombstone }
  | { readonly kind: 'moved'; readonly moved: Moved }

/** -1, 0 or 1: the order of (incarnation, version) pairs. */
export function compareVersions(
  a: { readonly incarnation: number; readonly version: number },
  b: { readonly incarnation: number; readonly version: number },
): number {
  return Math.sign(a.incarnation - b.incarnation || a.version - b.version)
}
