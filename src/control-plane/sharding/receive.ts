// The receiving side of an account's move. Each step may come again, late or twice: what has been done is answered as done.

import { fault } from '../../object/fault.ts'
import { ResourceError } from '../../wire/errors.ts'
import type { ControlMethods } from '../../wire/planes.ts'
import type { ControlDeps } from '../deps.ts'
import { raiseCounters } from '../meta.ts'
import { objectOf, policyFor, readPolicy } from './policy.ts'
import { readPlace, writePlace, type Place } from './account-place.ts'
import { storePage } from './moved-tables.ts'

type Received = ControlMethods['receiveAccount']

/** From little to all. */
const PROGRESS: readonly Place[] = ['arriving', 'sealed', 'here']
const REACHED = { rows: 'arriving', seal: 'sealed', adopt: 'here' } as const

/** @throws ResourceError `not_ready` when this shard's policy does not put the account here */
export async function receiveAccount(deps: ControlDeps, args: Received['args']): Promise<Received['value']> {
  await policyFor(deps, args.epoch)
  TEST_BUILD: await fault('receive.begin')
  await deps.transact(() => takeStep(deps, args))
  return { step: args.step }
}

function takeStep(deps: ControlDeps, { account, epoch, from, step, tables, counters }: Received['args']): void {
  const { sql } = deps
  const persisted = readPolicy(sql)
  if (persisted?.epoch !== epoch || objectOf(deps, persisted.policy, account) !== deps.objectName)
    throw new ResourceError('not_ready', 'By the policy that this shard knows, the account does not belong here.')
  const row = readPlace(sql, account)
  const current = row?.epoch === epoch && row.place !== 'gone' ? PROGRESS.indexOf(row.place) : -1
  const wanted = PROGRESS.indexOf(REACHED[step])
  if (current > wanted || (current === wanted && step !== 'rows')) return
  // An account that is here was never anywhere else; one without its rows must not be sealed.
  if (row?.place === 'here' || current < wanted - 1)
    throw new ResourceError('internal', `A move came out of order: "${step}" for an account that is ${row?.place}.`)
  writePlace(sql, account, { place: REACHED[step], epoch, peer: step === 'adopt' ? null : from })
  if (counters !== undefined) {
    raiseCounters(sql, counters)
    storePage(sql, account, tables ?? [], counters, deps.now())
  }
  // Work came with the rows; what is due waits for the account to be adopted.
  deps.arm()
}
