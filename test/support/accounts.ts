// Accounts and their keys, as the operator makes them.

import type { ResourceJson } from '../../src/wire/resource.ts'
import type { KeyJson } from '../../src/wire/account.ts'
import { content, create, json } from './http.ts'
import type { TestServer } from './server.ts'

export type NewKey = KeyJson & { readonly key: string }

export interface TestAccount {
  readonly id: string
  readonly record: ResourceJson
  /** An admin's key. */
  readonly key: NewKey
  /** A request with it. */
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>
}

export async function makeAccount(server: TestServer, body: object = {}): Promise<TestAccount> {
  const record = await create(server, 'accounts', body)
  const key = await makeKey(server, record.id, { role: 'admin' })
  return { id: record.id, record, key, ask: (path, init) => content(server, path, key.key, init) }
}

/** @throws Error unless it answers 201 */
export async function makeKey(server: TestServer, account: string, body: object = {}): Promise<NewKey> {
  const response = await server.fetch(`/v1/accounts/${account}/keys`, json('POST', body))
  if (response.status !== 201) throw new Error(`a key was refused with ${response.status}: ${await response.text()}`)
  return (await response.json()) as NewKey
}
