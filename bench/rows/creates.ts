// Creating resources against the least that a new object costs: its first touch, with a table and a row.

import { COUNTER } from '../load/spec.ts'
import { startBare } from '../support/bare-server.ts'
import { startBiplane } from '../support/biplane-server.ts'
import { cpuMicrosPerRequest, measureInTurns, type Measured, type Side } from '../support/paired.ts'
import { compare, compareRounds, P50, THROUGHPUT } from '../support/report.ts'
import type { Row } from './row.ts'

const CLIENTS = 16
/** Counted, not timed: each leaves an object of 200 KB of memory and three descriptors behind, until it is evicted. */
const CREATES_PER_ROUND = 200
const GOAL = { atLeast: 0.7 }

export const creates: Row = {
  name: 'creates',
  about:
    'new objects; a first touch that makes table and row against intent, object, descriptor and record in two processes',
  async run({ root, folder, load, rounds }) {
    const bare = await startBare(root, folder)
    const biplane = await startBiplane(root, `${folder}/biplane`)
    try {
      const common = {
        method: 'POST',
        connections: CLIENTS,
        until: { requests: CREATES_PER_ROUND },
        expectedStatus: 201,
      } as const
      const key = { Authorization: `Bearer ${biplane.secrets.operatorKeys.at(-1)}` }
      const json = { ...key, 'Content-Type': 'application/json' }
      const sides: Side[] = [
        { server: bare, spec: { ...common, targets: [{ path: `/kvs/object-${COUNTER}/`, headers: key }] } },
        { server: biplane, spec: { ...common, targets: [{ path: '/v1/kvs', headers: json }], body: '{}' } },
      ]
      // The first round compiles the code and creates the catalog.
      await measureInTurns(load, sides, 1)
      const [touches, created] = (await measureInTurns(load, sides, rounds)) as [Measured[], Measured[]]
      const row = `${CLIENTS} clients`
      return [
        compareRounds(row, THROUGHPUT, touches, created, GOAL),
        compareRounds(row, P50, touches, created),
        compare(row, 'CPU per request', 'us', cpuMicrosPerRequest(touches), cpuMicrosPerRequest(created)),
      ]
    } finally {
      await Promise.all([bare.stop(), biplane.stop()])
    }
  },
}
