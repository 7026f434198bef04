// A small HTTP proxy before a server that goes wrong as it is told, one request after the other.

import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

/**
 * - `pass`: as if it were not there
 * - `drop`: the connection breaks before the server has the request
 * - `lose`: the server does what it is asked, and the connection breaks instead of its answer
 * - `hang`: the server does what it is asked, and nothing comes back
 * - an answer of its own, and the server is not asked
 */
export type Fate =
  | 'pass'
  | 'drop'
  | 'lose'
  | 'hang'
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }

export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
}

export class FlakyProxy {
  /** Every request that came, in order. */
  readonly seen: Seen[] = []
  readonly #upstream: URL
  readonly #fates: Fate[]
  readonly #server: Server

  private constructor(upstream: string, fates: readonly Fate[]) {
    this.#upstream = new URL(upstream)
    this.#fates = [...fates]
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  /** For one test. @param fates of the first requests; later ones pass */
  static async start(upstream: string, fates: readonly Fate[]): Promise<FlakyProxy> {
    const proxy = new FlakyProxy(upstream, fates)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    onTestFinished(() => {
      proxy.#server.closeAllConnections()
      proxy.#server.close()
    })
    return proxy
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/', headers } = request
    this.seen.push({ method, path, headers })
    const fate = this.#fates.shift() ?? 'pass'
    const body = await text(request)
    if (fate === 'drop') return void response.destroy()
    if (typeof fate === 'object') {
      response.writeHead(fate.status, fate.headers).end(fate.body ?? '')
      return
    }
    const forwarded = httpRequest(new URL(path, this.#upstream), {
      method,
      headers: { ...headers, host: this.#upstream.host },
    })
    forwarded.end(body)
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage]
    const answered = await text(answer)
    if (fate === 'lose') return void response.destroy()
    if (fate === 'hang') return
    response.writeHead(answer.statusCode ?? 500, answer.headers).end(answered)
  }
}
