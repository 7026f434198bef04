// A client's request between cells. It is sent once, from the cell that it came to, to the one that its identifier names; from there once
// more only if the resource has moved away from there. Where it arrives, everything is checked again as if the client had come there.

import type { ObjectPlace } from '../identity/cell.ts'
import type { ResourceId } from '../identity/resource-id.ts'
import type { DeploymentConfig } from '../wire/deployment.ts'
import { ResourceError } from '../wire/errors.ts'
import {
  HOP_ADDRESS_HEADER,
  HOP_HEADER,
  MOVED_HEADER,
  formatPlace,
  isAbsent,
  movedResponse,
  movedTo,
  type Hop,
} from '../wire/hop.ts'
import type { Address } from './address.ts'
import type { EdgeContext } from './deployment.ts'
import type { Edge } from './edge.ts'
import { LOST_RETRY_SECONDS } from './to-data-plane.ts'

/** An address that is this deployment's. */
type OwnAddress = Exclude<Address, { kind: 'foreign' }>

/**
 * What another cell of this deployment says about a request that it sends. Anybody else says nothing.
 *
 * @throws ResourceError `misdirected` for one whose clock is another: taken for a client's, its requests could be sent to and fro for ever
 */
export async function arrivedBy({ peers }: EdgeContext, request: Request): Promise<Hop | undefined> {
  const header = request.headers.get(HOP_HEADER)
  const hop = header === null ? undefined : await peers.verify(header)
  if (hop !== 'stale') return hop
  throw new ResourceError(
    'misdirected',
    'Another cell sent this long ago, or the clocks of the two differ: compare them.',
  )
}

const ABSENT = '-'

function formatAddress(address: OwnAddress, id: ResourceId): string {
  return address.kind === 'main'
    ? `main ${address.origin} ${id.id}`
    : `own ${address.origin} ${address.label} ${address.customHost ?? ABSENT}`
}

/** The address as the first cell has understood it. @throws ResourceError `invalid_request` */
export function addressOfHop(request: Request, hop: Hop): Address {
  const [kind, origin = '', label = '', customHost = ABSENT] = (request.headers.get(HOP_ADDRESS_HEADER) ?? '').split(
    ' ',
  )
  const { url } = request
  const start = url.indexOf('/', url.indexOf('://') + 3)
  const queryStart = url.indexOf('?', start)
  const path = queryStart === -1 ? url.slice(start) : url.slice(start, queryStart)
  const query = queryStart === -1 ? '' : url.slice(queryStart)
  if (kind === 'main') return { kind, path, query, origin, hop, sentFor: label }
  if (kind !== 'own') throw new ResourceError('invalid_request', 'The cells run different releases.')
  return { kind, label, path, query, origin, hop, ...(customHost === ABSENT ? {} : { customHost }) }
}

/**
 * Sends a request to where its resource is, if that is another cell.
 *
 * @param id whose tag was checked: nothing that was never issued leaves this cell
 * @returns undefined when it is served here
 * @throws ResourceError `misdirected` for what another cell has sent here by mistake; `unavailable` naming a cell that is down, and for what is
 * here and may be what it is no more
 */
export async function answerElsewhere(
  edge: Edge,
  context: EdgeContext,
  request: Request,
  address: OwnAddress,
  id: ResourceId,
  requestId: string,
): Promise<Response | undefined> {
  const { hop } = address
  // On its way a path with dots in it may have become another one, about what nobody has looked at.
  if (hop !== undefined && address.kind === 'main' && address.sentFor !== id.id)
    throw new ResourceError(
      'misdirected',
      'This was sent for another resource: a path between cells has no dot segments.',
    )
  const place = hop?.place ?? edge.whereabouts.placeOf(id)
  if (context.peers.isHere(place.cell)) {
    if (context.config.isRestored === true) throw isRestored(place)
    return undefined
  }
  if (hop !== undefined)
    throw new ResourceError('misdirected', `The cell "${place.cell}" is not here: the tables of the cells differ.`)
  const answer = await send(context, request, request.body, address, id, { kind: 'request', place, requestId })
  return learned(edge, id, answer)
}

/**
 * Answers a request by what is known of where its resource is. That may be out of date: the cell was switched off after the resource had
 * left it, or the resource has ended there and was made anew. Home knows better, and is asked at once unless the body has gone already.
 *
 * @param serve goes where `edge.whereabouts` says
 * @throws ResourceError also `unavailable` where nothing is of what is said to have moved there
 */
export async function answerWhereItIs(
  edge: Edge,
  request: Request,
  { hop }: OwnAddress,
  idText: string,
  serve: () => Promise<Response>,
): Promise<Response> {
  // Where a hop goes its sender has said.
  if (hop !== undefined) return serve()
  const { whereabouts } = edge
  const wasKnown = whereabouts.known(idText) !== undefined
  const first = await serve().catch((error: unknown) => {
    if (!wasKnown || !isAway(error)) throw error
    return error
  })
  if (first instanceof Response && !isAbsent(first)) return first
  if (wasKnown) {
    whereabouts.forget(idText)
    const isUnsent = first instanceof ResourceError && first.data.applied === 'no' && !request.bodyUsed
    if (!isBodiless(request) && !isUnsent) throw first instanceof ResourceError ? first : isMoving()
    const second = await serve()
    if (!isAbsent(second)) return second
  }
  const place = whereabouts.known(idText)
  whereabouts.forget(idText)
  throw isLost(place?.cell ?? '')
}

