// Moving a resource to another cell, and what must come of it. The client that asks for a move does not wait for its end: whatever it does
// next meets the move. Where the resource is follows from what its moves say when somebody looks.

import type { OperationJson } from '../../src/wire/operation.ts'
import type { Page } from '../support/tenant.ts'
import { agreed } from './changes.ts'
import type { Cell } from './cells.ts'
import type { Answer, Client } from './client.ts'
import type { Intent } from './intents.ts'
import { runningMove, type Modelled } from './model.ts'
import { endOfMove } from './move-end.ts'
import { agree, require } from './violation.ts'
import { watch } from './watch.ts'

type Of<K extends Intent['kind']> = Extract<Intent, { kind: K }>

export async function move(client: Client, { one: ordinal, to }: Of<'move'>, number: number): Promise<void> {
  const { model } = client
  const one = model.at(ordinal)
  const { domain, id } = one
  model.meets(ordinal, to, number)
  const answer = await client.ask(domain, `${domain.plural}/${id}/move`, { method: 'POST', body: { cell: to } })
  if (one.life !== 'live') {
    agree('MV7', `moving the ${one.life} ${id}, and its code`, answer.code, 'deleted')
    return client.expectAudit(domain.account, 'move', answer, { least: 0, most: 0 }, id)
  }
  const begun = await begunBy(client, one, answer)
  for (const operation of begun) {
    // There is one at a time: what has begun before has ended.
    await endOfMove(client, one)
    const { from, to: goal } = operation.subject
    agree(
      'MV1',
      `the move ${operation.id} of ${id}`,
      { from, isElsewhere: goal !== from },
      { from: one.cell, isElsewhere: true },
    )
    one.moves.push({
      operation: operation.id,
      domain,
      from: one.cell,
      to: goal as Cell,
      state: 'running',
      mayBeCancelled: false,
      isFlipped: false,
      isCutShort: false,
    })
  }
  const { attempts } = answer
  client.audits.push({
    account: domain.account,
    action: 'move',
    attempts,
    least: begun.length,
    most: begun.length,
    resource: id,
  })
  if (begun.length > 0 && number % 2 === 0) client.watch(watch(client, one))
  if (answer.code === undefined) {
    const { operation, to: goal } = one.moves.at(-1) ?? {}
    agree('MV5', `the move of ${id}`, (answer.body as OperationJson).id, operation)
    return agree('MV5', `the goal of ${operation}`, goal, to)
  }
  agree('MV7', `moving ${id} to ${to}, and its code`, answer.code, 'invalid_request')
  require('MV7', `${answer.text} says that it is there`, answer.text.includes('it is there already'))
  await follow(client, one)
  agree('MV7', `the cell of ${id}, which is there already`, one.cell, to)
}

/** Moves that nobody knew of before the answer, oldest first: of several attempts each may have begun one. */
async function begunBy(client: Client, one: Modelled, { attempts, code, body }: Answer): Promise<OperationJson[]> {
  const isNew = ({ id }: OperationJson): boolean => one.moves.every(({ operation }) => operation !== id)
  if (attempts.length === 1) return code === undefined ? [body as OperationJson].filter(isNew) : []
  const { body: page } = await client.ask(one.domain, 'operations?limit=200')
  return (page as Page<OperationJson>).data
    .filter((operation) => operation.kind === 'move' && operation.subject['resource'] === one.id && isNew(operation))
    .toReversed()
}

/** Waits for the end of the move that is running, if there is one: then it is known where the resource is. */
export async function follow(client: Client, one: Modelled): Promise<void> {
  if (runningMove(one) === undefined) return
  await endOfMove(client, one)
  await agreed(client, 'MV1', one)
}

/** The last move of a resource, whether it is still running or not. */
export async function cancel(client: Client, { one: ordinal }: Of<'cancel'>): Promise<void> {
  const one = client.model.at(ordinal)
  const last = one.moves.at(-1)
  if (last === undefined) return agreed(client, 'CP6', one)
  const { domain, operation } = last
  const answer = await client.ask(domain, `operations/${operation}/cancel`, { method: 'POST', body: {} })
  const about = { account: domain.account, action: 'cancel_operation', attempts: answer.attempts, resource: operation }
  if (answer.code !== undefined) {
    agree('MV6', `cancelling ${operation}, and its code`, answer.code, 'invalid_request')
    require('MV6', `${operation} (${last.state}) was still running`, last.state === 'running' && !last.mayBeCancelled)
    last.isFlipped = true
    client.audits.push({ ...about, least: 0, most: 0 })
    return
  }
  const { state } = answer.body as OperationJson
  const isByUs = last.state === 'running' && state === 'cancelled'
  // A deletion may have been quicker.
  const least = isByUs && !last.mayBeCancelled ? 1 : 0
  client.audits.push({ ...about, least, most: isByUs ? 1 : 0 })
  if (last.state !== 'running') return agree('MV6', `the state of ${operation}, which had ended`, state, last.state)
  require('MV6', `${operation} has ended: ${state}`, state !== 'running')
  last.mayBeCancelled ||= isByUs
  await follow(client, one)
  agree('MV6', `the end of ${operation}`, last.state, state)
}

/** How many things may be done until somebody looks how a move has ended. */
const NOT_LOOKED = 6

/** Every move that began so long ago comes to its end. */
export async function followOlder(client: Client, number: number): Promise<void> {
  const { pending } = client.model
  while (pending[0] !== undefined && pending[0].number < number - NOT_LOOKED) {
    const { ordinal } = pending[0]
    pending.shift()
    await follow(client, client.model.at(ordinal))
  }
}

export async function followAll(client: Client): Promise<void> {
  for (const one of client.model.resources) await follow(client, one)
  await client.watched()
}
