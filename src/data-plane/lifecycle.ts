// The lifecycle of one object as pure decisions: what it holds and what it is told -> what it must do. The state table of
// ARCHITECTURE.md, row by row; object.ts carries the decisions out.

import { isPlatformMade } from '../identity/resource-id.ts'
import { includesPermission } from '../identity/token.ts'
import { compareVersions, type Descriptor, type Held, type Tombstone, type Visibility } from '../wire/descriptor.ts'
import { ResourceError } from '../wire/errors.ts'
import type { DataMethods } from '../wire/planes.ts'
import type { Principal } from '../wire/principal.ts'

export type ApplyDecision =
  /** First descriptor of an incarnation: run the type's onCreate in the same transaction. */
  | { readonly do: 'create' }
  | { readonly do: 'store' }
  /** Another creation, while what the one before left is still here: to be wiped first, and then decided anew. */
  | { readonly do: 'replace'; readonly tombstone: Tombstone }
  /** A deletion of something that never came to be, or came and went: remember it, so that a late creation is refused. */
  | { readonly do: 'tombstone' }
  | {
      readonly do: 'nothing'
      readonly outcome: 'held' | 'refused'
      readonly reason?: 'not_after' | 'tombstone' | 'moved' | 'arriving'
    }

export function decideApply(held: Held, descriptor: Descriptor, nowMs: number, notAfterMs: number): ApplyDecision {
  if (held.kind === 'descriptor') {
    if (descriptor.incarnation > held.descriptor.incarnation && descriptor.mode !== 'deleted')
      return replace(held.descriptor, nowMs, notAfterMs)
    return compareVersions(descriptor, held.descriptor) > 0 ? { do: 'store' } : { do: 'nothing', outcome: 'held' }
  }
  if (held.kind === 'arriving') {
    const { descriptor: known, isComplete } = held.arriving
    if (descriptor.incarnation > known.incarnation && descriptor.mode !== 'deleted')
      return replace(known, nowMs, notAfterMs)
    if (compareVersions(descriptor, known) <= 0) return { do: 'nothing', outcome: 'held' }
    // Nobody shall see a part of it; what is deleted shows nothing.
    if (isComplete || descriptor.mode === 'deleted') return { do: 'store' }
    return { do: 'nothing', outcome: 'refused', reason: 'arriving' }
  }
  if (held.kind === 'moved' && descriptor.incarnation <= held.moved.incarnation)
    return { do: 'nothing', outcome: 'refused', reason: 'moved' }
  if (held.kind === 'tombstone' && descriptor.incarnation <= held.tombstone.incarnation) {
    return { do: 'nothing', outcome: 'refused', reason: 'tombstone' }
  }
  if (descriptor.mode === 'deleted') return { do: 'tombstone' }
  if (nowMs > notAfterMs) return { do: 'nothing', outcome: 'refused', reason: 'not_after' }
  return { do: 'create' }
}

function replace({ id, incarnation, version }: Descriptor, nowMs: number, notAfterMs: number): ApplyDecision {
  return nowMs > notAfterMs
    ? { do: 'nothing', outcome: 'refused', reason: 'not_after' }
    : { do: 'replace', tombstone: { id, incarnation, version, purgedAtMs: nowMs } }
}

export type PurgeDecision =
  /** `remains`: what is remembered of it here. */
  { readonly do: 'wipe'; readonly remains: Held } | { readonly do: 'nothing'; readonly outcome: 'refused' }

/** What was wiped is wiped again: what remains is written before the wipe begins, so it does not say that the wipe came to its end. */
export function decidePurge(held: Held, purge: DataMethods['purge']['args'], nowMs: number): PurgeDecision {
  const holder = holderOf(held)
  if (holder !== undefined && holder.incarnation > purge.incarnation) return { do: 'nothing', outcome: 'refused' }
  if (purge.onlyOf !== undefined && !isOwn(held, purge.incarnation, purge.onlyOf))
    return { do: 'nothing', outcome: 'refused' }
  // Its content is elsewhere: who does not know that must not think that it is gone.
  if (held.kind === 'moved' && purge.isMarker !== true) return { do: 'nothing', outcome: 'refused' }
  const { id, incarnation, version, to } = purge
  const remains: Held =
    to === undefined
      ? { kind: 'tombstone', tombstone: { id, incarnation, version, purgedAtMs: nowMs } }
      : { kind: 'moved', moved: { id, incarnation, version, to, movedAtMs: nowMs } }
  return { do: 'wipe', remains }
}

