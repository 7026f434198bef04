// What tests of shards share: accounts by a header, and a look into each control plane object (see test/support/apps/shards.ts).

import { expect } from 'vitest'
import { controlObjectName } from '../../src/identity/object-name.ts'
import { shardOf, shardsOf, type ShardPolicy } from '../../src/identity/shard.ts'
import type { OperationJson } from '../../src/wire/operation.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { json } from './http.ts'
import type { TestServer } from './server.ts'

export type Account = string

interface TypeJson {
  readonly name: string
  readonly plural: string
  readonly policy: ShardPolicy
  readonly proposed_policy: ShardPolicy
  readonly epoch: number
  readonly moving: boolean
}

/** A request about an account's crates, or one of them. @param id '' or a query: all of them */
export function change(server: TestServer, account: Account, id: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('x-account', account)
  return server.fetch(`/v1/crates${id === '' || id.startsWith('?') ? id : `/${id}`}`, { ...init, headers })
}

/** @throws Error unless it answers 201 */
export async function createCrate(
  server: TestServer,
  account: Account,
  name: string,
  key = name,
): Promise<ResourceJson> {
  const answer = await change(server, account, '', json('POST', { name }, { 'idempotency-key': key }))
  if (answer.status !== 201) throw new Error(`creating answered ${answer.status}: ${await answer.text()}`)
  return (await answer.json()) as ResourceJson
}

/** Identifiers of what an account has, in the order of the list. */
export async function listAll(server: TestServer, account: Account): Promise<string[]> {
  const answer = await change(server, account, '?limit=200', {})
  const { data } = (await answer.json()) as { data: ResourceJson[] }
  return data.map(({ id }) => id)
}

export async function typeOf(server: TestServer, name: string): Promise<TypeJson> {
  const { data } = (await (await server.fetch('/v1/types')).json()) as { data: TypeJson[] }
  const type = data.find((one) => one.name === name)
  if (type === undefined) throw new Error(`no type ${name}`)
  return type
}

/** @throws Error unless it is accepted */
export async function reshard(server: TestServer, policy: ShardPolicy): Promise<OperationJson> {
  const answer = await server.fetch('/v1/types/crate/policy', json('PUT', policy))
  if (answer.status !== 202) throw new Error(`resharding answered ${answer.status}: ${await answer.text()}`)
  return (await answer.json()) as OperationJson
}

/** Long: a supervisor waits before it starts a process that dies young. */
const MOVED = { timeout: 20_000, interval: 50 }

export async function waitForMoves(server: TestServer): Promise<void> {
  await expect.poll(async () => (await typeOf(server, 'crate').catch(() => undefined))?.moving, MOVED).toBe(false)
}

export type SqlRow = Readonly<Record<string, unknown>>

/** Runs SQL on the tables of a shard of crates. @param shard undefined = the root object */
export async function sqlOn(server: TestServer, shard: string | undefined, text: string): Promise<SqlRow[]> {
  const call = json('POST', { method: 'sql', args: { text } })
  const answer = await server.fetch(`/shard/${controlObjectName('crate', shard)}`, call)
  if (answer.status !== 200) throw new Error(`${text}: ${await answer.text()}`)
  return ((await answer.json()) as { value: SqlRow[] }).value
}

const TABLES = ['resource', 'quota', 'idempotency', 'label', 'operation', 'audit', 'event', 'usage_day']

/** Accounts of which a shard has anything but the place to which they went, in order. */
export async function accountsOn(server: TestServer, shard: string | undefined): Promise<string[]> {
  const hasTables = await sqlOn(server, shard, "SELECT 1 FROM sqlite_schema WHERE name = 'resource'")
  if (hasTables.length === 0) return []
  const parts = TABLES.map((table) => `(SELECT json_group_array(DISTINCT account) FROM ${table})`)
  const found = await sqlOn(
    server,
    shard,
    `SELECT DISTINCT one.value AS account FROM json_each(json_array(${parts.join(', ')})) AS list, json_each(list.value) AS one ORDER BY 1`,
  )
  return found.map(({ account }) => String(account)).filter((account) => account !== '-')
}

/** The shards of some policies that have anything of an account. */
export async function placesOf(
  server: TestServer,
  account: Account,
  ...policies: readonly ShardPolicy[]
): Promise<(string | undefined)[]> {
  const shards = new Set(policies.flatMap((policy) => shardsOf(policy, ['local']) ?? [shardOf(policy, account)]))
  const places: (string | undefined)[] = []
  for (const shard of shards) if ((await accountsOn(server, shard)).includes(account)) places.push(shard)
  return places
}
