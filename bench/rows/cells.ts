// Two cells on one machine against one: what a second data process gains, and what it costs to come to the wrong one.

import type { Target } from '../load/spec.ts'
import { COUNTER } from '../load/spec.ts'
import { startBiplane, type BiplaneServer } from '../support/biplane-server.ts'
import { cpuMicrosPerRequest, measureInTurns, median, warmUp, type Measured, type Side } from '../support/paired.ts'
import { compare, compareRounds, P50, P99, single, THROUGHPUT, type Comparison } from '../support/report.ts'
import type { Row, RunContext } from './row.ts'

const CODES = ['c1', 'c2'] as const
const BUSY_CONNECTIONS = 16
const OBJECTS_PER_CELL = 100
const CREATES_PER_ROUND = 200
const VALUE = `${'x'.repeat(52)}${COUNTER}`
/** Alone: what is measured is one request's way. */
const QUIET_CONNECTIONS = 1

const READ = { method: 'GET', expectedStatus: 200 } as const
const WRITE = { method: 'PUT', body: VALUE, expectedStatus: 200 } as const

export const cells: Row = {
  name: 'cells',
  about:
    'two cells behind the front against one without; generator and servers share the cores. A hop: the same read through the other cell',
  async run(context) {
    const one = await startBiplane(context.root, `${context.folder}/one`)
    const two = await startBiplane(context.root, `${context.folder}/two`, { name: 'two cells', cells: CODES })
    try {
      context.say('creating objects')
      const alone = await targetsOf(one, await one.create('kvs', OBJECTS_PER_CELL * CODES.length))
      const [first, second] = await Promise.all(
        CODES.map(async (cell) => targetsOf(two, await two.create('kvs', OBJECTS_PER_CELL, cell))),
      )
      const mixed = (first ?? []).flatMap((target, index) => [target, (second ?? [])[index] ?? target])
      return [
        ...(await compareBusy(
          context,
          'reads, connections keep to a cell',
          one,
          two,
          READ,
          alone,
          mixed,
          CODES.length,
        )),
        ...(await compareBusy(
          context,
          'writes, connections keep to a cell',
          one,
          two,
          WRITE,
          alone,
          mixed,
          CODES.length,
        )),
        ...(await compareBusy(context, 'reads, every second request hops', one, two, READ, alone, mixed, 1)),
        ...(await compareCreates(context, one, two)),
        ...(await compareHop(context, two, first ?? [], second ?? [])),
      ]
    } finally {
      await Promise.all([one.stop(), two.stop()])
    }
  },
}

function targetsOf(server: BiplaneServer, ids: readonly string[]): Promise<Target[]> {
  return Promise.all(ids.map((id) => server.content('kvs', id)))
}

async function compareBusy(
  { load, rounds, seconds, say }: RunContext,
  row: string,
  one: BiplaneServer,
  two: BiplaneServer,
  request: typeof READ | typeof WRITE,
  alone: readonly Target[],
  mixed: readonly Target[],
  apart: number,
): Promise<Comparison[]> {
  say(row)
  const common = { ...request, connections: BUSY_CONNECTIONS, until: { seconds } }
  const sides: Side[] = [
    { server: one, spec: { ...common, targets: alone } },
    { server: two, spec: { ...common, targets: mixed, apart } },
  ]
  for (const side of sides) await warmUp(load, side)
  return report(row, await measureInTurns(load, sides, rounds))
}

async function compareCreates({ load, rounds, say }: RunContext, ...servers: BiplaneServer[]): Promise<Comparison[]> {
  say('creates')
  const sides = servers.map((server): Side => {
    const headers = {
      Authorization: `Bearer ${server.secrets.operatorKeys.at(-1)}`,
      'Content-Type': 'application/json',
    }
    const targets = [{ path: '/v1/kvs', headers }]
    const until = { requests: CREATES_PER_ROUND }
    return {
      server,
      spec: { method: 'POST', body: '{}', targets, connections: BUSY_CONNECTIONS, until, expectedStatus: 201 },
    }
  })
  await measureInTurns(load, sides, 1)
  return report('creates', await measureInTurns(load, sides, rounds))
}

function report(row: string, measured: readonly Measured[][]): Comparison[] {
  const [one, two] = measured as [Measured[], Measured[]]
  return [
    compareRounds(row, THROUGHPUT, one, two),
    compareRounds(row, P99, one, two),
    compare(row, 'CPU per request', 'us', cpuMicrosPerRequest(one), cpuMicrosPerRequest(two)),
    compare(row, "the generator's own CPU", 'cores', generatorCores(one), generatorCores(two)),
  ]
}

function generatorCores(rounds: readonly Measured[]): number {
  return median(rounds.map(({ generatorCpuSeconds, seconds }) => generatorCpuSeconds / seconds))
}

/** One connection, which belongs to the cell of its first request: what it asks for lives there, or in the other one. */
async function compareHop(
  { load, rounds, seconds, say }: RunContext,
  two: BiplaneServer,
  [entry, ...here]: readonly Target[],
  there: readonly Target[],
): Promise<Comparison[]> {
  if (entry === undefined) return []
  say('a hop')
  const common = { ...READ, connections: QUIET_CONNECTIONS, until: { seconds } }
  const sides: Side[] = [here, there].map((targets) => ({
    server: two,
    spec: { ...common, targets: [entry, ...targets] },
  }))
  for (const side of sides) await warmUp(load, side)
  const [direct, hopping] = (await measureInTurns(load, sides, rounds)) as [Measured[], Measured[]]
  const [p50, cpu] = [
    median(hopping.map(({ p50Ms }) => p50Ms)) - median(direct.map(({ p50Ms }) => p50Ms)),
    cpuMicrosPerRequest(hopping) - cpuMicrosPerRequest(direct),
  ]
  return [
    compareRounds('read through the other cell', P50, direct, hopping),
    compare(
      'read through the other cell',
      'CPU per request',
      'us',
      cpuMicrosPerRequest(direct),
      cpuMicrosPerRequest(hopping),
    ),
    single('cost of a hop', 'p50', 'ms', p50),
    single('cost of a hop', 'CPU', 'us', cpu),
  ]
}
