// A WebSocket client for tests: messages and the end as events to wait for.

import { once } from 'node:events'
import { WebSocket, type ClientOptions } from 'ws'

export interface Closed {
  readonly code: number
  readonly reason: string
}

export class TestSocket {
  readonly #socket: WebSocket
  /** Resolves when the other side, or the network, has closed it. */
  readonly closed: Promise<Closed>

  private constructor(socket: WebSocket) {
    this.#socket = socket
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }))
    })
  }

  /** Resolves when the upgrade was accepted. @throws Error when it was not */
  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<TestSocket> {
    // Its type declarations do not know closeTimeout yet.
    const options = { headers: { ...headers }, closeTimeout: CLOSE_TIMEOUT_MS } as ClientOptions
    const socket = new WebSocket(url.replace(/^http/, 'ws'), options)
    const opened = new TestSocket(socket)
    await once(socket, 'open')
    return opened
  }

  /** Sends a text and resolves with the next message. */
  async ask(text: string): Promise<string> {
    const answer = once(this.#socket, 'message')
    this.#socket.send(text)
    const [data] = (await answer) as [Buffer]
    return data.toString()
  }

  close(): void {
    this.#socket.terminate()
  }
}

/** The code is known as soon as the other side has said it; the engine may end the connection only when the object sleeps. */
const CLOSE_TIMEOUT_MS = 100
