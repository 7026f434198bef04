// What it costs to create a resource, the first touch of its object included, and to read it, by each of the ways to address it: against
// the default. Cloudflare's difference, a lookup that every first use of a name costs there, is none of this engine's.

import { join } from 'node:path'
import { COUNTER, type LoadSpec } from '../load/spec.ts'
import { startBiplane, type BiplaneServer } from '../support/biplane-server.ts'
import { measureInTurns, type Measured, type Side } from '../support/paired.ts'
import { P50, THROUGHPUT, compareRounds, type Comparison } from '../support/report.ts'
import type { Row, RunContext } from './row.ts'

const CLIENTS = 16
/** Counted, not timed, as in the row `creates`. */
const CREATES_PER_ROUND = 200
/** The default is the goal: nobody should choose by speed. */
const GOAL = { atLeast: 0.8 }

export const addressing: Row = {
  name: 'addressing',
  about: 'creating and reading by name and by the platform identifier against the default, on one server',
  async run(context) {
    const { root, folder } = context
    const server = await startBiplane(root, `${folder}/biplane`, { app: join(root, 'bench/apps/addressing.ts') })
    try {
      return [...(await creations(context, server)), ...(await reads(context, server))]
    } finally {
      await server.stop()
    }
  },
}

async function creations({ load, rounds }: RunContext, server: BiplaneServer): Promise<Comparison[]> {
  const headers = {
    Authorization: `Bearer ${server.secrets.operatorKeys.at(-1)}`,
    'Content-Type': 'application/json',
  }
  const side = (plural: string): Side => ({
    server,
    spec: {
      method: 'POST',
      connections: CLIENTS,
      until: { requests: CREATES_PER_ROUND },
      expectedStatus: 201,
      targets: [{ path: `/v1/${plural}`, headers }],
      body: `{"name":"${plural} ${COUNTER}"}`,
    },
  })
  const sides = ['kvs', 'nameds', 'uniques'].map(side)
  // The first round compiles the code and creates the catalogs.
  await measureInTurns(load, sides, 1)
  return compared('create', await measureInTurns(load, sides, rounds))
}

async function reads({ load, rounds, seconds }: RunContext, server: BiplaneServer): Promise<Comparison[]> {
  const made = async (plural: string): Promise<LoadSpec['targets'][number]> => {
    const body = JSON.stringify({ name: 'read' })
    const answer = await server.fetch(`/v1/${plural}`, { method: 'POST', body })
    return server.content(plural, ((await answer.json()) as { id: string }).id)
  }
  const [kv, named, unique] = await Promise.all(['kvs', 'nameds', 'uniques'].map(made))
  const byName = { ...named, path: `/nameds/by-name/${server.secrets.defaultAccount}/read/` } as typeof kv
  const sides = [kv, byName, unique].map((target): Side => ({
    server,
    spec: {
      method: 'GET',
      connections: CLIENTS,
      until: { seconds },
      expectedStatus: 200,
      targets: target ? [target] : [],
    },
  }))
  return compared('read', await measureInTurns(load, sides, rounds))
}

function compared(what: string, [usual = [], named = [], unique = []]: readonly Measured[][]): Comparison[] {
  return [
    compareRounds(`${what} by name`, THROUGHPUT, usual, named, GOAL),
    compareRounds(`${what} by name`, P50, usual, named),
    compareRounds(`${what} by the platform`, THROUGHPUT, usual, unique, GOAL),
    compareRounds(`${what} by the platform`, P50, usual, unique),
  ]
}
