// Reading and writing one small value: what Biplane's edge and base class cost on top of a bare object.

import type { LoadSpec, Target } from '../load/spec.ts'
import { COUNTER } from '../load/spec.ts'
import { startBare } from '../support/bare-server.ts'
import { copyBiplaneData, startBiplane, type BiplaneServer } from '../support/biplane-server.ts'
import { cpuMicrosPerRequest, measureInTurns, warmUp, type Measured, type Side } from '../support/paired.ts'
import { compare, compareRounds, P50, P99, THROUGHPUT, type Comparison } from '../support/report.ts'
import type { ServerUnderTest } from '../support/server-under-test.ts'
import type { Row, RunContext } from './row.ts'

/** Enough to keep the engine's one thread busy all the time. */
const BUSY_CONNECTIONS = 16
/** Latency is measured without queueing: with one client. */
const QUIET_CONNECTIONS = 1
const OBJECTS = 1_000
/** What a value holds, with room for the counter that makes each write a change. */
const VALUE = `${'x'.repeat(52)}${COUNTER}`

const WITHOUT_LOG = { atLeast: 0.93 }
const WITH_LOG = { atLeast: 0.88 }
const LATENCY = { atMost: 1.1 }

export const dataPath: Row = {
  name: 'data-path',
  about: 'one value in SQLite, read or durably written; bare Worker -> object against edge, token and gate -> object',
  async run(context) {
    const { root, folder } = context
    const first = await startBiplane(root, `${folder}/plain`)
    context.say(`creating ${OBJECTS} objects`)
    const ids = await first.create('kvs', OBJECTS)
    await first.stop()
    copyBiplaneData(`${folder}/plain`, `${folder}/logged`)
    const bare = await startBare(root, folder)
    const plain = await startBiplane(root, `${folder}/plain`)
    const logged = await startBiplane(root, `${folder}/logged`, { name: 'with a log line', requestLog: true })
    const names = ids.map((id) => `/kvs/${id}/`)
    const { load } = context
    await load.run({ ...post(names), port: bare.port })
    try {
      const targets = new Map<ServerUnderTest, Target[]>([[bare, await bareTargets(plain, ids)]])
      for (const server of [plain, logged]) {
        targets.set(server, await Promise.all(ids.map((id) => server.content('kvs', id))))
      }
      const results: Comparison[] = []
      for (const [objects, label] of [
        [1, '1 object'],
        [OBJECTS, `${OBJECTS} objects`],
      ] as const) {
        for (const kind of ['read', 'write'] as const) {
          const sides = [...targets].map(([server, all]): Side => ({
            server,
            spec: specOf(kind, all.slice(0, objects)),
          }))
          results.push(...(await compareSides(context, `${kind}, ${label}`, sides)))
        }
      }
      return results
    } finally {
      await Promise.all([bare.stop(), plain.stop(), logged.stop()])
    }
  },
}

/** The same bytes on the wire: the bare Worker gets a token, too, and ignores it. */
function bareTargets(biplane: BiplaneServer, ids: readonly string[]): Promise<Target[]> {
  return Promise.all(ids.map((id) => biplane.content('kvs', id)))
}

type Load = Omit<LoadSpec, 'port' | 'connections' | 'until'>

function specOf(kind: 'read' | 'write', targets: readonly Target[]): Side['spec'] {
  const load: Load =
    kind === 'read'
      ? { method: 'GET', targets, expectedStatus: 200 }
      : { method: 'PUT', targets, body: VALUE, expectedStatus: 200 }
  return { ...load, connections: BUSY_CONNECTIONS, until: { seconds: 1 } }
}

function post(paths: readonly string[]): Omit<LoadSpec, 'port'> {
  const targets = paths.map((path) => ({ path }))
  return { method: 'POST', targets, connections: 4, until: { requests: paths.length }, expectedStatus: 201 }
}

async function compareSides(context: RunContext, row: string, sides: readonly Side[]): Promise<Comparison[]> {
  const { load, rounds, seconds } = context
  context.say(row)
  for (const side of sides) await warmUp(load, side)
  const busy = await measureInTurns(load, withLoad(sides, BUSY_CONNECTIONS, seconds), rounds)
  const quiet = await measureInTurns(load, withLoad(sides, QUIET_CONNECTIONS, seconds / 2), rounds)
  return sides.slice(1).flatMap(({ server }, index) => {
    const isLogged = server.name !== 'biplane'
    const name = isLogged ? `${row}, ${server.name}` : row
    const [bare, own] = [busy[0] as Measured[], busy[index + 1] as Measured[]]
    const [quietBare, quietOwn] = [quiet[0] as Measured[], quiet[index + 1] as Measured[]]
    return [
      compareRounds(name, THROUGHPUT, bare, own, isLogged ? WITH_LOG : WITHOUT_LOG),
      compareRounds(name, P50, quietBare, quietOwn, isLogged ? undefined : LATENCY),
      compareRounds(name, P99, bare, own),
      compare(name, 'CPU per request', 'us', cpuMicrosPerRequest(bare), cpuMicrosPerRequest(own)),
    ]
  })
}

function withLoad(sides: readonly Side[], connections: number, seconds: number): Side[] {
  return sides.map(({ server, spec }) => ({ server, spec: { ...spec, connections, until: { seconds } } }))
}
