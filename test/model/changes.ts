// How each intent that changes something is carried out, what the model says must come of it, and how the model follows.

import type { OperationJson } from '../../src/wire/operation.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import type { Cell } from './cells.ts'
import type { Answer, Client } from './client.ts'
import type { Intent, NewResource } from './intents.ts'
import { expectedJson, isSame, record, runningMove, shownJson, type Domain, type Modelled } from './model.ts'
import { endOfMove } from './move-end.ts'
import { agree, require } from './violation.ts'

type Of<K extends Intent['kind']> = Extract<Intent, { kind: K }>

const OK = { least: 1, most: 1 } as const

/** Code of a refusal, or undefined: `what` must have ended as the model foretold. */
function ended(rule: string, what: string, answer: Answer, expected: string | undefined): boolean {
  agree(rule, `${what} ended with ${answer.status}, and its code`, answer.code, expected)
  return expected === undefined
}

/** What is shown of it is what the model says, now or as soon as its object knows. */
export async function agreed(client: Client, rule: string, one: Modelled, answer?: Answer): Promise<void> {
  const { domain, id } = one
  const isDone = answer !== undefined && answer.status !== 202
  const shown = isDone ? (answer.body as ResourceJson) : await client.settled(domain, id)
  agree(rule, `${domain.plural}/${id}`, shownJson(shown), expectedJson(one, shown))
}

export async function create(client: Client, { domain, body, repeat }: Of<'create'>, number: number): Promise<void> {
  const { model } = client
  const headers = { 'idempotency-key': `${model.name}-${number}` }
  const post = (sent: object): Promise<Answer> =>
    client.ask(domain, domain.plural, { method: 'POST', body: sent, headers, isPending: (status) => status === 202 })
  const expected = refusalOfNew(client, domain, [body]) ?? (body.params === undefined ? undefined : 'invalid_request')
  const answer = await post(body)
  const isMade = ended('CP1', `creating ${JSON.stringify(body)} in ${show(domain)}`, answer, expected)
  if (body.params !== undefined && expected === 'invalid_request') {
    // It was recorded before the type refused it, perhaps again by each attempt.
    const { attempts } = answer
    client.audits.push({ account: domain.account, action: 'create', attempts, least: 1, most: attempts.length })
  } else {
    client.expectAudit(domain.account, 'create', answer, OK)
  }
  if (!isMade) return
  const made = addNew(client, domain, body, answer.body as ResourceJson)
  await agreed(client, 'CP2', made, answer)
  if (repeat === undefined) return
  const again = await post(repeat === 'same' ? body : { ...body, labels: { another: 'body' } })
  if (!ended('CP3', 'the same key again', again, repeat === 'same' ? undefined : 'idempotency_key_reused')) return
  agree('CP3', 'the resource of one idempotency key', (again.body as ResourceJson).id, made.id)
  client.audits.push({ account: domain.account, action: 'create', attempts: again.attempts, least: 0, most: 0 })
}

function addNew(client: Client, domain: Domain, body: NewResource, shown: ResourceJson): Modelled {
  require('CP3', `${shown.id} is new`, client.model.resources.every(({ id }) => id !== shown.id))
  if (body.cell !== undefined) agree('CE2', `the cell of the new ${shown.id}`, shown.cell, body.cell)
  if (body.cell !== undefined) client.model.goals.set(client.model.resources.length, body.cell)
  return client.model.add({
    id: shown.id,
    url: shown.url,
    cell: shown.cell as Cell,
    domain,
    name: body.name ?? null,
    labels: body.labels,
    isProtected: body.delete_protection ?? false,
    createTime: shown.create_time,
  })
}

/** What refuses a creation before it is recorded: room first, then names, of each other, too. */
function refusalOfNew({ model }: Client, domain: Domain, bodies: readonly NewResource[]): string | undefined {
  if (!model.hasRoom(domain, bodies.length)) return 'quota_exceeded'
  const names = bodies.flatMap(({ name }) => (name === undefined ? [] : [name.toLowerCase()]))
  const isTaken = new Set(names).size < names.length || names.some((name) => model.isTaken(domain, name))
  return isTaken ? 'already_exists' : undefined
}

