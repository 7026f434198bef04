// What the tests of faults share: casks over HTTP, and the question "does the catalog agree with the objects?".

import { expect } from 'vitest'
import type { Descriptor, Held, Tombstone } from '../../src/wire/descriptor.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { json } from '../support/http.ts'
import { ROOT, type TestServer } from '../support/server.ts'

export const CASK_APP = `${ROOT}test/support/apps/cask.ts`

/** The promise: this long after readiness nothing is unfinished. */
export const SETTLED: { readonly timeout: number; readonly interval: number } = { timeout: 5_000, interval: 20 }

export interface Inspected {
  readonly resource: ResourceJson
  readonly row: {
    readonly phase: string
    readonly desired_version: number
    readonly applied_version: number
    readonly incarnation: number
    readonly purge_time: number | null
  }
  readonly work: readonly { readonly kind: string; readonly attempt: number; readonly due: number }[]
  readonly object: Held | { readonly kind: 'unreachable' }
}

export interface Draught {
  readonly number: number
  readonly text: string
}

/** What an operation that a kill may interrupt answered: a connection that broke is an answer, too. */
export type Status = number | 'broken'

export async function statusOf(response: Promise<Response>): Promise<Status> {
  try {
    const { status, body } = await response
    await body?.cancel()
    return status
  } catch {
    return 'broken'
  }
}

/** Of a cask, or of what is addressed in another way. */
export function pluralOf(id: string): string {
  return `${id.slice(0, id.indexOf('-'))}s`
}

export async function inspect(server: TestServer, id: string): Promise<Inspected> {
  const response = await server.fetch(`/v1/${pluralOf(id)}/${id}/inspect`)
  if (response.status !== 200) throw new Error(`inspect answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Inspected
}

/** @param query further parameters, such as `&deleted=true` */
export async function list(server: TestServer, query = '', plural = 'casks'): Promise<ResourceJson[]> {
  const all: ResourceJson[] = []
  for (let cursor = ''; ;) {
    const response = await server.fetch(`/v1/${plural}?limit=200${query}${cursor}`)
    const page = (await response.json()) as { data: ResourceJson[]; next_cursor?: string }
    if (!Array.isArray(page.data)) throw new Error(`the list answered ${response.status}`)
    all.push(...page.data)
    if (page.next_cursor === undefined) return all
    cursor = `&cursor=${page.next_cursor}`
  }
}

/** @throws Error unless the save was acknowledged */
export async function save(server: TestServer, id: string, token: string, text: string): Promise<Draught> {
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(`${server.url}/${pluralOf(id)}/${id}/`, { method: 'PUT', body: text, headers })
  if (response.status !== 200) throw new Error(`a save answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Draught
}

export function read(server: TestServer, id: string, token?: string): Promise<Response> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return fetch(`${server.url}/${pluralOf(id)}/${id}/`, { headers })
}

/** Creates with an idempotency key of the same text as the name. */
export function createByKey(server: TestServer, name: string, more: object = {}): Promise<Response> {
  return server.fetch('/v1/casks', json('POST', { name, ...more }, { 'idempotency-key': name }))
}

/** A row is finished when its object has what the row wants, and no work is left but that of waiting for a timer's end. */
export function unfinished({ row, work, resource, object }: Inspected): string | undefined {
  const isAgreed =
    row.phase === 'live'
      ? object.kind === 'descriptor' && isSame(object.descriptor, row)
      : row.phase === 'purged' && object.kind === 'tombstone' && isSame(object.tombstone, row)
  const waits = row.phase === 'purged' ? 'forget' : row.purge_time === null ? undefined : 'expire'
  const left = work.filter(({ kind }) => kind !== waits)
  if (isAgreed && row.applied_version === row.desired_version && left.length === 0) return undefined
  return `${resource.id} ${row.phase} ${row.applied_version}/${row.desired_version} ${object.kind} ${JSON.stringify(left)}`
}

function isSame(held: Descriptor | Tombstone, row: Inspected['row']): boolean {
  return held.incarnation === row.incarnation && held.version === row.desired_version
}

/** Waits until every row is finished, listed, restorable or known; then asks that there are as many object files as rows. */
export async function expectSettled(server: TestServer, known: Iterable<string>): Promise<void> {
  await expect.poll(() => unfinishedRows(server, known), SETTLED).toEqual([])
  const ids = await allIds(server, known)
  expect(server.sqliteFiles().data, 'objects without a row').toBe(ids.size)
}

async function unfinishedRows(server: TestServer, known: Iterable<string>): Promise<string[]> {
  const inspected = await Promise.all([...(await allIds(server, known))].map((id) => inspect(server, id)))
  return inspected.flatMap((one) => unfinished(one) ?? [])
}

async function allIds(server: TestServer, known: Iterable<string>): Promise<Set<string>> {
  const rows = [...(await list(server)), ...(await list(server, '&deleted=true'))]
  return new Set([...known, ...rows.map(({ id }) => id)])
}
