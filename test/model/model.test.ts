// Random operations of several clients on shared accounts, processes that are killed meanwhile, and a plain model of what must come of it.
//
//     BIPLANE_MODEL_SEED=7 BIPLANE_MODEL_OPERATIONS=50000 BIPLANE_MODEL_KILLS=200 BIPLANE_MODEL_CELLS=3 \
//         BIPLANE_MODEL_CALL_MS=100 npx vitest run test/model
//
// A seed repeats what every client means to do, one by one; only how the clients' requests and the kills interleave is not repeated.

import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { TENANTS_APP } from '../support/apps.ts'
import { startServer } from '../support/server.ts'
import { CELLS_FLAGS } from './cells.ts'
import { drive, type Run } from './driver.ts'
import { checkContentOnDisk, checkFiles } from './files.ts'
import { checkResources } from './invariants.ts'
import { checkAudit, checkEvents } from './journals.ts'
import { followAll } from './moves.ts'
import { quiet } from './quiet.ts'

const SEED = numberOf('BIPLANE_MODEL_SEED', randomInt(1_000_000))
/** All of them take a minute; see test/support/long-tests.ts. */
const OPERATIONS = numberOf('BIPLANE_MODEL_OPERATIONS', process.env['BIPLANE_TESTS'] === 'all' ? 5_000 : 1_500)
const KILLS = numberOf('BIPLANE_MODEL_KILLS', 20)
/** With a tenth of a second some moves are given up, as their cell is not back in time. */
const CALL_MS = numberOf('BIPLANE_MODEL_CALL_MS', 2_000)

function numberOf(variable: string, usual: number): number {
  const text = process.env[variable]
  return text === undefined || text === '' ? usual : Number(text)
}

test(
  `[RC6] [CP1] [CP4] [CP5] [CP6] [CP13] [CP21] [JN1] [JN2] [RC1] [MV1] [MV2] [MV3] [MV5] [MV8] random operations and moves of four clients, with kills: all agrees with the model`,
  async () => {
    console.log(`model: BIPLANE_MODEL_SEED=${SEED} BIPLANE_MODEL_OPERATIONS=${OPERATIONS} BIPLANE_MODEL_KILLS=${KILLS}`)
    const timers = { deleteRetentionMs: 3_600_000, usageIntervalMs: 500, callTimeoutMs: CALL_MS }
    const server = await startServer({ app: TENANTS_APP, timers, args: CELLS_FLAGS })
    const begin = performance.now()
    const run = await drive(server, { seed: SEED, operations: OPERATIONS, kills: KILLS })
    const driven = performance.now()
    const { clients } = run
    for (const client of clients) await followAll(client)
    await quiet(server)
    const { count, refused } = await checkEvents(clients)
    const audits = await checkAudit(clients)
    checkFiles(server, clients, refused, run.killed.has('all'))
    await checkResources(clients)
    checkContentOnDisk(server, clients)
    report(
      run,
      { drive: driven - begin, check: performance.now() - driven },
      { audits, events: count, refused, watched: clients.reduce((sum, { watchedReads }) => sum + watchedReads, 0) },
    )
    expect([...run.killed.values()].reduce((sum, times) => sum + times, 0)).toBe(KILLS)
  },
  60_000 + OPERATIONS * 40 + KILLS * 3_000,
)

function report(
  { clients, digest, counts, killed }: Run,
  durations: Readonly<Record<string, number>>,
  figures: Readonly<Record<string, number>>,
): void {
  const resources = clients.flatMap(({ model }) => model.resources)
  const lives = (['live', 'kept', 'purged'] as const).map(
    (life) => `${resources.filter((one) => one.life === life).length} ${life}`,
  )
  const ends = new Map<string, number>()
  for (const { state } of resources.flatMap(({ moves }) => moves)) ends.set(state, (ends.get(state) ?? 0) + 1)
  const trouble = new Map<string, number>()
  for (const client of clients)
    for (const [code, count] of client.trouble) trouble.set(code, (trouble.get(code) ?? 0) + count)
  console.log(
    [
      `model: intents ${digest}: ${list(counts)}`,
      `model: ${lives.join(', ')}; killed: ${list(killed)}; repeated after: ${list(trouble)}`,
      `model: moves ${list(ends)}; ${list(Object.entries(figures))}; ms: ${list(Object.entries(durations))}`,
    ].join('\n'),
  )
}

function list(entries: Iterable<[string, number]>): string {
  return Array.from(entries, ([key, count]) => `${key} ${Math.round(count)}`).join(', ')
}
