// What an account notices of another one that floods their common shard. The quiet one's requests arrive at a fixed rate, so that waiting is seen.

import { join } from 'node:path'
import { LoadGenerator } from '../load/load-generator.ts'
import type { LoadResult, LoadSpec } from '../load/spec.ts'
import { startBiplane } from '../support/biplane-server.ts'
import { measure, median, warmUp, type Measured, type Side } from '../support/paired.ts'
import { compareRounds, P50, P99, single, type Comparison } from '../support/report.ts'
import type { Row, RunContext } from './row.ts'

/** Half of them create, half of them list, each as fast as it is answered, and none waits when it is told to. */
const FLOOD_CLIENTS = 50
const QUIET_PER_SECOND = 10
/** A hundred requests: what their 99th percentile says is the worst but one. */
const QUIET_SECONDS = 10
/** As many requests as can be under way while one is answered within a second. */
const QUIET_CONNECTIONS = 10
/** By how much the flood outlasts what it is meant to disturb. */
const OUTLAST_SECONDS = 0.5
const GOAL = { atMost: 5 }

export const fairness: Row = {
  name: 'fairness',
  about: `an account with ${QUIET_PER_SECOND} requests/s while ${FLOOD_CLIENTS} clients of another one flood the same shard, against the same alone`,
  async run(context) {
    const biplane = await startBiplane(context.root, `${context.folder}/biplane`, {
      app: join(context.root, 'bench/apps/tenants.ts'),
    })
    const floods = [new LoadGenerator(), new LoadGenerator()] as const
    try {
      const results: Comparison[] = []
      for (const [name, quiet] of [
        ['lists', listing('quiet', QUIET_CONNECTIONS)],
        ['creations', creating('quiet', QUIET_CONNECTIONS)],
      ] as const) {
        context.say(name)
        const rate = { ratePerSecond: QUIET_PER_SECOND, until: { seconds: QUIET_SECONDS } }
        const side = { server: biplane, spec: { ...quiet, ...rate } }
        results.push(...(await compareUnderFlood(context, name, side, floods)))
      }
      return results
    } finally {
      for (const flood of floods) flood.close()
      await biplane.stop()
    }
  },
}

type Load = Omit<LoadSpec, 'port' | 'until'>

function listing(account: string, connections: number): Load {
  const targets = [{ path: '/v1/ones?limit=20', headers: { 'x-account': account } }]
  return { method: 'GET', targets, connections, expectedStatus: 200 }
}

function creating(account: string, connections: number): Load {
  const targets = [{ path: '/v1/ones', headers: { 'x-account': account, 'Content-Type': 'application/json' } }]
  return { method: 'POST', targets, body: '{}', connections, expectedStatus: 201 }
}

async function compareUnderFlood(
  { load, rounds }: RunContext,
  row: string,
  quiet: Side,
  floods: readonly [LoadGenerator, LoadGenerator],
): Promise<Comparison[]> {
  const alone: Measured[] = []
  const disturbed: Measured[] = []
  const done: number[] = []
  const refused: number[] = []
  await warmUp(load, quiet)
  // Fewer rounds than elsewhere: these are long.
  for (let round = 0; round < Math.ceil(rounds / 3); round++) {
    alone.push(await measure(load, quiet))
    const common = { port: quiet.server.port, until: { seconds: QUIET_SECONDS + OUTLAST_SECONDS }, refusedStatus: 429 }
    const flooding = Promise.all([
      floods[0].run({ ...creating('flood', FLOOD_CLIENTS / 2), ...common }),
      floods[1].run({ ...listing('flood', FLOOD_CLIENTS / 2), ...common }),
    ])
    disturbed.push(await measure(load, quiet))
    const results = await flooding
    done.push(sumOf(results, ({ requests, refusals, seconds }) => (requests - refusals) / seconds))
    refused.push(sumOf(results, ({ refusals, seconds }) => refusals / seconds))
  }
  return [
    compareRounds(row, P50, alone, disturbed),
    compareRounds(row, P99, alone, disturbed, GOAL),
    single(row, 'flood, done', 'req/s', median(done)),
    single(row, 'flood, refused', 'req/s', median(refused)),
  ]
}

function sumOf(results: readonly LoadResult[], of: (result: LoadResult) => number): number {
  return results.reduce((sum, result) => sum + of(result), 0)
}
