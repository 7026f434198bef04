// Somebody who owns things in test/support/apps/tenants.ts.

import { vi } from 'vitest'
import type { OperationJson } from '../../src/wire/operation.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { content, json, type Problem, type Token } from './http.ts'
import type { TestServer } from './server.ts'

/** The operator's view of an operation, when it has ended. */
export function waitForOperation(server: TestServer, id: string): Promise<OperationJson> {
  return vi.waitFor(async () => {
    const response = await server.fetch(`/v1/operations/${id}`)
    const operation = (await response.json()) as OperationJson
    if (response.status !== 200 || operation.state === 'running')
      throw new Error(`operation ${id} answered ${response.status}: ${JSON.stringify(operation)}`)
    return operation
  }, SOON)
}

/** For a busy machine. */
export const SOON = { timeout: 15_000, interval: 20 }

export interface Page<T> {
  readonly data: readonly T[]
  readonly next_cursor?: string
}

export class Tenant {
  readonly server: TestServer
  readonly account: string
  readonly #headers: Readonly<Record<string, string>>

  /** @param who role (default: admin) and limits, as the app's `authenticate` reads them */
  constructor(server: TestServer, account: string, who: { readonly role?: string; readonly limits?: object } = {}) {
    this.server = server
    this.account = account
    this.#headers = {
      'x-account': account,
      ...(who.role === undefined ? {} : { 'x-role': who.role }),
      ...(who.limits === undefined ? {} : { 'x-limits': JSON.stringify(who.limits) }),
    }
  }

  ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    for (const [name, value] of Object.entries(this.#headers)) headers.set(name, value)
    return fetch(`${this.server.url}/v1/${path}`, { redirect: 'manual', ...init, headers })
  }

  post(path: string, body: object = {}, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.ask(path, json('POST', body, headers))
  }

  patch(path: string, body: object): Promise<Response> {
    return this.ask(path, json('PATCH', body))
  }

  delete(path: string): Promise<Response> {
    return this.ask(path, { method: 'DELETE' })
  }

  /** @throws Error unless it answers one of these */
  async expect<T>(statuses: number | readonly number[], response: Promise<Response>): Promise<T> {
    const answer = await response
    const text = await answer.text()
    if (![statuses].flat().includes(answer.status))
      throw new Error(`${this.account} was answered ${answer.status}: ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  create(plural: string, body: object = {}): Promise<ResourceJson> {
    return this.expect([201, 202], this.post(plural, body))
  }

  get(plural: string, id: string): Promise<ResourceJson> {
    return this.expect(200, this.ask(`${plural}/${id}`))
  }

  async state(plural: string, id: string): Promise<string> {
    return (await this.get(plural, id)).state
  }

  /** Every page. */
  async list<T = ResourceJson>(path: string): Promise<T[]> {
    const all: T[] = []
    let cursor: string | undefined
    do {
      const more = cursor === undefined ? '' : `${path.includes('?') ? '&' : '?'}cursor=${cursor}`
      const page: Page<T> = await this.expect(200, this.ask(path + more))
      all.push(...page.data)
      cursor = page.next_cursor
    } while (cursor !== undefined)
    return all
  }

  refused(response: Promise<Response>, status: number): Promise<Problem> {
    return this.expect(status, response)
  }

  async token(plural: string, id: string): Promise<string> {
    const { token } = await this.expect<Token>(201, this.post(`${plural}/${id}/tokens`, { permission: 'write' }))
    return token
  }

  write(plural: string, id: string, token: string, text: string): Promise<Response> {
    return content(this.server, `/${plural}/${id}/`, token, { method: 'PUT', body: text })
  }

  /** The operation when it has ended. */
  async ended(id: string): Promise<OperationJson> {
    return vi.waitFor(async () => {
      const operation = await this.expect<OperationJson>(200, this.ask(`operations/${id}`))
      if (operation.state === 'running') throw new Error(`it still runs: ${JSON.stringify(operation.progress)}`)
      return operation
    }, SOON)
  }
}
