// The front of several cells on one machine: brings each connection to the cell of its first request, and from then on passes bytes. It
// knows no HTTP but for the first head, keeps nothing, and decides nothing: a request that comes to another cell hops from there.

import { BlockList, connect, createServer, isIPv6, type Server, type Socket } from 'node:net'
import ipaddr from 'ipaddr.js'
import { ResourceError, toProblem, toProblemResponse } from '../wire/errors.ts'
import { cellOfHead } from './front-route.ts'

/** One cell of this machine, as the front sees it. */
export interface FrontCell {
  /** Its own code and those that share its place. */
  readonly codes: readonly [string, ...string[]]
  /** Path of its socket for requests of anybody. */
  readonly socket: string
  /** Path of its socket for requests of proxies that are believed. */
  readonly trustedSocket: string
  readonly isUp: boolean
}

/** What the supervisor tells it, at its start and with every change. */
export interface FrontTable {
  readonly cells: readonly FrontCell[]
  /** CIDR blocks. */
  readonly trustedProxies: readonly string[]
}

/** As much as a browser sends with all its cookies, and some more. */
const MAX_HEAD_BYTES = 32 * 1024
/** For a head that has begun; a slower client is none. */
const HEAD_MS = 10_000
/** Browsers open connections that they may need later. */
const SILENT_MS = 60_000
/** So long what a refused client still sends is read, so that it gets to read the answer. */
const LINGER_MS = 1_000
const END_OF_HEAD = /\r?\n\r?\n/

export class Front {
  readonly #server: Server
  readonly #open = new Map<FrontCell['socket'], number>()
  #table: FrontTable = { cells: [], trustedProxies: [] }
  #trusted = new BlockList()
  #turn = 0