export async function bulk(client: Client, { domain, bodies }: Of<'bulk'>, number: number): Promise<void> {
  const headers = { 'idempotency-key': `${client.model.name}-${number}` }
  const path = `${domain.plural}/bulk`
  const answer = await client.ask(domain, path, { method: 'POST', body: { resources: bodies }, headers })
  const isBegun = ended('CP19', `bulk creation in ${show(domain)}`, answer, refusalOfNew(client, domain, bodies))
  const count = bodies.length
  client.expectAudit(domain.account, 'create', answer, { least: count, most: count })
  if (!isBegun) return
  const operation = await client.ended(domain, (answer.body as OperationJson).id)
  const failed = bodies.filter(({ params }) => params !== undefined).length
  agree('CP19', 'progress of a bulk creation', operation.progress, { total: count, done: count, failed })
  agree('CP23', 'its state', operation.state, failed === 0 ? 'succeeded' : 'failed')
  const ids = operation.subject['resources'] as readonly string[]
  for (const [index, body] of bodies.entries()) {
    if (body.params !== undefined) continue
    const shown = await client.settled(domain, ids[index] ?? '')
    await agreed(client, 'CP19', addNew(client, domain, body, shown))
  }
}

export async function update(client: Client, { one: ordinal, changes, isStale }: Of<'update'>): Promise<void> {
  const one = client.model.at(ordinal)
  const { domain } = one
  const isTaken = client.model.isTaken(domain, changes.name, one)
  const expected = isStale
    ? 'precondition_failed'
    : one.life !== 'live'
      ? 'deleted'
      : isTaken
        ? 'already_exists'
        : undefined
  const answer = await client.ask(domain, `${domain.plural}/${one.id}`, {
    method: 'PATCH',
    body: changes,
    headers: isStale ? { 'if-match': '"0"' } : {},
  })
  const isMade = ended('CP7', `changing ${one.id} to ${JSON.stringify(changes)}`, answer, expected)
  const most = answer.attempts.length
  client.expectAudit(domain.account, 'update', answer, { least: 1, most }, one.id)
  if (!isMade) return
  const { name, labels, mode, settings, delete_protection: isProtected } = changes
  if (name !== undefined) one.name = name
  if (settings !== undefined) one.color = settings.color
  one.labels = labels ?? one.labels
  one.mode = mode ?? one.mode
  one.isProtected = isProtected ?? one.isProtected
  record(one, 'updated', most)
  await agreed(client, 'CP7', one, answer)
}

export async function revoke(client: Client, { one: ordinal }: Of<'revoke' | 'mint' | 'get'>): Promise<void> {
  const one = client.model.at(ordinal)
  const { domain } = one
  const answer = await client.ask(domain, `${domain.plural}/${one.id}/tokens`, { method: 'DELETE' })
  const isMade = ended('CP11', `revoking the tokens of ${one.id}`, answer, one.life === 'live' ? undefined : 'deleted')
  client.expectAudit(domain.account, 'revoke_tokens', answer, { least: 1, most: answer.attempts.length }, one.id)
  if (!isMade) return
  one.generation++
  await agreed(client, 'CP11', one, answer)
}

export async function remove(client: Client, { one: ordinal, purge }: Of<'delete'>): Promise<void> {
  const one = client.model.at(ordinal)
  const { domain, life } = one
  const isChange = life === 'live' || (life === 'kept' && purge)
  const isFull = !purge && !client.model.hasRoom(domain, 1, 'kept')
  const expected =
    life !== 'live' ? undefined : one.isProtected ? 'delete_protected' : isFull ? 'quota_exceeded' : undefined
  const answer = await client.ask(domain, `${domain.plural}/${one.id}${purge ? '?purge=true' : ''}`, {
    method: 'DELETE',
  })
  const isMade = ended(purge ? 'CP14' : 'CP8', `deleting ${one.id} (${life})`, answer, expected)
  const action = purge && answer.code === undefined ? 'purge' : 'delete'
  client.expectAudit(domain.account, action, answer, isChange ? OK : { least: 0, most: 0 }, one.id)
  if (!isMade) return
  const move = runningMove(one)
  if (life === 'live' && move !== undefined) move.mayBeCancelled = true
  if (life === 'live') record(one, 'deleted')
  if (purge) toPurged(one)
  else if (life === 'live') one.life = 'kept'
  await agreed(client, purge ? 'CP14' : 'CP8', one, answer)
}

