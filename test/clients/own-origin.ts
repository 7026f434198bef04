// A browser's view of a resource's own origin, for clients that are no browser: Node resolves no `*.localhost`, so the host goes into
// the Host header, and a session's cookie is sent along.

import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import type { TestServer } from '../support/server.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly text: string
}

export interface CreatedWiki {
  readonly id: string
  readonly token: string
  /** The link for a browser. */
  readonly url: string
}

/** Creates a wiki and asks for a token, as the printed commands do. */
export async function createWiki(
  server: TestServer,
  permission = 'write',
  create: object = {},
  plural = 'wikis',
): Promise<CreatedWiki> {
  const created = await server.fetch(`/v1/${plural}`, post(create))
  if (created.status !== 201) throw new Error(`creating answered ${created.status}: ${await created.text()}`)
  const { id } = (await created.json()) as { id: string }
  return grant(server, id, permission, plural)
}

export async function grant(
  server: TestServer,
  id: string,
  permission: string,
  plural = 'wikis',
): Promise<CreatedWiki> {
  const response = await server.fetch(`/v1/${plural}/${id}/tokens`, post({ permission, expires_in: 3600 }))
  if (response.status !== 201) throw new Error(`a token was refused with ${response.status}: ${await response.text()}`)
  return { id, ...((await response.json()) as { token: string; url: string }) }
}

function post(body: object): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

/** A session on one resource's own origin. */
export class OwnOrigin {
  readonly origin: string
  readonly #port: number
  readonly #host: string
  #cookie: string | undefined

  constructor(server: TestServer, id: string) {
    this.#port = server.port
    this.#host = `${id}.localhost:${server.port}`
    this.origin = `http://${this.#host}`
  }

  /** Opens the link of a token request; from then on there is a session. */
  static async open(server: TestServer, wiki: Pick<CreatedWiki, 'id' | 'url'>): Promise<OwnOrigin> {
    const own = new OwnOrigin(server, wiki.id)
    const link = new URL(wiki.url)
    if (link.origin !== own.origin) throw new Error(`the link leads to ${link.origin}`)
    const answer = await own.send('GET', link.pathname + link.search)
    const [cookie] = answer.headers['set-cookie'] ?? []
    if (answer.status !== 303 || cookie === undefined)
      throw new Error(`the link answered ${answer.status}: ${answer.text}`)
    own.#cookie = cookie.split(';')[0]
    return own
  }

  send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: string | Uint8Array,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const all: Record<string, string> = { host: this.#host, ...headers }
      if (this.#cookie !== undefined) all['cookie'] = this.#cookie
      // As a browser does for everything that changes something.
      if (method !== 'GET' && method !== 'HEAD' && all['origin'] === undefined) all['origin'] = this.origin
      if (body !== undefined) all['content-length'] = String(Buffer.byteLength(body))
      const request = httpRequest({ host: '127.0.0.1', port: this.#port, method, path, headers: all }, (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          const bytes = Buffer.concat(parts)
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes, text: bytes.toString() })
        })
      })
      request.on('error', reject)
      request.end(body)
    })
  }
}