  /** @param fd listens already */
  constructor(fd: number) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#read(client))
    this.#server.listen({ fd })
  }

  use(table: FrontTable): void {
    this.#table = table
    this.#trusted = new BlockList()
    for (const block of table.trustedProxies) {
      const [network, bits] = ipaddr.parseCIDR(block)
      this.#trusted.addSubnet(network.toString(), bits, network.kind())
    }
  }

  /** Accepts nothing more. @param ended called when the last connection is over */
  close(ended: () => void): void {
    this.#server.close(ended)
  }

  #read(client: Socket): void {
    let head = ''
    const chunks: Buffer[] = []
    let timer = setTimeout(() => client.destroy(), SILENT_MS)
    const onData = (chunk: Buffer): void => {
      if (head === '') {
        // A TLS client's hello, or anything else that is no request, will not become one.
        if (!/^[A-Za-z]/.test(String.fromCharCode(chunk[0] ?? 0))) return decided(() => refuse(client, BAD_REQUEST))
        clearTimeout(timer)
        timer = setTimeout(() => decided(() => refuse(client, TIMEOUT)), HEAD_MS)
      }
      // The end may lie over the border of two chunks.
      const from = Math.max(0, head.length - 3)
      head += chunk.toString('latin1')
      chunks.push(chunk)
      const end = END_OF_HEAD.exec(head.slice(from))
      if (end !== null) decided(() => this.#route(client, head.slice(0, from + end.index + end[0].length), chunks))
      else if (head.length > MAX_HEAD_BYTES) decided(() => refuse(client, TOO_LARGE))
    }
    const decided = (then: () => void): void => {
      clearTimeout(timer)
      client.off('data', onData)
      client.off('end', onEnd)
      client.pause()
      then()
    }
    const onEnd = (): void => void client.destroy()
    client.on('error', () => client.destroy())
    client.once('close', () => clearTimeout(timer))
    client.on('data', onData)
    client.once('end', onEnd)
  }

  #route(client: Socket, head: string, chunks: readonly Buffer[]): void {
    const cell = this.#cellOf(head)
    if (cell?.isUp !== true) return refuse(client, awayAnswer(head, cell ?? this.#table.cells[0]))
    const path = this.#isTrusted(client) ? cell.trustedSocket : cell.socket
    this.#open.set(cell.socket, (this.#open.get(cell.socket) ?? 0) + 1)
    client.once('close', () => this.#open.set(cell.socket, (this.#open.get(cell.socket) ?? 1) - 1))
    splice(client, path, chunks, () => awayAnswer(head, cell))
  }

  /** The cell that the request names; for any other request the one that is up and has the fewest connections. */
  #cellOf(head: string): FrontCell | undefined {
    const code = cellOfHead(head)
    const { cells } = this.#table
    const named = code === undefined ? undefined : cells.find(({ codes }) => codes.includes(code))
    if (named !== undefined) return named
    this.#turn++
    const inTurn = cells.map((_, index) => cells[(index + this.#turn) % cells.length] as FrontCell)
    const openAt = ({ socket }: FrontCell): number => this.#open.get(socket) ?? 0
    return inTurn.filter(({ isUp }) => isUp).toSorted((a, b) => openAt(a) - openAt(b))[0]
  }

  #isTrusted({ remoteAddress = '' }: Socket): boolean {
    return remoteAddress !== '' && this.#trusted.check(remoteAddress, isIPv6(remoteAddress) ? 'ipv6' : 'ipv4')
  }
}

/** Passes bytes both ways until both sides have ended, each as fast as the other one takes them. @param away the answer if the cell is gone */
function splice(client: Socket, path: string, chunks: readonly Buffer[], away: () => string): void {
  const cell = connect({ path, allowHalfOpen: true })
  for (const chunk of chunks) cell.write(chunk)
  client.pipe(cell)
  cell.pipe(client, { end: false })
  client.once('close', () => cell.destroy())
  // A process that died before it answered ends in silence: what closes then tells the client.
  cell.once('end', () => void (cell.bytesRead > 0 ? client.end() : cell.destroy()))
  // Before its answer has begun it can be told; in the middle of one, a client must not take what it has for the whole.
  let isBroken = false
  cell.on('error', () => (isBroken = true))
  cell.once('close', () => {
    client.unpipe(cell)
    if (cell.bytesRead === 0 && !client.destroyed) refuse(client, away())
    else if (isBroken) client.resetAndDestroy()
    else client.destroySoon()
  })
}

function refuse(client: Socket, answer: string): void {
  client.end(answer)
  client.resume()
  const timer = setTimeout(() => client.destroy(), LINGER_MS)
  client.once('close', () => clearTimeout(timer))
}

const BAD_REQUEST = plainAnswer('400 Bad Request', 'This port speaks HTTP.')
const TIMEOUT = plainAnswer('408 Request Timeout', 'The request did not come.')
const TOO_LARGE = plainAnswer('431 Request Header Fields Too Large', 'The headers are too large.')

function plainAnswer(status: string, text: string): string {
  return `HTTP/1.1 ${status}\r\ncontent-type: text/plain\r\ncontent-length: ${text.length + 1}\r\nconnection: close\r\n\r\n${text}\n`
}

/** In the form of every other refusal. */
function awayAnswer(head: string, cell: FrontCell | undefined): string {
  const [code = ''] = cell?.codes ?? []
  const text = `The cell "${code}" is restarting: what lives there is away until it is back. Everything else goes on.`
  const error = new ResourceError('unavailable', text, {
    applied: 'unknown',
    retryAfterSeconds: 1,
    details: { cell: code },
  })
  const requestId = crypto.randomUUID()
  const { headers } = toProblemResponse(error, requestId)
  const body = JSON.stringify(toProblem(error, requestId))
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const length = Buffer.byteLength(body)
  return `HTTP/1.1 503 Service Unavailable\r\n${lines}content-length: ${length}\r\nconnection: close\r\n\r\n${head.startsWith('HEAD ') ? '' : body}`
}
