// Creating many resources with one request, until every one of them is there, against the first touch of as many bare objects.

import { COUNTER } from '../load/spec.ts'
import { startBare } from '../support/bare-server.ts'
import { startBiplane, type BiplaneServer } from '../support/biplane-server.ts'
import { cpuSecondsOf } from '../support/cpu.ts'
import { cpuMicrosPerRequest, measure, type Measured, type Side } from '../support/paired.ts'
import { compare, compareRounds, single, THROUGHPUT } from '../support/report.ts'
import type { Row } from './row.ts'

/** The most that one request may ask for. */
const RESOURCES = 1_000
const CLIENTS = 16
/** How often the operation is asked for: it must neither be seen much too late nor be part of the load. */
const POLL_MS = 50
const GOAL = { atLeast: 0.85 }

type Created = Pick<Measured, 'requests' | 'perSecond' | 'serverCpuSeconds'> & {
  readonly answeredMs: number
  readonly controlCpuSeconds: number
}

export const bulk: Row = {
  name: 'bulk',
  about: `${RESOURCES} resources by one request, until its operation has succeeded, against as many first touches by ${CLIENTS} clients`,
  async run({ root, folder, load, rounds, say }) {
    const bare = await startBare(root, folder)
    const biplane = await startBiplane(root, `${folder}/biplane`)
    try {
      const touch: Side = {
        server: bare,
        spec: {
          method: 'POST',
          connections: CLIENTS,
          targets: [{ path: `/kvs/object-${COUNTER}/`, headers: { Authorization: 'Bearer as-long-as-the-other-one' } }],
          until: { requests: RESOURCES },
          expectedStatus: 201,
        },
      }
      const touches: Measured[] = []
      const created: Created[] = []
      const turns = [
        async (): Promise<unknown> => touches.push(await measure(load, touch)),
        async (): Promise<unknown> => created.push(await createMany(biplane)),
      ]
      // The first round compiles the code and creates the catalog. Fewer rounds than elsewhere: these are long.
      const last = Math.ceil(rounds / 2)
      for (let round = 0; round <= last; round++) {
        say(`round ${round} of ${last}`)
        for (const turn of round % 2 === 1 ? turns.toReversed() : turns) await turn()
      }
      const [bareRounds, ownRounds] = [touches.slice(1), created.slice(1)]
      return [
        compareRounds<Pick<Measured, 'perSecond'>>('1 request', THROUGHPUT, bareRounds, ownRounds, GOAL),
        compare('1 request', 'CPU per object', 'us', cpuMicrosPerRequest(bareRounds), cpuMicrosPerRequest(ownRounds)),
        single('of that', 'control process', 'us', cpuMicrosPerRequest(ownRounds.map(ofControlProcess))),
        single('1 request', 'until its answer', 'ms', Math.max(...ownRounds.map(({ answeredMs }) => answeredMs))),
      ]
    } finally {
      await Promise.all([bare.stop(), biplane.stop()])
    }
  },
}

function ofControlProcess({ requests, controlCpuSeconds }: Created): Pick<Measured, 'requests' | 'serverCpuSeconds'> {
  return { requests, serverCpuSeconds: controlCpuSeconds }
}

const BODY = JSON.stringify({ resources: Array.from({ length: RESOURCES }, () => ({})) })

interface Operation {
  readonly id: string
  readonly state: string
  readonly progress: { readonly done: number; readonly failed: number }
}

/** @throws Error when one of them was not created */
async function createMany(biplane: BiplaneServer): Promise<Created> {
  const cpuBefore = cpuSecondsOf(biplane.pids())
  const controlBefore = cpuSecondsOf([biplane.pid('control')])
  const beginMs = performance.now()
  const headers = { 'content-type': 'application/json' }
  const response = await biplane.fetch('/v1/kvs/bulk', { method: 'POST', headers, body: BODY })
  const answeredMs = performance.now() - beginMs
  if (response.status !== 202)
    throw new Error(`a bulk creation was answered ${response.status}: ${await response.text()}`)
  let operation = (await response.json()) as Operation
  while (operation.state === 'running') {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    operation = (await (await biplane.fetch(`/v1/operations/${operation.id}`)).json()) as Operation
  }
  const seconds = (performance.now() - beginMs) / 1000
  const { state, progress } = operation
  if (state !== 'succeeded' || progress.done !== RESOURCES || progress.failed > 0)
    throw new Error(`a bulk creation ended ${state}, ${JSON.stringify(progress)}`)
  return {
    requests: RESOURCES,
    perSecond: RESOURCES / seconds,
    serverCpuSeconds: cpuSecondsOf(biplane.pids()) - cpuBefore,
    controlCpuSeconds: cpuSecondsOf([biplane.pid('control')]) - controlBefore,
    answeredMs,
  }
}
