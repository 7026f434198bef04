// Many clients write to one object: writers who wait for the same turn share one commit, a bare object makes one per request.

import { COUNTER } from '../load/spec.ts'
import { startBare } from '../support/bare-server.ts'
import { startBiplane } from '../support/biplane-server.ts'
import { cpuMicrosPerRequest, measureInTurns, warmUp, type Measured, type Side } from '../support/paired.ts'
import { compare, compareRounds, P50, THROUGHPUT } from '../support/report.ts'
import type { Row } from './row.ts'

const CLIENTS = 32
const GOAL = { atLeast: 2 }

export const groupCommit: Row = {
  name: 'group-commit',
  about: `durable writes to one object from ${CLIENTS} clients; one commit per request against one per turn`,
  async run({ root, folder, load, seconds, rounds }) {
    const bare = await startBare(root, folder)
    const biplane = await startBiplane(root, `${folder}/biplane`)
    try {
      const [id = ''] = await biplane.create('kvs', 1)
      const target = await biplane.content('kvs', id)
      const once = { connections: 1, until: { requests: 1 }, expectedStatus: 201 }
      await load.run({ ...once, port: bare.port, method: 'POST', targets: [target] })
      const sides = [bare, biplane].map((server): Side => ({
        server,
        spec: {
          method: 'PUT',
          targets: [target],
          body: `${'x'.repeat(52)}${COUNTER}`,
          connections: CLIENTS,
          until: { seconds },
          expectedStatus: 200,
        },
      }))
      for (const side of sides) await warmUp(load, side)
      const [without, shared] = (await measureInTurns(load, sides, rounds)) as [Measured[], Measured[]]
      const row = `${CLIENTS} clients`
      return [
        compareRounds(row, THROUGHPUT, without, shared, GOAL),
        compareRounds(row, P50, without, shared),
        compare(row, 'CPU per request', 'us', cpuMicrosPerRequest(without), cpuMicrosPerRequest(shared)),
      ]
    } finally {
      await Promise.all([bare.stop(), biplane.stop()])
    }
  },
}
