// What the tests of moving share: a server that is several cells in one process, and a move over HTTP, followed to its end.

import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { OperationJson } from '../../src/wire/operation.ts'
import { json, makeResource, type OwnedResource } from '../support/http.ts'
import { ROOT, startServer, type StartOptions, type TestServer } from '../support/server.ts'

export const MOVING_APP = `${ROOT}test/support/apps/moving.ts`
/** Cells of one process. */
export const CELLS_FILE = `${ROOT}test/moving/cells.json`

/** One process, four cells: what moves stays in one namespace of objects. */
export async function startOneProcess(options: StartOptions = {}): Promise<TestServer> {
  return startServer({ app: MOVING_APP, args: ['--cell', 'local', '--cells-file', CELLS_FILE], ...options })
}

export function askToMove(server: TestServer, plural: string, id: string, cell: string): Promise<Response> {
  return server.fetch(`/v1/${plural}/${id}/move`, json('POST', { cell }))
}

/** @throws Error unless it answers 202 */
export async function beginMove(server: TestServer, plural: string, id: string, cell: string): Promise<OperationJson> {
  const response = await askToMove(server, plural, id, cell)
  if (response.status !== 202) throw new Error(`a move answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as OperationJson
}

export async function getOperation(server: TestServer, id: string): Promise<OperationJson> {
  return (await (await server.fetch(`/v1/operations/${id}`)).json()) as OperationJson
}

/** Follows an operation to its end, also over the death of a process. */
export async function ended(server: TestServer, id: string): Promise<OperationJson> {
  const stateOf = async (): Promise<string> =>
    (await getOperation(server, id).catch(() => undefined))?.state ?? 'running'
  await expect.poll(stateOf, { timeout: 15_000, interval: 20 }).toMatch(/succeeded|failed|cancelled/)
  return getOperation(server, id)
}

/** Moves and waits for the end. @throws Error unless it succeeds */
export async function moved(server: TestServer, plural: string, id: string, cell: string): Promise<OperationJson> {
  const { id: operation } = await beginMove(server, plural, id, cell)
  const end = await ended(server, operation)
  if (end.state !== 'succeeded') throw new Error(`a move ended with ${JSON.stringify(end)}`)
  return end
}

export interface Inspected {
  readonly resource: { readonly cell: string; readonly state: string; readonly [more: string]: unknown }
  readonly row: Readonly<Record<string, string | number | null>>
  readonly work: readonly { readonly kind: string }[]
  readonly object: { readonly kind: string; readonly [more: string]: unknown }
}

export async function inspect(server: TestServer, plural: string, id: string): Promise<Inspected> {
  return (await (await server.fetch(`/v1/${plural}/${id}/inspect`)).json()) as Inspected
}

/** A dump may be long: what tests compare, and show. */
export async function checksum(response: Response | Promise<Response>): Promise<string> {
  const answer = await response
  const hash = createHash('sha256').update(new Uint8Array(await answer.arrayBuffer()))
  return `${answer.status} ${hash.digest('hex')}`
}

/** Far more than an object needs for itself, so that it shows in the size of its file. */
export const CONTENT_BYTES = 300_000

/** Objects that have more in their files than what an object needs for itself. */
export function filesWithContent(...servers: readonly TestServer[]): string[] {
  const paths = servers.flatMap(({ dataDir }) =>
    readdirSync(join(dataDir, 'data'), { recursive: true })
      .map((name) => join(dataDir, 'data', String(name)))
      .filter((path) => /[0-9a-f]{64}\.sqlite(-wal)?$/.test(path) && statSync(path).size > CONTENT_BYTES / 2),
  )
  return [...new Set(paths.map((path) => path.replace(/-wal$/, '')))].toSorted()
}

/** A ledger with something in it that shows. */
export async function filled(server: TestServer): Promise<OwnedResource> {
  const resource = await makeResource(server)
  await resource.ask('entries', { method: 'POST', body: 'Grüße 🦆' })
  expect((await resource.ask(`blob?bytes=${CONTENT_BYTES}`, { method: 'PUT' })).status).toBe(204)
  return resource
}