export type ForgetDecision =
  | { readonly do: 'empty' }
  | { readonly do: 'nothing'; readonly outcome: 'forgotten' | 'refused' }

/** @param isMarker also what sends on to another place */
export function decideForget(held: Held, incarnation: number, isMarker: boolean = false): ForgetDecision {
  switch (held.kind) {
    case 'nothing':
      return { do: 'nothing', outcome: 'forgotten' }
    case 'descriptor':
    case 'arriving':
      return { do: 'nothing', outcome: 'refused' }
    case 'moved':
      return isMarker && held.moved.incarnation <= incarnation ? { do: 'empty' } : { do: 'nothing', outcome: 'refused' }
    case 'tombstone':
      return held.tombstone.incarnation <= incarnation ? { do: 'empty' } : { do: 'nothing', outcome: 'refused' }
  }
}

/** What orders lifecycle calls among what an object holds; undefined when it holds nothing. */
function holderOf(held: Held): { readonly incarnation: number; readonly version: number } | undefined {
  switch (held.kind) {
    case 'nothing':
      return undefined
    case 'descriptor':
      return held.descriptor
    case 'arriving':
      return held.arriving.descriptor
    case 'tombstone':
      return held.tombstone
    case 'moved':
      return held.moved
  }
}

/** Whether all of the content that is here is that account's, in that incarnation. */
export function isOwn(held: Held, incarnation: number, account: string): boolean {
  if (held.kind === 'moved') return false
  const known =
    held.kind === 'descriptor' ? held.descriptor : held.kind === 'arriving' ? held.arriving.descriptor : undefined
  return known === undefined || (known.incarnation === incarnation && known.account === account)
}

/** Whether an object lets a resource go: what it holds is not newer than what has been taken over. */
export function mayLeave(held: Held, left: { readonly incarnation: number; readonly version: number }): boolean {
  const holder = holderOf(held)
  return held.kind !== 'tombstone' && (holder === undefined || compareVersions(left, holder) >= 0)
}

/** What of a token decides whether it was revoked. */
export interface TokenMark {
  readonly generation?: number
  readonly tokenId?: string
}

/** With all the others, or alone. On the path of every request: nothing is made. */
export function isRevoked({ generation, revoked }: Descriptor, token: TokenMark): boolean {
  if ((token.generation ?? 0) < generation) return true
  if (revoked === undefined) return false
  for (const { tokenId } of revoked) if (tokenId === token.tokenId) return true
  return false
}

/** A cookie that was revoked is as good as none: a browser sends it whether its user means it or not. */
export function withoutStaleCookie(held: Held, principal: Principal): Principal {
  const isStale = principal.via === 'cookie' && held.kind === 'descriptor' && isRevoked(held.descriptor, principal)
  if (!isStale) return principal
  const { permission: _permission, generation: _generation, tokenId: _tokenId, ...rest } = principal
  return { ...rest, via: 'none' }
}

/**
 * The gate of every request: answers the refusal, or undefined when it may pass.
 *
 * Order: what the resource is (404, 410, suspended) before who is asking (401, 403), since only holders of a valid identifier get here.
 */
