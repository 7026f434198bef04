// How each intent that looks, or that writes content, is carried out, and what the model says must be seen.

import type { ResourceJson } from '../../src/wire/resource.ts'
import type { Page } from '../support/tenant.ts'
import { agreed, show } from './changes.ts'
import { isDefinite, type Answer, type Client } from './client.ts'
import type { Filter, Intent } from './intents.ts'
import { expectedJson, runningMove, shownJson, type Domain, type ModelToken, type Modelled } from './model.ts'
import { agree, require } from './violation.ts'

type Of<K extends Intent['kind']> = Extract<Intent, { kind: K }>

export async function get(client: Client, { one }: Of<'get' | 'mint' | 'revoke'>): Promise<void> {
  await agreed(client, 'CP6', client.model.at(one))
}

export async function mint(client: Client, { one: ordinal }: Of<'get' | 'mint' | 'revoke'>): Promise<void> {
  await mintFor(client, client.model.at(ordinal))
}

/** @returns the new token; undefined of what was deleted */
export async function mintFor(client: Client, one: Modelled): Promise<ModelToken | undefined> {
  const { domain, id, generation } = one
  const answer = await client.ask(domain, `${domain.plural}/${id}/tokens`, {
    method: 'POST',
    body: { permission: 'write' },
  })
  agree('AU3', `a token for ${id}, refused with`, answer.code, one.life === 'live' ? undefined : 'deleted')
  if (answer.code !== undefined) return undefined
  const made = { token: (answer.body as { token: string }).token, generation }
  one.tokens.push(made)
  return made
}

/** What a request to the content with this token must be answered with: what the resource is comes before who is asking. */
export function contentStatus(one: Modelled, { generation }: ModelToken, isWrite: boolean): number {
  if (one.life !== 'live') return 410
  if (one.mode === 'suspended') return 403
  if (generation < one.generation) return 401
  if (isWrite) return one.mode === 'read_only' ? 403 : 204
  return 200
}

async function tokenOf(client: Client, one: Modelled, choice: number): Promise<ModelToken | undefined> {
  if (one.tokens.length === 0) return mintFor(client, one)
  return one.tokens[Math.max(0, one.tokens.length - 1 - (choice % 3))]
}

export async function write(client: Client, { one: ordinal, token: choice, text, filler }: Of<'write'>): Promise<void> {
  const one = client.model.at(ordinal)
  const held = await tokenOf(client, one, choice)
  if (held === undefined) return
  const body = text + '.'.repeat(filler)
  one.written.push(text)
  const put = (isRefusalEnough: boolean): Promise<Answer> =>
    client.askContent(one, held.token, { method: 'PUT', body }, { isRefusalEnough })
  let answer = await put(true)
  if (!isDefinite(answer)) {
    // It is moving, or away: nothing has changed, as it says, and it is read.
    await readWith(client, one, held)
    answer = await put(false)
  }
  const expected = contentStatus(one, held, true)
  agree('DP1', `writing to ${one.id} (${one.life}, ${one.mode})`, answer.status, expected)
  if (expected === 204) one.content = body
}

export async function read(client: Client, { one: ordinal, token: choice }: Of<'read'>): Promise<void> {
  const one = client.model.at(ordinal)
  const held = await tokenOf(client, one, choice)
  if (held !== undefined) await readWith(client, one, held)
}

export async function readWith(client: Client, one: Modelled, held: ModelToken): Promise<void> {
  const answer = await client.askContent(one, held.token)
  const expected = contentStatus(one, held, false)
  agree('DP1', `reading ${one.id} (${one.life}, ${one.mode})`, answer.status, expected)
  if (expected === 200) agree('RC1', `content of ${one.id}`, answer.text, one.content)
}

