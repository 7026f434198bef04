// A page of a list in a small catalog and in a large one: one range of one index, so it should cost the same, wherever in the list it is,
// and with a label to filter by.

import { formatCursor } from '../../src/identity/cursor.ts'
import { startBiplane, type BiplaneServer } from '../support/biplane-server.ts'
import { measureInTurns, warmUp, type Measured, type Side } from '../support/paired.ts'
import { compareRounds, P50, P99, type Comparison } from '../support/report.ts'
import { seedCatalog } from '../support/seed-catalog.ts'
import type { SeedAnswer } from '../seed/request.ts'
import type { Row, RunContext } from './row.ts'

const SMALL = 10_000
const LARGE = 1_000_000
/** Pages are read all over the part of the list that is meant, not only one that is warm. */
const POSITIONS = 50
const GOAL = { atMost: 1.3 }

interface View {
  readonly name: string
  readonly limit: number
  readonly filter?: string
  /** Where pages begin, as parts of the list; every page is full in the small catalog, too. */
  readonly from: number
  readonly until: number
}

const VIEWS: readonly View[] = [
  { name: '100 at the start', limit: 100, from: 0, until: 0.05 },
  { name: '100 in the middle', limit: 100, from: 0.475, until: 0.525 },
  { name: '100 at the end', limit: 100, from: 0.93, until: 0.98 },
  { name: '100 with a label that half of them have', limit: 100, filter: 'half:yes', from: 0, until: 0.9 },
  // The small catalog has ten of them.
  { name: '5 with a label that one of 1000 has', limit: 5, filter: 'rare:yes', from: 0, until: 0.4 },
]

export const list: Row = {
  name: 'list',
  about:
    `a page of a list of ${SMALL} against one of ${LARGE} resources; the catalogs were filled with copies of one row that the control ` +
    'plane wrote, while no server ran (bench/seed), without creating the objects',
  async run(context) {
    const servers: Filled[] = []
    try {
      for (const rows of [SMALL, LARGE]) servers.push(await startFilled(context, rows))
      const results: Comparison[] = []
      for (const view of VIEWS) {
        context.say(view.name)
        const sides = servers.map((filled) => toSide(filled, view, context.seconds))
        for (const side of sides) await warmUp(context.load, side)
        const [small, large] = (await measureInTurns(context.load, sides, context.rounds)) as [Measured[], Measured[]]
        results.push(compareRounds(view.name, P50, small, large, GOAL), compareRounds(view.name, P99, small, large))
      }
      return results
    } finally {
      await Promise.all(servers.map(({ server }) => server.stop()))
    }
  },
}

interface Filled {
  readonly server: BiplaneServer
  readonly times: SeedAnswer
}

async function startFilled({ root, folder, say }: RunContext, rows: number): Promise<Filled> {
  const directory = `${folder}/rows-${rows}`
  const first = await startBiplane(root, directory)
  const [like = ''] = await first.create('kvs', 1)
  await first.stop()
  say(`filling a catalog with ${rows} rows`)
  const beginMs = performance.now()
  const request = { type: 'kv', like, count: rows - 1 }
  const times = await seedCatalog({ root, directory, secrets: first.secrets, folder, request })
  say(`filled in ${((performance.now() - beginMs) / 1000).toFixed(1)} s`)
  const server = await startBiplane(root, directory, { name: `${rows} rows` })
  const filled = { server, times }
  for (const view of VIEWS) await requireFull(filled, view)
  return filled
}

function toSide({ server, times }: Filled, view: View, seconds: number): Side {
  const headers = { Authorization: `Bearer ${server.secrets.operatorKeys.at(-1)}` }
  const targets = Array.from({ length: POSITIONS }, (_, index) => {
    const part = view.from + (view.until - view.from) * (index / POSITIONS)
    return { path: toPath(view, times, part), headers }
  })
  return { server, spec: { method: 'GET', targets, connections: 1, until: { seconds }, expectedStatus: 200 } }
}

function toPath({ limit, filter }: View, { firstTimeMs, lastTimeMs }: SeedAnswer, part: number): string {
  const after = Math.floor(firstTimeMs + (lastTimeMs - firstTimeMs) * part)
  const label = filter === undefined ? '' : `&label=${filter}`
  return `/v1/kvs?limit=${limit}&cursor=${formatCursor({ '': after })}${label}`
}

/** @throws Error when the server does not see the rows: a short page would be very fast */
async function requireFull({ server, times }: Filled, view: View): Promise<void> {
  for (const part of [view.from, view.until]) {
    const response = await server.fetch(toPath(view, times, part))
    const { data } = (await response.json()) as { data?: unknown[] }
    if (data?.length !== view.limit) throw new Error(`${view.name}: a page has ${data?.length} rows`)
  }
}
