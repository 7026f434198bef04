// To which cell the first request of a connection belongs, as its head says: by another cell's hop, by the identifier in its path, or by
// the one in its host name. Anything that this reads otherwise than the engine does costs a hop and nothing else.

import { BY_NAME } from '../identity/named-path.ts'
import { parseResourceId } from '../identity/resource-id.ts'
import { HOP_HEADER } from '../wire/hop.ts'

/** @param head up to the empty line @returns a cell's code; undefined for what any cell can serve */
export function cellOfHead(head: string): string | undefined {
  // Not its signature: the cell checks that.
  const [, , place] = headerOf(head, HOP_HEADER)?.split(' ') ?? []
  if (place !== undefined) return place.replace(/@$/, '')
  return cellOfTarget(head.slice(0, head.indexOf('\n')).split(' ')[1] ?? '') ?? cellOfHost(headerOf(head, 'host') ?? '')
}

function cellOfTarget(target: string): string | undefined {
  const path = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?#]*/i, '')
  const [, plural = '', second = '', third = ''] = (path.split(/[?#]/, 1)[0] ?? '').split('/', 4)
  if (plural === '' || plural === 'v1') return undefined
  // A name leads to the cell of its account.
  return parseResourceId(second === BY_NAME ? third : second)?.cell
}

function cellOfHost(host: string): string | undefined {
  return parseResourceId(host.split(/[.:]/, 1)[0]?.toLowerCase() ?? '')?.cell
}

/** In time that grows with the head and no faster: all cells wait for it. @param name lower case */
function headerOf(head: string, name: string): string | undefined {
  return new RegExp(String.raw`\n${name}:([^\r\n]*)`, 'i').exec(head)?.[1]?.trim()
}