function isAway(error: unknown): error is ResourceError {
  return error instanceof ResourceError && (error.code === 'unavailable' || error.code === 'deadline_exceeded')
}

/** Where a resource is now is for this cell, not for the client. */
function learned(edge: Edge, id: ResourceId, answer: Response): Response {
  // Whoever a type has asked for a socket may have written its headers.
  const moved = answer.status === 101 ? undefined : movedTo(answer)
  if (moved === undefined) return answer
  edge.whereabouts.learn(id, moved)
  const stripped = new Response(answer.body, answer)
  stripped.headers.delete(MOVED_HEADER)
  return stripped
}

/**
 * Goes after a resource that has moved.
 *
 * @param place where its object of before says that it is
 * @param body of the request, unread
 * @param serveAt asks an object of this cell
 * @throws ResourceError `unavailable` while it is just moving
 */
export async function follow(
  edge: Edge,
  context: EdgeContext,
  request: Request,
  address: OwnAddress,
  id: ResourceId,
  place: ObjectPlace,
  body: Response['body'],
  requestId: string,
  serveAt: (place: ObjectPlace, body: Response['body']) => Promise<Response>,
): Promise<Response> {
  if (address.hop?.kind === 'follow' && !context.peers.isHere(place.cell)) return sentOn(edge, request, id, place)
  const goTo = (next: ObjectPlace): Promise<Response> => {
    edge.whereabouts.learn(id, next)
    if (context.peers.isHere(next.cell)) return serveAt(next, isBodiless(request) ? null : body)
    return send(context, request, body, address, id, { kind: 'follow', place: next, requestId })
  }
  let [at, answer] = [place, await goTo(place)]
  // It has moved on since: whoever was told of an older place comes by several. A body is sent once.
  for (let step = 0; answer.status === 421; step++) {
    const next = movedTo(answer)
    if (next === undefined) break
    if (!isBodiless(request) || step === MAX_STEPS) throw isMoving()
    ;[at, answer] = [next, await goTo(next)]
  }
  if (address.hop === undefined || answer.status === 101) return learned(edge, id, answer)
  // For the cell that sent it, which goes there by itself from now on.
  const told = new Response(answer.body, answer)
  told.headers.set(MOVED_HEADER, formatPlace(at))
  return told
}

/** Of places that a resource has left one after the other; moves are rarer than requests. */
const MAX_STEPS = 8

/** Sent here by who thinks that it is here: where it has moved to is for him to ask. @throws ResourceError `unavailable` for what had a body */
function sentOn(edge: Edge, request: Request, id: ResourceId, place: ObjectPlace): Response {
  edge.whereabouts.learn(id, place)
  if (!isBodiless(request)) throw isMoving()
  return movedResponse(place, request)
}

function send(
  { config, peers }: EdgeContext,
  request: Request,
  body: Response['body'],
  address: OwnAddress,
  id: ResourceId,
  { kind, place, requestId }: Omit<Hop, 'subject'>,
): Promise<Response> {
  const headers = new Headers(request.headers)
  headers.set(HOP_ADDRESS_HEADER, formatAddress(address, id))
  const subject = address.hop?.subject ?? clientOf(config, request)
  const init = { method: request.method, headers, body: isBodiless(request) ? null : body }
  return peers.forward({ kind, place, requestId, subject }, request.url, init)
}

/** What an object gives back of such a request is an empty stream, which they may not have. */
function isBodiless({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** The client's address, as the engine of the first cell says it; '' behind a front, where it sees none, and a header is anybody's. */
function clientOf({ hasFront = false }: DeploymentConfig, request: Request): string {
  if (hasFront) return ''
  const { clientIp } = (request.cf ?? {}) as { readonly clientIp?: string }
  return (clientIp ?? request.headers.get('cf-connecting-ip') ?? '').replaceAll(' ', '')
}

/** How long a client does something else: it takes as long as there are resources. */
const RESTORED_RETRY_SECONDS = 5

function isRestored({ cell }: ObjectPlace): ResourceError {
  return new ResourceError(
    'unavailable',
    `The cell "${cell}" came back from a backup, and is yet to learn what has happened since: try again.`,
    { applied: 'no', retryAfterSeconds: RESTORED_RETRY_SECONDS, details: { cell } },
  )
}

function isLost(cell: string): ResourceError {
  return new ResourceError('unavailable', `This resource had moved to the cell "${cell}", which has nothing of it.`, {
    applied: 'no',
    retryAfterSeconds: LOST_RETRY_SECONDS,
    details: { cell },
  })
}

function isMoving(): ResourceError {
  return new ResourceError('unavailable', 'This resource is just moving to another cell: try again.', {
    applied: 'no',
    retryAfterSeconds: 1,
  })
}
