// Who is asking a data plane object, as verified at the edge. It travels in one reserved header that the edge deletes from every
// inbound request, and sets on the one copy that it forwards; an object therefore believes it.

import type { Permission } from '../identity/token.ts'

/** Reserved: deleted from every inbound request. */
export const PRINCIPAL_HEADER = 'biplane-principal'

/** How the caller proved who he is; `none` is an anonymous request, which only a public resource serves. */
export type CredentialKind = 'none' | 'bearer' | 'cookie' | 'basic' | 'query' | 'capability'

export interface Principal {
  readonly via: CredentialKind
  /** undefined for `none` */
  readonly permission?: Permission
  readonly generation?: number
  /** Of the token: by it one alone is revoked. */
  readonly tokenId?: string
  /** What this request needs, by the type's routes. */
  readonly needs: Permission
  readonly requestId: string
  /** Path prefix under which the client sees the resource: '/' on its own origin, `/wikis/{id}/` on the main one. */
  readonly basePath: string
  /** Origin as the client sees it, such as `http://{id}.localhost:8787`. */
  readonly origin: string
  /** A host name of the owner's own by which the client came; the object confirms it by its descriptor. */
  readonly customHost?: string
}

/** Stands for a member that is not there; no permission, generation or other field looks like it. */
const ABSENT = '-'

/** The fields in a fixed order with spaces between: none of them can contain one, and JSON would cost the hot path several times as much. */
export function formatPrincipal(principal: Principal): string {
  const { via, permission, generation, needs, requestId, basePath, origin, customHost, tokenId } = principal
  return `${via} ${permission ?? ABSENT} ${generation ?? ABSENT} ${needs} ${requestId} ${basePath} ${origin} ${customHost ?? ABSENT} ${tokenId ?? ABSENT}`
}

/** @throws TypeError on a missing or malformed header: the request did not come through the edge */
export function parsePrincipal(header: string | null): Principal {
  const fields = header?.split(' ')
  // Earlier releases sent seven, and eight.
  if (fields === undefined || fields.length < 7 || fields.length > 9)
    throw new TypeError('a data plane object was reached without passing the edge')
  const [via, permission, generation, needs, requestId, basePath, origin, customHost = ABSENT, tokenId = ABSENT] =
    fields as [CredentialKind, Permission | typeof ABSENT, string, Permission, string, string, string, string?, string?]
  const identity = permission === ABSENT ? {} : { permission, generation: Number(generation) }
  const alias = customHost === ABSENT ? {} : { customHost }
  const token = tokenId === ABSENT ? {} : { tokenId }
  return { via, ...identity, ...token, needs, requestId, basePath, origin, ...alias }
}
