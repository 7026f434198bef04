// Where a path of the main origin leads: to an identifier, or to what an account calls so, whose identifier is computed from both. There
// is no lookup, so nobody knows here whether such a resource was ever created; only its object does, and asking makes one. Whoever shows
// nothing is therefore let through only where it could be of use, and where the account is one that was issued.

import { isAddressable, nameHomeOf, namedResourceId } from '../identity/caller-name.ts'
import { BY_NAME, namedPath } from '../identity/named-path.ts'
import type { Permission } from '../identity/token.ts'
import type { ResourceType } from '../resource-type.ts'
import { ResourceError } from '../wire/errors.ts'
import type { EdgeContext } from './deployment.ts'
import { nameText } from './members.ts'

export interface Located {
  readonly idText: string
  /** Path prefix of the resource as the client sees it. */
  readonly basePath: string
  /** Below the resource; '' when the slash behind its address is missing. */
  readonly path: string
  /** The account is a text of which nobody knows anything: only a token proves that there is a resource. */
  readonly isUnproven?: true
}

/** @param below of the plural, without a slash at its beginning @throws ResourceError `not_found` for what can be no name */
export async function locate(context: EdgeContext, type: ResourceType, below: string): Promise<Located> {
  const [first, path] = cut(below)
  if (type.naming !== 'caller' || first !== BY_NAME)
    return { idText: first, basePath: `/${type.plural}/${first}/`, path }
  const [accountSegment, rest] = cut(path.slice(1))
  const [nameSegment, belowName] = cut(rest.slice(1))
  const [account, name] = [decoded(accountSegment), decoded(nameSegment)]
  if (!isName(account) || !isName(name) || !isAddressable(name)) throw nothingThere()
  const home = await nameHomeOf(context.keyring, account, context.rootCell)
  // Where accounts are ours, others are nobody's.
  if (!home.isIssued && context.accountType !== undefined) throw nothingThere()
  const { id } = await namedResourceId(context.keyring, type.name, home, name)
  const basePath = namedPath(type.plural, account, name)
  return { idText: id, basePath, path: belowName, ...(home.isIssued ? {} : { isUnproven: true }) }
}

/** How many segments an address has below its plural: what follows them is the resource's own. */
export function segmentsOf(type: ResourceType, first: string): number {
  return type.naming === 'caller' && first === BY_NAME ? 3 : 1
}

/**
 * Of a resource that its owner has named, nobody who shows no token is let through to the object unless its type may be open to everybody.
 *
 * @param isPreflight a browser asks for leave before a page of another origin shows its token; only the object knows whose pages may
 * @throws ResourceError `unauthenticated`
 */
export function requireOpen(type: ResourceType, needs: Permission, isPreflight: boolean, isUnproven: boolean): void {
  const isOpen = type.visibility.includes('public') || (needs === 'read' && type.visibility.includes('public-read'))
  if (!isUnproven && (isOpen || isPreflight)) return
  throw new ResourceError('unauthenticated', 'This needs a token of the resource: ask its owner for one.')
}

/** The first segment, and what is behind it, from its slash on. */
function cut(path: string): [segment: string, rest: string] {
  const slash = path.indexOf('/')
  return slash === -1 ? [path, ''] : [path.slice(0, slash), path.slice(slash)]
}

/** Once: whatever is still encoded after it is part of the name. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return ''
  }
}

function isName(text: string): boolean {
  return nameText.safeParse(text).success
}

function nothingThere(): ResourceError {
  return new ResourceError('not_found', 'There is no such resource.')
}
