// What crosses from one cell to another: a client's request that came to the wrong one, and the calls between the planes. Both are HTTP
// between the cells' edges, signed by a key that all cells of a deployment have and nobody else.

import type { ObjectPlace } from '../identity/cell.ts'

/** Header of a request that another cell sends; deleted from every request that none has sent. */
export const HOP_HEADER = 'biplane-hop'
/** Of a forwarded request: how its client sees the server, and what a proxy that the first cell trusts said of him. */
export const HOP_ORIGIN_HEADER = 'biplane-hop-origin'
/** Every header that only a hop may carry. */
export const HOP_HEADERS: readonly string[] = [HOP_HEADER, HOP_ORIGIN_HEADER]

/** Of an answer within a deployment: where the resource is now. It never reaches a client. */
export const MOVED_HEADER = 'biplane-moved'

/** The answer of an object whose resource has moved. It gives the body back, unread, so that the request can go after it. */
export function movedResponse(to: ObjectPlace, request: Request): Response {
  return new Response(request.body, { status: 421, headers: { [MOVED_HEADER]: formatPlace(to) } })
}

/** `portland`, or `portland@` for an object that has a name of its own there. */
export function formatPlace({ cell, renamed }: ObjectPlace): string {
  return renamed === true ? `${cell}@` : cell
}

export function parsePlace(text: string): ObjectPlace {
  return text.endsWith('@') ? { cell: text.slice(0, -1), renamed: true } : { cell: text }
}