function toPurged(one: Modelled): void {
  const move = runningMove(one)
  if (move !== undefined) move.isCutShort = true
  if (one.life !== 'purged') record(one, 'purged')
  one.life = 'purged'
}

export async function restore(client: Client, { one: ordinal, name: asked }: Of<'restore'>): Promise<void> {
  const { model } = client
  const one = model.at(ordinal)
  const { domain, life } = one
  const name = asked ?? one.name
  const expected =
    life === 'purged'
      ? 'deleted'
      : life === 'live'
        ? undefined
        : !model.hasRoom(domain)
          ? 'quota_exceeded'
          : model.isTaken(domain, name)
            ? 'already_exists'
            : undefined
  const body = asked === undefined ? {} : { name: asked }
  const answer = await client.ask(domain, `${domain.plural}/${one.id}/restore`, { method: 'POST', body })
  const isMade = ended('CP13', `restoring ${one.id} (${life})`, answer, expected)
  client.expectAudit(domain.account, 'restore', answer, life === 'kept' ? OK : { least: 0, most: 0 }, one.id)
  if (!isMade) return
  if (life === 'kept') {
    one.life = 'live'
    one.name = name
    record(one, 'restored')
  }
  await agreed(client, 'CP13', one, answer)
}

/** Every kept one of a domain that nobody else uses. */
export async function purgeAll(client: Client): Promise<void> {
  const { model } = client
  const domain = model.ownDomain
  const answer = await client.ask(domain, `${domain.plural}/purge`, { method: 'POST', body: {} })
  ended('CP20', 'purging all that was deleted', answer, undefined)
  client.expectAudit(domain.account, 'purge', answer, { least: 1, most: answer.attempts.length })
  const operation = await client.ended(domain, (answer.body as OperationJson).id)
  agree('CP20', 'state of the purge of all', operation.state, 'succeeded')
  const kept = model.in(domain, 'kept')
  // Of several attempts the first may have taken them.
  if (answer.attempts.length === 1) agree('CP20', 'how many it purged', operation.progress.total, kept.length)
  for (const one of kept) {
    toPurged(one)
    await agreed(client, 'CP20', one)
  }
}

export async function transfer(client: Client, { one: ordinal, to }: Of<'transfer'>): Promise<void> {
  const { model } = client
  const one = model.at(ordinal)
  const from = one.domain
  const target = { ...from, account: to }
  const expected =
    one.life !== 'live'
      ? 'deleted'
      : isSame(from, target)
        ? 'invalid_request'
        : model.isTaken(target, one.name)
          ? 'already_exists'
          : undefined
  const path = `${from.plural}/${one.id}/transfer`
  const answer = await client.ask(from, path, { method: 'POST', body: { account: to }, role: 'operator' })
  // An attempt that broke off may have given it away: then it is not there any more.
  const isGone = expected === undefined && answer.code === 'not_found' && answer.attempts.length > 1
  if (isGone) {
    const { attempts } = answer
    const about = { account: from.account, action: 'transfer', attempts, resource: one.id }
    client.audits.push({ ...about, ...OK, refusal: 'not_found' })
  } else {
    ended('CP21', `giving ${one.id} to ${to}`, answer, expected)
    client.expectAudit(from.account, 'transfer', answer, OK, one.id)
  }
  if (expected !== undefined) return
  // It waits for a move.
  await endOfMove(client, one)
  record(one, 'transferred')
  one.domain = target
  record(one, 'transferred')
  one.generation++
  const shown = await client.settled(target, one.id)
  one.createTime = shown.create_time
  await agreed(client, 'CP21', one)
}

export function show({ account, plural }: Domain): string {
  return `${plural} of ${account}`
}
