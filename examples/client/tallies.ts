// The client at work, against the app of ../own-type. Its type is all that is imported of the app: nothing of it runs here.

import { BiplaneError, createClient, type Client, type OperationJson } from 'biplane/client'
import type app from '../own-type/app.ts'

export type TallyClient = Client<typeof app>

export function connect(baseUrl: string, key: string): TallyClient {
  return createClient<typeof app>({ baseUrl, key })
}

/** Creates a tally, or answers the one that has the name already. */
export async function ensureTally(client: TallyClient, name: string): Promise<string> {
  try {
    return (await client.tallies.create({ name, labels: { kind: 'visits' } }, { wait: true })).id
  } catch (thrown) {
    if (!(thrown instanceof BiplaneError) || thrown.code !== 'already_exists') throw thrown
    for await (const tally of client.tallies.list({ name_prefix: name })) if (tally.name === name) return tally.id
    throw thrown
  }
}

/** Content is a request of its own, with a token: it never passes through the control plane. */
export async function raise(client: TallyClient, id: string): Promise<number> {
  const { url } = await client.tallies.get(id)
  const { token } = await client.tallies.tokens(id).mint({ permission: 'write', expires_in: 60 })
  const response = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${token}` } })
  const tally: { value: number } = await response.json()
  return tally.value
}

/** Changes only what nobody else has changed meanwhile. */
export async function rename(client: TallyClient, id: string, name: string): Promise<void> {
  const { etag } = await client.tallies.get(id)
  await client.tallies.update(id, { name }, { ifMatch: etag })
}

/** Names of all tallies that visitors raised, page by page. */
export async function visits(client: TallyClient): Promise<string[]> {
  const names: string[] = []
  for await (const page of client.tallies.list({ label: 'kind:visits', limit: 200 }).pages())
    names.push(...page.data.map(({ id, name }) => name ?? id))
  return names
}

/** A thousand at once: one operation, whose progress is told. */
export async function createMany(
  client: TallyClient,
  names: readonly string[],
  onProgress: (operation: OperationJson) => void,
): Promise<void> {
  const operation = await client.tallies.createMany(names.map((name) => ({ name })))
  await client.operations.wait(operation, { onProgress })
}

/** What happens, as it happens; `save` keeps the place, so that nothing is missed by a restart. */
export async function follow(
  client: TallyClient,
  after: string | undefined,
  save: (cursor: string) => void,
  signal: AbortSignal,
): Promise<void> {
  for await (const page of client.events({ after, follow: true, signal }).pages()) {
    for (const { kind, resource } of page.data) console.log(kind, resource)
    if (page.next_cursor !== undefined) save(page.next_cursor)
  }
}
