// What lies between two places: TCP whose bytes arrive a given time after they were sent, each way, in order and without limiting how many
// are on their way; a new connection takes a round trip before it. It counts what asks to pass.

import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export class DelayingLink {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Round trips of requests: what was sent after an answer, or first. */
  crossings = 0
  /** New connections, a round trip each. */
  connections = 0

  private constructor(server: Server) {
    this.#server = server
  }

  /** @param port where it leads, on this machine @param delayMs each way */
  static async start(port: number, delayMs: number): Promise<DelayingLink> {
    const server = createServer()
    const link = new DelayingLink(server)
    server.on('connection', (from) => {
      link.connections++
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
    // The kernel of this machine has accepted it at once: a round trip too early.
    const openMs = performance.now() + 2 * delayMs
    const pass = {
      asked: () => {
        if (!isAsking) this.crossings++
        isAsking = true
        return Math.max(openMs - performance.now(), 0) + delayMs
      },
      answered: () => {
        isAsking = false
        return delayMs
      },
    }
    this.#pipe(from, to, pass.asked)
    this.#pipe(to, from, pass.answered)
  }

  /** @param pass takes note of bytes, and answers how long they take */
  #pipe(from: Socket, to: Socket, pass: () => number): void {
    this.#sockets.add(from)
    from.setNoDelay(true)
    // A place that is gone is what such tests are about.
    from.on('error', () => to.destroy())
    let lastMs = 0
    from.on('data', (chunk) => later((lastMs = pass()), () => to.write(chunk)))
    from.on('end', () => later(lastMs, () => to.end()))
    from.on('close', () => {
      this.#sockets.delete(from)
      later(lastMs, () => to.destroySoon())
    })
  }
}

function later(delayMs: number, act: () => void): void {
  if (delayMs === 0) act()
  else setTimeout(act, delayMs)
}
