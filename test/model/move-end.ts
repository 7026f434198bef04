// How a move has ended, as its operation says: from that follows where the resource is.

import type { OperationJson } from '../../src/wire/operation.ts'
import type { Client } from './client.ts'
import { runningMove, type Modelled, type Move } from './model.ts'
import { agree, require } from './violation.ts'

const STEPS = 3

/** Waits for the end of the move that is running, if there is one. */
export async function endOfMove(client: Client, one: Modelled): Promise<void> {
  const move = runningMove(one)
  if (move === undefined) return
  const ended = await client.ended(move.domain, move.operation)
  checkEnd(one, move, ended, client.isCalm())
  move.state = ended.state
  if (ended.state === 'succeeded') one.cell = move.to
}

function checkEnd(
  one: Modelled,
  move: Move,
  { state, error, progress, subject }: OperationJson,
  isCalm: boolean,
): void {
  const { from, to } = move
  const what = `the move ${move.operation} of ${one.id} to ${to}`
  agree('MV1', `what ${what} is about`, subject, { resource: one.id, from, to })
  if (move.isFlipped) agree('MV6', `the end of ${what}, which could not be cancelled any more`, state, 'succeeded')
  if (state === 'succeeded') agree('MV1', `the progress of ${what}`, progress, { total: STEPS, done: STEPS, failed: 0 })
  else if (state === 'failed')
    require('MV6', `${what} has a reason to fail: ${JSON.stringify(error)}`, mayFail(error?.code, isCalm))
  else require('MV6', `${what} is ${state} by somebody`, state === 'cancelled' && move.mayBeCancelled)
}

/** A process that is away for longer than three deadlines of a call is a reason to give up; or a machine that is too busy. */
function mayFail(code: string | undefined, isCalm: boolean): boolean {
  return code === 'deadline_exceeded' || (code === 'unavailable' && !isCalm)
}
