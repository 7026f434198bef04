// What tests of the HTTP faces share: creating resources, tokens, and requests that `fetch` would not send as they are.

import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import type { ResourceJson } from '../../src/wire/resource.ts'
import type { TestServer } from './server.ts'

export interface Problem {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly retryable: boolean
  readonly applied?: string
  readonly request_id: string
  readonly [more: string]: unknown
}

export interface Token {
  readonly token: string
  readonly expire_time: string
  readonly url: string
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export function json(method: string, body: unknown, headers: Readonly<Record<string, string>> = {}): RequestInit {
  return { method, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }
}

export async function problem(response: Response): Promise<Problem> {
  return (await response.json()) as Problem
}

/** @throws Error unless it answers 201 */
export async function create(server: TestServer, plural: string, body: object = {}): Promise<ResourceJson> {
  const response = await server.fetch(`/v1/${plural}`, json('POST', body))
  if (response.status !== 201) throw new Error(`creating answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as ResourceJson
}

/** @throws Error unless it answers 201 */
export async function mintToken(
  server: TestServer,
  plural: string,
  id: string,
  body: object = { permission: 'write' },
): Promise<Token> {
  const response = await server.fetch(`/v1/${plural}/${id}/tokens`, json('POST', body))
  if (response.status !== 201) throw new Error(`a token was refused with ${response.status}: ${await response.text()}`)
  return (await response.json()) as Token
}

/** A request to a resource's content with a token, or without credentials. */
export function content(server: TestServer, path: string, token?: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
  return fetch(server.url + path, { redirect: 'manual', ...init, headers })
}

export interface SendOptions {
  readonly method?: string
  /** As it goes into the request line: nothing is normalised. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly agent?: Agent
}

/** A request with any Host header and any path. */
export function send(server: TestServer, options: SendOptions): Promise<Answer> {
  const { method = 'GET', path, headers = {}, body, agent } = options
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port: server.port, method, path, headers: { ...headers }, ...(agent && { agent }) },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** The host of a resource's own origin. */
export function ownHost(server: TestServer, id: string): string {
  return `${id}.localhost:${server.port}`
}

/** Follows a sign-in link as a browser would. @returns the cookie, ready for a `cookie` header */
export async function openLink(server: TestServer, link: string): Promise<string> {
  const { host, pathname, search } = new URL(link)
  const answer = await send(server, { path: pathname + search, headers: { host } })
  const [cookie] = answer.headers['set-cookie'] ?? []
  if (answer.status !== 303 || cookie === undefined)
    throw new Error(`the link answered ${answer.status}: ${answer.text}`)
  return cookie.split(';')[0] ?? ''
}

/**
 * Bytes as they are, over a socket of their own, with `Connection: close` among them.
 *
 * @returns all that came back until the server closed; or, for an accepted WebSocket, its first frame
 */
export function raw(server: TestServer, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(bytes, 'latin1'))
    let answer = ''
    socket.setTimeout(RAW_TIMEOUT_MS, () => socket.destroy(new Error(`no end of the answer; so far: ${answer}`)))
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      const isFrame = answer.startsWith('HTTP/1.1 101') && !answer.endsWith('\r\n\r\n')
      if (isFrame) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}

/** For a server that keeps the connection open all the same. */
const RAW_TIMEOUT_MS = 10_000

/** A new resource with an admin's token. */
export interface OwnedResource {
  readonly id: string
  readonly token: string
  /** A request below the resource with that token. */
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>
}

export async function makeResource(server: TestServer, plural = 'ledgers', body = {}): Promise<OwnedResource> {
  const { id } = await create(server, plural, body)
  const { token } = await mintToken(server, plural, id, { permission: 'admin' })
  return { id, token, ask: (path, init) => content(server, `/${plural}/${id}/${path}`, token, init) }
}
