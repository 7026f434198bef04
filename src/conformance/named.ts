// Types whose resources are reached by their names: a name is part of an address there, so that it stays, and is free again only when its
// holder is purged.

import type { ResourceJson } from '../wire/resource.ts'
import type { CheckContext } from './context.ts'

type Named = Pick<ResourceJson, 'name' | 'named_url'>

export function keepsItsName({ named_url: url }: Named): boolean {
  return url !== undefined
}

/** A name that the resource can have instead; where it keeps its name, that in another spelling. */
export function otherName(context: CheckContext, resource: Named, text: string): string {
  return keepsItsName(resource) ? (resource.name ?? '').toUpperCase() : `${context.prefix} ${text}`
}
