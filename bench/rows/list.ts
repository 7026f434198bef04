// A page of a list in a small catalog and in a large one: one range of one index, so it should cost the same.

import { formatCursor } from '../../src/identity/cursor.ts'
import { startBiplane, type BiplaneServer } from '../support/biplane-server.ts'
import { measureInTurns, warmUp, type Measured, type Side } from '../support/paired.ts'
import { compareRounds, P50, P99 } from '../support/report.ts'
import { seedCatalog } from '../support/seed-catalog.ts'
import type { Row, RunContext } from './row.ts'

const SMALL = 1_000
const LARGE = 100_000
const PAGE = 100
/** Pages are read everywhere in the list, not only at its warm beginning. */
const POSITIONS = 50
/** The last page begins here, so that every page is full in the small catalog, too. */
const LAST_POSITION = 0.9
const GOAL = { atMost: 1.3 }

export const list: Row = {
  name: 'list',
  about:
    `a page of ${PAGE} of a list of ${SMALL} against one of ${LARGE} resources; the catalogs were filled by the control plane's own ` +
    'modules while no server ran (bench/seed), without creating the objects',
  async run(context) {
    const sides: Side[] = []
    try {
      for (const rows of [SMALL, LARGE]) sides.push(await startFilled(context, rows))
      for (const side of sides) await warmUp(context.load, side)
      const [small, large] = (await measureInTurns(context.load, sides, context.rounds)) as [Measured[], Measured[]]
      return [
        compareRounds(`${SMALL} against ${LARGE} rows`, P50, small, large, GOAL),
        compareRounds(`${SMALL} against ${LARGE} rows`, P99, small, large),
      ]
    } finally {
      await Promise.all(sides.map(({ server }) => server.stop()))
    }
  },
}

async function startFilled({ root, folder, seconds, say }: RunContext, rows: number): Promise<Side> {
  const directory = `${folder}/rows-${rows}`
  const first = await startBiplane(root, directory)
  const [like = ''] = await first.create('kvs', 1)
  await first.stop()
  say(`filling a catalog with ${rows} rows`)
  const request = { type: 'kv', like, count: rows - 1 }
  const { firstTimeMs, lastTimeMs } = await seedCatalog({ root, directory, secrets: first.secrets, folder, request })
  const server = await startBiplane(root, directory, { name: `${rows} rows` })
  await requireListed(server)
  const headers = { Authorization: `Bearer ${server.secrets.operatorKeys.at(-1)}` }
  const targets = Array.from({ length: POSITIONS }, (_, index) => {
    const after = Math.floor(firstTimeMs + (lastTimeMs - firstTimeMs) * LAST_POSITION * (index / POSITIONS))
    return { path: `/v1/kvs?limit=${PAGE}&cursor=${formatCursor({ '': after })}`, headers }
  })
  return { server, spec: { method: 'GET', targets, connections: 1, until: { seconds }, expectedStatus: 200 } }
}

/** @throws Error when the server does not see the rows: an empty list would be very fast */
async function requireListed(server: BiplaneServer): Promise<void> {
  const response = await server.fetch(`/v1/kvs?limit=${PAGE}`)
  const { data, next_cursor: next } = (await response.json()) as { data: unknown[]; next_cursor?: string }
  if (data.length !== PAGE || next === undefined) throw new Error(`the list has ${data.length} rows on its first page`)
}
