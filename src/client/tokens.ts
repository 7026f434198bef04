// Access to one resource's content: tokens for API clients, links for people.

import type { CallOptions, Transport } from './transport.ts'
import type { WaitOptions } from './wait.ts'

export interface GrantRequest {
  /** Default: read. */
  readonly permission?: 'read' | 'write' | 'admin' | undefined
  /** Seconds, at most 30 days. Default: an hour for a token, a week for a link. */
  readonly expires_in?: number | undefined
  /** One of the resource's own host names, to which the link leads. */
  readonly host?: string | undefined
}

export interface Link {
  readonly url: string
  /** For revoking this one alone. */
  readonly token_id: string
  readonly expire_time: string
}

/** Shown once. Its `url` opens the resource in a browser, once; absent where the type has no origin of its own. */
export interface Token extends Omit<Link, 'url'> {
  readonly token: string
  readonly url?: string
}

export class Tokens<R> {
  readonly #send: Transport
  readonly #path: string
  readonly #revoke: (below: string, options: WaitOptions) => Promise<R>

  /** @param path of the resource @param revoke deletes what is below its tokens */
  constructor(send: Transport, path: string, revoke: (below: string, options: WaitOptions) => Promise<R>) {
    this.#send = send
    this.#path = path
    this.#revoke = revoke
  }

  async mint(request: GrantRequest = {}, { signal }: CallOptions = {}): Promise<Token> {
    const call = { method: 'POST', path: `${this.#path}/tokens`, body: request, repeatable: 'refused', signal } as const
    return (await this.#send<Token>(call)).body
  }

  /** One token or link. @param tokenId its `token_id` */
  revoke(tokenId: string, options: WaitOptions = {}): Promise<R> {
    return this.#revoke(`/${encodeURIComponent(tokenId)}`, options)
  }

  /** Every token and link of the resource. */
  revokeAll(options: WaitOptions = {}): Promise<R> {
    return this.#revoke('', options)
  }
}

export class Links {
  readonly #send: Transport
  readonly #path: string

  constructor(send: Transport, path: string) {
    this.#send = send
    this.#path = path
  }

  /** A link that works any number of times until it ends or is revoked. */
  async create(request: GrantRequest = {}, { signal }: CallOptions = {}): Promise<Link> {
    const call = { method: 'POST', path: `${this.#path}/links`, body: request, repeatable: 'refused', signal } as const
    return (await this.#send<Link>(call)).body
  }
}
