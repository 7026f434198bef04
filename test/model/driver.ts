// Runs the clients at once, each through its share of the operations, and kills a process now and then while they are under way.

import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import type { TestServer } from '../support/server.ts'
import * as changes from './changes.ts'
import { Client } from './client.ts'
import { nextIntent, type Intent } from './intents.ts'
import { Killer, type Kills } from './killer.ts'
import { CLIENTS } from './model.ts'
import { Random } from './random.ts'
import * as moves from './moves.ts'
import * as reads from './reads.ts'
import { Violation } from './violation.ts'

export interface Plan {
  readonly seed: number
  readonly operations: number
  readonly kills: number
}

export interface Run {
  readonly clients: readonly Client[]
  /** Of every intent of every client: the same for the same plan. */
  readonly digest: string
  readonly counts: ReadonlyMap<string, number>
  readonly killed: Kills
}

/** Shown with a violation: what its client had done just before. */
const SHOWN_INTENTS = 12

/** @throws Violation of whichever client sees the first one */
export async function drive(server: TestServer, plan: Plan): Promise<Run> {
  const counts = new Map<string, number>()
  const digests: string[] = []
  const killer = new Killer(server, plan)
  const isCalm = (): boolean => !killer.hasBegun
  const clients = Array.from({ length: CLIENTS }, (_, number) => new Client(server, number, isCalm))
  let isOver = false
  const running = clients.map(async (client, index) => {
    const random = new Random(plan.seed * CLIENTS + index)
    const digest = createHash('sha256')
    const intents: Intent[] = []
    for (let number = 0; number < plan.operations / CLIENTS && !isOver; number++) {
      const intent = nextIntent(client.model, random, number)
      intents.push(intent)
      digest.update(JSON.stringify(intent))
      counts.set(intent.kind, (counts.get(intent.kind) ?? 0) + 1)
      killer.operationBegins(intent.kind)
      try {
        await moves.followOlder(client, number)
        await carryOut(client, intent, number)
      } catch (error) {
        isOver = true
        throw toViolation(error, client, intents)
      }
    }
    digests[index] = digest.digest('hex')
  })
  await settleAll(running)
  await killer.done()
  const digest = createHash('sha256').update(digests.join(' ')).digest('hex').slice(0, 12)
  return { clients, digest, counts, killed: killer.killed }
}

/** Waits for all, also after one has failed. */
async function settleAll(running: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(running)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

function toViolation(error: unknown, { model }: Client, intents: readonly Intent[]): Error {
  if (!(error instanceof Violation)) return error as Error
  const shown = intents.slice(-SHOWN_INTENTS).map((intent) => inspect(intent, { breakLength: Infinity, depth: 4 }))
  return new Violation(
    `${error.message}\nClient ${model.name}, operation ${intents.length - 1}; its last ones:\n${shown.join('\n')}`,
    { cause: error },
  )
}

function carryOut(client: Client, intent: Intent, number: number): Promise<void> {
  switch (intent.kind) {
    case 'create':
      return changes.create(client, intent, number)
    case 'bulk':
      return changes.bulk(client, intent, number)
    case 'update':
      return changes.update(client, intent)
    case 'revoke':
      return changes.revoke(client, intent)
    case 'delete':
      return changes.remove(client, intent)
    case 'restore':
      return changes.restore(client, intent)
    case 'purge_all':
      return changes.purgeAll(client)
    case 'transfer':
      return changes.transfer(client, intent)
    case 'move':
      return moves.move(client, intent, number)
    case 'cancel':
      return moves.cancel(client, intent)
    case 'write':
      return reads.write(client, intent)
    case 'read':
      return reads.read(client, intent)
    case 'mint':
      return reads.mint(client, intent)
    case 'get':
      return reads.get(client, intent)
    case 'list':
      return reads.list(client, intent)
    case 'count':
      return reads.count(client, intent)
  }
}
