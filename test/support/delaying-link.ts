// What lies between two places: TCP whose bytes arrive a given time after they were sent, each way, in order and without limiting how many
// are on their way. It counts what asks to pass.

import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export class DelayingLink {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Requests' beginnings that passed: the first bytes after an answer. */
  crossings = 0

  private constructor(server: Server) {
    this.#server = server
  }

  /** @param port where it leads, on this machine @param delayMs each way */
  static async start(port: number, delayMs: number): Promise<DelayingLink> {
    const server = createServer()
    const link = new DelayingLink(server)
    server.on('connection', (from) => {
      const to = connect(port, '127.0.0.1')
      link.#join(from, to, delayMs)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return link
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #join(from: Socket, to: Socket, delayMs: number): void {
    let isAsking = false
    this.#pipe(from, to, delayMs, () => {
      if (!isAsking) this.crossings++
      isAsking = true
    })
    this.#pipe(to, from, delayMs, () => {
      isAsking = false
    })
  }

  #pipe(from: Socket, to: Socket, delayMs: number, seen: () => void): void {
    this.#sockets.add(from)
    from.setNoDelay(true)
    // A place that is gone is what such tests are about.
    from.on('error', () => to.destroy())
    from.on('data', (chunk) => {
      seen()
      later(delayMs, () => to.write(chunk))
    })
    from.on('end', () => later(delayMs, () => to.end()))
    from.on('close', () => {
      this.#sockets.delete(from)
      later(delayMs, () => to.destroySoon())
    })
  }
}

function later(delayMs: number, act: () => void): void {
  if (delayMs === 0) act()
  else setTimeout(act, delayMs)
}
