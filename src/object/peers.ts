// The other cells of the deployment, as this process reaches them: by HTTP to their edges, each request and call signed. A cell that does
// not answer is told at once, by name; its resources alone are away.

import { isHere, placeOf, type CellTable, type ObjectPlace } from '../identity/cell.ts'
import { cellBinding } from '../wire/deployment.ts'
import { ERROR_CODES, ResourceError, type ErrorData } from '../wire/errors.ts'
import { HOP_CALL_HEADER, HOP_HEADER, HopSigner, digestOfCall, type Hop } from '../wire/hop.ts'
import { withDeadline } from './deadline.ts'

/** A body takes its time before the answer can begin, over a bad connection ... */
const SLOWEST_BYTES_PER_MS = 100
/** ... and where nobody said how long it is: as large as most types allow. */
const UNKNOWN_BYTES = 16 * 1024 ** 2
/** After somebody has waited in vain nobody else waits for that cell for this long: an address that swallows packets answers to nobody. */
const REST_MS = 5_000
/** For operators to say where a cell is. */
const UNKNOWN_RETRY_SECONDS = 60

export interface PeerOptions {
  readonly env: Readonly<Record<string, unknown>>
  readonly cells: CellTable
  /** This process's own cell. */
  readonly own: string
  /** base64url; without one no other cell can be asked, nor believed. */
  readonly hopKey: string | undefined
  /** For the answer's beginning, where nothing has to be sent first. */
  readonly answerMs: number
}

/** The calls that planes make; see edge/hop-calls.ts, which answers them. */
export type HopCall = 'control' | 'account' | 'data' | 'mint' | 'dump' | 'restore'

export class Peers {
  readonly #options: PeerOptions
  readonly #signer: HopSigner | undefined
  /** Cell -> until when it is not asked. */
  readonly #resting = new Map<string, number>()
  /** Cell -> when it last answered anything. */
  readonly #answered = new Map<string, number>()
  /** Whether there is any other cell: most deployments have none, and ask nothing more. */
  readonly hasOthers: boolean

  constructor(options: PeerOptions) {
    this.#options = options
    this.#signer = options.hopKey === undefined ? undefined : new HopSigner(options.hopKey)
    this.hasOthers = Object.keys(options.cells).some((code) => !this.isHere(code))
  }

  isHere(cell: string): boolean {
    return isHere(this.#options.cells, this.#options.own, cell)
  }

  /** What a hop header says that another cell of this deployment has made. */
  async verify(header: string): Promise<Hop | 'stale' | undefined> {
    return this.#signer?.verify(header)
  }

  /**
   * Sends a client's request to the cell of its resource.
   *
   * @param init as for `fetch`; its headers get the hop's
   * @throws ResourceError `unavailable`, `deadline_exceeded`, naming the cell
   */
  async forward(hop: Hop, url: string, init: RequestInit & { readonly headers: Headers }): Promise<Response> {
    init.headers.set(HOP_HEADER, await this.#sign(hop))
    const { answerMs } = this.#options
    const length = Number(init.headers.get('content-length') ?? UNKNOWN_BYTES)
    const deadlineMs = init.body === null ? answerMs : answerMs + length / SLOWEST_BYTES_PER_MS
    return this.#fetch(hop.place.cell, url, { ...init, redirect: 'manual' }, deadlineMs)
  }

  /**
   * Makes a call between the planes at another cell.
   *
   * @throws ResourceError as {@link forward}; what the other cell refused
   */
  async call(cell: string, kind: Exclude<HopCall, 'restore'>, call: { readonly requestId: string }): Promise<Response> {
    const text = JSON.stringify(call)
    const headers = await this.#callHeaders({ cell }, kind, text, call.requestId)
    headers.set('content-type', 'application/json')
    return this.#ask(cell, kind, { method: 'POST', headers, body: text })
  }

  /** {@link call} with content: what it is about goes into a header. */
  async stream(
    cell: string,
    reference: { readonly requestId: string },
    content: ReadableStream<Uint8Array>,
  ): Promise<Response> {
    const text = JSON.stringify(reference)
    const headers = await this.#callHeaders({ cell }, 'restore', text, reference.requestId)
    headers.set(HOP_CALL_HEADER, encodeURIComponent(text))
    return this.#ask(cell, 'restore', { method: 'POST', headers, body: content })
  }

  async #callHeaders(place: ObjectPlace, kind: HopCall, text: string, requestId: string): Promise<Headers> {
    const subject = await digestOfCall(kind, text)
    return new Headers({ [HOP_HEADER]: await this.#sign({ kind: 'call', place, requestId, subject }) })
  }

  async #ask(cell: string, kind: HopCall, init: RequestInit): Promise<Response> {
    const response = await this.#fetch(cell, `http://${cell}/hop/${kind}`, init, undefined)
    if (response.ok) return response
    const refusal = await refusalIn(response, cell)
    throw new ResourceError(refusal.code, refusal.message, refusal)
  }

  async #sign(hop: Hop): Promise<string> {
    if (this.#signer === undefined)
      throw new ResourceError(
        'unavailable',
        `The cell "${hop.place.cell}" cannot be asked: this server has no hop key.`,
      )
    return this.#signer.sign(hop)
  }

  async #fetch(cell: string, url: string, init: RequestInit, deadlineMs: number | undefined): Promise<Response> {
    const place = placeOf(this.#options.cells, cell)
    if (place?.address === undefined)
      throw new ResourceError('unavailable', `The cell "${cell}" is not configured here.`, {
        applied: 'no',
        retryAfterSeconds: UNKNOWN_RETRY_SECONDS,
        details: { cell },
      })
    const begin = Date.now()
    if (begin < (this.#resting.get(cell) ?? 0)) throw cellIsDown(cell, 'no')
    const binding = this.#options.env[cellBinding(cell)] as Fetcher | undefined
    const answer = binding === undefined ? fetch(toAddress(place.address, url), init) : binding.fetch(url, init)
    try {
      const response = await (deadlineMs === undefined
        ? answer
        : withDeadline(answer, deadlineMs, `The cell "${cell}"`))
      this.#answered.set(cell, Date.now())
      return response
    } catch (error) {
      if (!(error instanceof ResourceError)) throw cellIsDown(cell, 'unknown')
      // One resource that is slow is not its cell: others were answered meanwhile.
      if ((this.#answered.get(cell) ?? 0) < begin) this.#resting.set(cell, Date.now() + REST_MS)
      throw error
    }
  }
}

/** Without a binding the address is where it goes; the host that the client asked for is in a header. */
function toAddress(address: string, url: string): string {
  return address + url.slice(url.indexOf('/', url.indexOf('://') + 3))
}

function cellIsDown(cell: string, applied: 'no' | 'unknown'): ResourceError {
  return new ResourceError(
    'unavailable',
    `The cell "${cell}" does not answer: what lives there is away until it does. Everything else goes on.`,
    { applied, retryAfterSeconds: 1, details: { cell } },
  )
}

/** What another cell refused, as it said. */
async function refusalIn(response: Response, cell: string): Promise<ErrorData> {
  try {
    const refusal = await response.json<ErrorData>()
    if (ERROR_CODES.includes(refusal.code) && typeof refusal.message === 'string') return refusal
  } catch {
    // Not one of ours: a proxy between, or another program at that address.
  }
  return {
    code: 'unavailable',
    message: `What answers at the address of the cell "${cell}" is no cell of this deployment (status ${response.status}).`,
    applied: 'no',
    retryAfterSeconds: 1,
  }
}
