// What stands between a browser and the server: a reverse proxy, with or without TLS, that writes down every request, cookies and all.
// A test of an attack asks it whether the attempt was made. The attacker's own server is here, too: whatever a browser sends to
// `attacker.*` is written down and answered.

import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Certificate } from './certificate.ts'

export interface Seen {
  readonly method: string
  /** With the port. */
  readonly host: string
  /** With the query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Undefined until it was answered; 101 for an upgrade that was passed on. */
  status: number | undefined
  /** The beginning of the answer. */
  text: string
}

export class Front {
  readonly seen: Seen[] = []
  readonly #server: Server
  #targetPort = 0

  private constructor(certificate: Certificate | undefined) {
    const listener = (request: IncomingMessage, response: ServerResponse): void => this.#serve(request, response)
    this.#server = certificate === undefined ? createServer(listener) : createTlsServer({ ...certificate }, listener)
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
  }

  /** @param certificate for TLS */
  static async start(certificate?: Certificate): Promise<Front> {
    const front = new Front(certificate)
    await new Promise<void>((resolve) => front.#server.listen(0, '127.0.0.1', resolve))
    return front
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** From now on requests go to this port of the same machine. */
  leadTo(port: number): void {
    this.#targetPort = port
  }

  /** Requests from now on: call it before an attack, and what it answers after it. */
  watch(): () => readonly Seen[] {
    const begin = this.seen.length
    return () => this.seen.slice(begin)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #note({ method = '', url = '', headers }: IncomingMessage): Seen {
    const seen: Seen = { method, host: headers.host ?? '', path: url, headers, status: undefined, text: '' }
    this.seen.push(seen)
    return seen
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const seen = this.#note(request)
    if (seen.host.startsWith('attacker.')) {
      seen.status = 200
      response
        .writeHead(200, { 'content-type': 'text/html', 'access-control-allow-origin': '*' })
        .end('<title>Got it</title>')
      return
    }
    const { method, url: path, headers } = request
    const onward = httpRequest({ host: '127.0.0.1', port: this.#targetPort, method, path, headers }, (answer) => {
      seen.status = answer.statusCode
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.once('data', (chunk: Buffer) => (seen.text = chunk.toString('latin1', 0, 200)))
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    response.on('close', () => onward.destroy())
    request.pipe(onward)
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const seen = this.#note(request)
    const onward = connect(this.#targetPort, '127.0.0.1', () => {
      const lines = request.rawHeaders.flatMap((text, i) =>
        i % 2 === 0 ? [`${text}: ${request.rawHeaders[i + 1]}`] : [],
      )
      onward.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
      onward.write(head)
      seen.status = 101
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    socket.on('error', () => onward.destroy())
  }
}
