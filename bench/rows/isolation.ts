// Whether the data plane notices that the control plane is busy. The requests arrive at a fixed rate, so that waiting is seen.

import { LoadGenerator } from '../load/load-generator.ts'
import { COUNTER, type LoadSpec } from '../load/spec.ts'
import { startBiplane, type BiplaneServer } from '../support/biplane-server.ts'
import { measure, median, type Measured, type Side } from '../support/paired.ts'
import { compareRounds, P50, P99, single, type Comparison } from '../support/report.ts'
import type { Row, RunContext } from './row.ts'

const CONTROL_CLIENTS = 32
/** A twentieth of what the data process can do: what is measured is disturbance, not its limit. */
const READS_PER_SECOND = 200
/** As many connections as reads can be under way during a pause of a fifth of a second. */
const READ_CONNECTIONS = 40
/** By how much the control plane's load outlasts the reads that it is meant to disturb. */
const OUTLAST_SECONDS = 0.2
/** What the list is made of. */
const LISTED = 200
/** The 99th percentile of fewer reads than this is luck. */
const MIN_SECONDS = 3

export const isolation: Row = {
  name: 'isolation',
  about: `${READS_PER_SECOND} data reads/s while ${CONTROL_CLIENTS} clients saturate the control plane, against the control plane idle`,
  async run(context) {
    const biplane = await startBiplane(context.root, `${context.folder}/biplane`)
    const control = new LoadGenerator()
    try {
      const ids = await biplane.create('kvs', LISTED)
      const reads: Side = {
        server: biplane,
        spec: await readSpec(biplane, ids[0] ?? '', Math.max(MIN_SECONDS, context.seconds)),
      }
      const results: Comparison[] = []
      for (const [name, spec] of controlLoads(biplane, ids)) {
        context.say(`control plane busy with ${name}`)
        results.push(...(await compareWhileBusy(context, control, reads, `control plane busy with ${name}`, spec)))
      }
      return results
    } finally {
      control.close()
      await biplane.stop()
    }
  },
}

async function readSpec(biplane: BiplaneServer, id: string, seconds: number): Promise<Side['spec']> {
  return {
    method: 'GET',
    targets: [await biplane.content('kvs', id)],
    connections: READ_CONNECTIONS,
    ratePerSecond: READS_PER_SECOND,
    until: { seconds },
    expectedStatus: 200,
  }
}

type ControlLoad = Omit<LoadSpec, 'until'>

/** Durable changes that need no data object, and pages of a list. */
function controlLoads(biplane: BiplaneServer, ids: readonly string[]): [string, ControlLoad][] {
  const headers = {
    Authorization: `Bearer ${biplane.secrets.operatorKeys.at(-1)}`,
    'Content-Type': 'application/json',
  }
  const common = { port: biplane.port, connections: CONTROL_CLIENTS, expectedStatus: 200 }
  const resources = ids.map((id) => ({ path: `/v1/kvs/${id}`, headers }))
  return [
    ['changes', { ...common, method: 'PATCH', targets: resources, body: `{"metadata":{"n":"${COUNTER}"}}` }],
    ['lists', { ...common, method: 'GET', targets: [{ path: '/v1/kvs?limit=100', headers }] }],
  ]
}

async function compareWhileBusy(
  { load, rounds }: RunContext,
  control: LoadGenerator,
  reads: Side,
  row: string,
  spec: ControlLoad,
): Promise<Comparison[]> {
  const idle: Measured[] = []
  const busy: Measured[] = []
  const controlPerSecond: number[] = []
  await measure(load, reads)
  // Fewer rounds than elsewhere: these are long.
  for (let round = 0; round < Math.ceil(rounds / 2); round++) {
    idle.push(await measure(load, reads))
    const seconds = 'seconds' in reads.spec.until ? reads.spec.until.seconds : MIN_SECONDS
    // Begins with the reads and outlasts them.
    const underLoad = control.run({ ...spec, until: { seconds: seconds + OUTLAST_SECONDS } })
    busy.push(await measure(load, reads))
    const result = await underLoad
    controlPerSecond.push(result.requests / result.seconds)
  }
  return [
    compareRounds(row, P50, idle, busy),
    compareRounds(row, P99, idle, busy),
    single(row, 'control plane', 'req/s', median(controlPerSecond)),
  ]
}
