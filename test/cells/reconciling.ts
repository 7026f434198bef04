// What the tests of reconciling share: a cell that is stopped, and comes back with what it had before.

import { cpSync, rmSync } from 'node:fs'
import { expect } from 'vitest'
import type { OperationJson } from '../../src/wire/operation.ts'
import { json, type OwnedResource } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'
import { ended } from '../moving/movers.ts'

/** Starts it again with what the copy has. */
export async function bringBack(server: TestServer, copy: string): Promise<void> {
  await server.stop()
  rmSync(server.dataDir, { recursive: true })
  cpSync(copy, server.dataDir, { recursive: true })
  await server.start()
}

export async function copyOf(server: TestServer): Promise<string> {
  const copy = `${server.dataDir}.copy`
  rmSync(copy, { recursive: true, force: true })
  await server.stop()
  cpSync(server.dataDir, copy, { recursive: true })
  await server.start()
  return copy
}

export async function reconcile(server: TestServer, cell: string): Promise<Readonly<Record<string, OperationJson>>> {
  const response = await server.fetch(`/v1/cells/${cell}/reconcile`, json('POST', {}))
  expect(response.status).toBe(202)
  const { data } = (await response.json()) as { data: OperationJson[] }
  const ends = await Promise.all(data.map(({ id }) => ended(server, id)))
  return Object.fromEntries(ends.map((one) => [one.type, one]))
}

/** Through a server, whether it is the one that it was made by or not. */
export function ask(
  { id, token }: OwnedResource,
  server: TestServer,
  path = 'entries',
  init: RequestInit = {},
): Promise<Response> {
  return fetch(`${server.url}/ledgers/${id}/${path}`, { ...init, headers: { authorization: `Bearer ${token}` } })
}

export async function add(resource: OwnedResource, server: TestServer, body: string): Promise<void> {
  expect((await ask(resource, server, 'entries', { method: 'POST', body })).status).toBe(204)
}
