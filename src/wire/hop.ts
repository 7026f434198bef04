// What crosses from one cell to another: a client's request that came to the wrong one, and the calls between the planes. Both are HTTP
// between the cells' edges, signed by a key that all cells of a deployment have and nobody else. For a request the signature covers whose
// it is (client's address, request id) and where it goes; the client's own credentials are checked again where it arrives.

import { base64url } from 'jose'
import type { ObjectPlace } from '../identity/cell.ts'
import { TRUSTED_PEER_HEADER } from './deployment.ts'

/** Header of a request that another cell sends; deleted from every request that none has sent. */
export const HOP_HEADER = 'biplane-hop'
/** Of a forwarded request: which host its client asked for, as the first cell has understood it. */
export const HOP_ADDRESS_HEADER = 'biplane-hop-address'
/** Of a call with a stream as its body: what it is about. */
export const HOP_CALL_HEADER = 'biplane-hop-call'
/** Of an answer within a deployment: where the resource is now. It never reaches a client. */
export const MOVED_HEADER = 'biplane-moved'

/** For an object that is not where its resource's identifier leads: who asks thinks that it is there. */
export const AWAY_HEADER = 'biplane-away'
/** Of that object's answer: it has nothing of it. It never reaches a client. */
export const ABSENT_HEADER = 'biplane-absent'

/** No client's, and no type's: what cells and engines tell each other. */
export const HOP_HEADERS: readonly string[] = [
  HOP_HEADER,
  HOP_ADDRESS_HEADER,
  HOP_CALL_HEADER,
  AWAY_HEADER,
  TRUSTED_PEER_HEADER,
]

/**
 * - `request`: a client's request. It is served there, or by the place to which the resource has moved from there.
 * - `follow`: the same, by whoever knows that the resource has moved: it is served there or nowhere.
 * - `call`: a call between the planes.
 */
export type HopKind = 'request' | 'follow' | 'call'

export interface Hop {
  readonly kind: HopKind
  /** Where it goes. */
  readonly place: ObjectPlace
  readonly requestId: string
  /** Address of the client as the first cell saw it; of a call: digest of what it says. */
  readonly subject: string
}

/** Beyond this a signed hop is old: clocks of machines differ by less. Seconds. */
const MAX_AGE_SECONDS = 60
const ABSENT = '-'
/** The signed text, and 32 bytes of base64url. */
const FORM = /^(.+) ([\w-]{43})$/
const encoder = new TextEncoder()

/** Signs and verifies hops. @param key base64url, 32 bytes */
export class HopSigner {
  readonly #key: Promise<CryptoKey>

  constructor(key: string) {
    const bytes = base64url.decode(key)
    this.#key = crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
    // Awaited by the first use; a key that is none must not end the isolate before.
    this.#key.catch(() => {})
  }

  /** The header's value. */
  async sign({ kind, place, requestId, subject }: Hop, nowMs: number = Date.now()): Promise<string> {
    const text = [kind, Math.floor(nowMs / 1000), formatPlace(place), requestId, subject || ABSENT].join(' ')
    const mac = await crypto.subtle.sign('HMAC', await this.#key, encoder.encode(text))
    return `${text} ${base64url.encode(new Uint8Array(mac))}`
  }

  /** What a header says; undefined unless a cell of this deployment has made it, `stale` unless it just has. */
  async verify(header: string, nowMs: number = Date.now()): Promise<Hop | 'stale' | undefined> {
    const [, text = '', mac = ''] = FORM.exec(header) ?? []
    const [kind = '', seconds = '', place = '', requestId = '', subject = '', ...more] = text.split(' ')
    if (more.length > 0 || (kind !== 'request' && kind !== 'follow' && kind !== 'call')) return undefined
    if (!(await crypto.subtle.verify('HMAC', await this.#key, base64url.decode(mac), encoder.encode(text))))
      return undefined
    if (!(Math.abs(nowMs / 1000 - Number(seconds)) <= MAX_AGE_SECONDS)) return 'stale'
    return { kind, place: parsePlace(place), requestId, subject: subject === ABSENT ? '' : subject }
  }
}

/** What the signature of a call covers of it. */
export async function digestOfCall(kind: string, text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', encoder.encode(`${kind}\n${text}`))
  return base64url.encode(new Uint8Array(digest))
}

/** The answer of an object whose resource has moved. It gives the body back, unread, so that the request can go after it. */
export function movedResponse(to: ObjectPlace, request: Request): Response {
  return new Response(request.body, { status: 421, headers: { [MOVED_HEADER]: formatPlace(to) } })
}

/** Where the resource of an answer is, if that is news. */
export function movedTo(response: Response): ObjectPlace | undefined {
  const place = response.headers.get(MOVED_HEADER)
  return place === null ? undefined : parsePlace(place)
}

/** The answer of an object that has nothing, to who has learned that the resource is there. */
export function absentResponse(): Response {
  return new Response(null, { status: 421, headers: { [ABSENT_HEADER]: '1' } })
}

export function isAbsent(response: Response): boolean {
  return response.status === 421 && response.headers.has(ABSENT_HEADER)
}

/** `portland`, or `portland@` for an object that has a name of its own there. */
export function formatPlace({ cell, renamed }: ObjectPlace): string {
  return renamed === true ? `${cell}@` : cell
}

export function parsePlace(text: string): ObjectPlace {
  return text.endsWith('@') ? { cell: text.slice(0, -1), renamed: true } : { cell: text }
}