export function refusalOf(held: Held, principal: Principal): ResourceError | undefined {
  const { needs: needed } = principal
  if (held.kind === 'nothing') return new ResourceError('not_found', 'There is no such resource.')
  // The edge goes after it (object.ts); this is for whoever cannot.
  if (held.kind === 'moved' || held.kind === 'arriving') return notHere(held.kind)
  if (held.kind === 'tombstone' || held.descriptor.mode === 'deleted') {
    return new ResourceError('deleted', 'This resource was deleted.')
  }
  const { id, mode, visibility, hosts = [], moving } = held.descriptor
  // The platform's identifier does not say which cell it was made for: the same one with another's code is another spelling.
  if (isPlatformMade(id) && !principal.basePath.includes(`/${id}/`))
    return new ResourceError('not_found', 'There is no such resource.')
  if (principal.customHost !== undefined && !hosts.includes(principal.customHost)) {
    return new ResourceError('not_found', 'There is nothing at this host name.')
  }
  if (mode === 'suspended') {
    return new ResourceError(
      'suspended',
      'This resource is suspended. Its owner can resume it through the control plane.',
    )
  }
  if (principal.permission === undefined) {
    const isOpen = visibility === 'public' || (visibility === 'public-read' && needed === 'read')
    if (!isOpen)
      return new ResourceError('unauthenticated', 'This needs a token of the resource: ask its owner for a link.')
  } else if (isRevoked(held.descriptor, principal)) {
    return new ResourceError('unauthenticated', 'This token was revoked: ask the owner for a new link.')
  } else if (!includesPermission(principal.permission, needed)) {
    return new ResourceError(
      'permission_denied',
      `This token allows "${principal.permission}", and this request needs "${needed}".`,
    )
  }
  if (moving === true && needed !== 'read') return isMoving()
  if (mode === 'read_only' && needed !== 'read') {
    return new ResourceError('permission_denied', 'This resource is read-only at the moment.')
  }
  return undefined
}

/** What is on its way, or somewhere else, and cannot be followed by whoever asks. */
export function notHere(kind: 'moved' | 'arriving'): ResourceError {
  const message =
    kind === 'moved'
      ? 'This resource has moved to another cell: try again.'
      : 'This resource is still being brought here: try again.'
  return new ResourceError('unavailable', message, { applied: 'no', retryAfterSeconds: 1 })
}

/** What nothing may change for the moment. */
export function isMoving(): ResourceError {
  return new ResourceError('unavailable', 'This resource is just being moved to another cell: try again in a moment.', {
    applied: 'no',
    retryAfterSeconds: 1,
  })
}

/** Why a link is not redeemed. */
export type RedeemRefusal = 'gone' | 'unknown_host' | 'revoked' | 'used' | 'moving'

/**
 * @param isOnce whether it is used up, which changes something
 * @param customHost a host name of the owner's own at which the link was opened
 */
export function decideRedeem(
  held: Held,
  link: TokenMark,
  isOnce: boolean,
  customHost?: string,
): RedeemRefusal | undefined {
  if (held.kind === 'arriving' || held.kind === 'moved') return 'moving'
  if (held.kind !== 'descriptor' || held.descriptor.mode === 'deleted') return 'gone'
  const { hosts = [], moving } = held.descriptor
  if (customHost !== undefined && !hosts.includes(customHost)) return 'unknown_host'
  if (isRevoked(held.descriptor, link)) return 'revoked'
  return isOnce && moving === true ? 'moving' : undefined
}

/** From closed to open. */
const VISIBILITIES: readonly Visibility[] = ['private', 'public-read', 'public']

/** What open sockets are told when a descriptor ends their right to be open; undefined when they may stay. */
export function reasonToCut(previous: Descriptor, current: Descriptor): ResourceError | undefined {
  if (current.mode === 'deleted') return new ResourceError('deleted', 'This resource was deleted.')
  if (current.mode === 'suspended') return new ResourceError('suspended', 'This resource was suspended.')
  if (VISIBILITIES.indexOf(current.visibility) < VISIBILITIES.indexOf(previous.visibility)) {
    return new ResourceError(
      'unauthenticated',
      'This resource is not open to everybody any more: connect again with a token.',
    )
  }
  if (current.generation > previous.generation)
    return new ResourceError('unauthenticated', 'This token was revoked: ask the owner for a new link.')
  const known = new Set(previous.revoked?.map(({ tokenId }) => tokenId))
  // Nobody wrote down which socket came with which token: the others connect again.
  return current.revoked?.some(({ tokenId }) => !known.has(tokenId)) === true
    ? new ResourceError('unauthenticated', 'A token was revoked: connect again, if it was not yours.')
    : undefined
}