export async function list(client: Client, { domain, filter }: Of<'list' | 'count'>): Promise<void> {
  const expected = matching(client, domain, filter).filter((one) => !isUncertain(one, filter))
  const uncertain = new Set(client.model.resources.filter((one) => isUncertain(one, filter)).map(({ id }) => id))
  const query = toQuery(client, filter, filter.shape === undefined)
  const shown = await listAll(client, domain, `${query}&limit=${filter.limit}`)
  // Of what the account's other clients have made, this one knows nothing.
  const mine = shown.filter(({ id, labels }) => labels['client'] === client.model.name && !uncertain.has(id))
  const where = `the list of ${show(domain)} with ${query}`
  agree(
    'CP6',
    `identifiers in ${where}`,
    mine.map(({ id }) => id),
    expected.map(({ id }) => id),
  )
  for (const [index, one] of mine.entries())
    agree('CP22', where, shownJson(one), expectedJson(expected[index] as Modelled, one))
}

/** Whether it depends on how far its move has come what such a filter says of it. */
function isUncertain(one: Modelled, { state, cell }: Pick<Filter, 'state' | 'cell'>): boolean {
  return runningMove(one) !== undefined && (cell !== undefined || (state !== undefined && one.mode === 'active'))
}

export async function count(client: Client, { domain, filter }: Of<'list' | 'count'>): Promise<void> {
  const { shape: _shape, descending: _descending, ...counted } = filter
  const query = toQuery(client, counted, true)
  const answer = await client.ask(domain, `${domain.plural}/count?${query}`)
  const certain = matching(client, domain, counted).filter((one) => !isUncertain(one, counted)).length
  const { state: _state, cell: _cell, ...others } = counted
  const uncertain = matching(client, domain, others).filter((one) => isUncertain(one, counted)).length
  const { count: shown } = answer.body as { count: number }
  require('CP22', `the count of ${show(domain)} with ${query}, ${shown}, is ${certain} and at most ${uncertain} more`, shown >=
    certain && shown <= certain + uncertain)
}

/** Every page. */
export async function listAll(client: Client, domain: Domain, query: string): Promise<ResourceJson[]> {
  const all: ResourceJson[] = []
  for (let cursor = ''; ;) {
    const answer = await client.ask(domain, `${domain.plural}?${query}${cursor}`)
    agree('CP6', `a page of ${show(domain)}`, answer.status, 200)
    const page = answer.body as Page<ResourceJson>
    all.push(...page.data)
    if (page.next_cursor === undefined) break
    cursor = `&cursor=${page.next_cursor}`
  }
  require('CP6', `nothing twice in the list of ${show(domain)}`, new Set(all.map(({ id }) => id)).size === all.length)
  return all
}

/** In the order of the list. */
function matching({ model }: Client, domain: Domain, filter: Filter): Modelled[] {
  const { state, name_prefix: prefix, q, shape, cell, deleted = false, descending = false, since } = filter
  const from = since === undefined ? '' : model.at(since).createTime
  const found = model
    .in(domain, deleted ? 'kept' : 'live')
    .filter(
      (one) =>
        (state === undefined || (!deleted && one.mode === state)) &&
        (prefix === undefined || one.name?.toLowerCase().startsWith(prefix.toLowerCase())) &&
        (q === undefined || one.name?.toLowerCase().includes(q.toLowerCase())) &&
        (cell === undefined || one.cell === cell) &&
        (shape === undefined || one.labels['shape'] === shape) &&
        one.createTime >= from,
    )
    .toSorted((a, b) => (a.createTime < b.createTime ? -1 : 1))
  return descending ? found.toReversed() : found
}

function toQuery({ model }: Client, filter: Omit<Filter, 'limit'>, isMineOnly: boolean): string {
  const { state, name_prefix, q, shape, cell, deleted, descending, since } = filter
  const query = new URLSearchParams({
    ...(isMineOnly ? { label: `client:${model.name}` } : shape === undefined ? {} : { label: `shape:${shape}` }),
    ...(state === undefined ? {} : { state }),
    ...(name_prefix === undefined ? {} : { name_prefix }),
    ...(q === undefined ? {} : { q }),
    ...(cell === undefined ? {} : { cell }),
    ...(deleted === true ? { deleted: 'true' } : {}),
    ...(descending === true ? { order: 'descending' } : {}),
    ...(since === undefined ? {} : { created_from: model.at(since).createTime }),
  })
  return query.toString()
}
