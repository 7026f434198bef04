// An account moves to another control plane object, with all its rows, while somebody changes one of them without a pause. What counts is
// for how long he is refused.

import { setTimeout as sleep } from 'node:timers/promises'
import { startBiplane, type BiplaneServer } from '../support/biplane-server.ts'
import { single, type Comparison } from '../support/report.ts'
import { seedCatalog } from '../support/seed-catalog.ts'
import type { Row, RunContext } from './row.ts'

const SIZES = [1_000, 10_000]
/** Changes are refused for no longer than this for each thousand rows. */
const GOAL_MS = 1_000
const POLL_MS = 5

export const accountMove: Row = {
  name: 'account-move',
  about:
    'an account of so many rows moves from single() to hashed(2) (catalogs filled as for `list`): rows per second of the whole operation, and ' +
    'the longest time for which a change was refused, against a second for each thousand rows',
  async run(context) {
    const lines: Comparison[] = []
    for (const rows of SIZES) lines.push(...(await moveOf(context, rows)))
    return lines
  },
}

async function moveOf({ root, folder, say }: RunContext, rows: number): Promise<Comparison[]> {
  const directory = `${folder}/rows-${rows}`
  const first = await startBiplane(root, directory)
  const [like = ''] = await first.create('kvs', 1)
  await first.stop()
  say(`filling a catalog with ${rows} rows`)
  const request = { type: 'kv', like, count: rows - 1 }
  await seedCatalog({ root, directory, secrets: first.secrets, folder, request })
  const server = await startBiplane(root, directory)
  try {
    await change(server, like)
    const begun = performance.now()
    await put(server, '/v1/types/kv/policy', 'PUT', { kind: 'hashed', shards: 2 })
    const changing = changeUntil(server, like, async () => !(await isMoving(server)))
    const refusedMs = await changing
    const seconds = (performance.now() - begun) / 1000
    const row = `${rows} rows`
    return [
      single(row, 'rows moved', '/s', rows / seconds),
      {
        row,
        what: 'longest refusal',
        unit: 'ms',
        baseline: (GOAL_MS * rows) / 1_000,
        biplane: refusedMs,
        ratio: refusedMs / ((GOAL_MS * rows) / 1_000),
        goal: { atMost: 1 },
        met: refusedMs <= (GOAL_MS * rows) / 1_000,
      },
    ]
  } finally {
    await server.stop()
  }
}

/** @returns for how long changes were refused at most, in milliseconds */
async function changeUntil(server: BiplaneServer, id: string, isOver: () => Promise<boolean>): Promise<number> {
  let longest = 0
  let refusedSince: number | undefined
  for (let isLast = false; !isLast;) {
    // The last change is made after the end.
    isLast = (await isOver()) && refusedSince === undefined
    const status = await change(server, id)
    if (status === 200 && refusedSince !== undefined) {
      longest = Math.max(longest, performance.now() - refusedSince)
      refusedSince = undefined
    } else if (status === 503) refusedSince ??= performance.now()
    else if (status !== 200) throw new Error(`a change was answered ${status}`)
    await sleep(POLL_MS)
  }
  return longest
}

let number = 0

async function change(server: BiplaneServer, id: string): Promise<number> {
  return put(server, `/v1/kvs/${id}`, 'PATCH', { metadata: { n: String(++number) } })
}

async function isMoving(server: BiplaneServer): Promise<boolean> {
  const { data } = (await (await server.fetch('/v1/types')).json()) as { data: { name: string; moving: boolean }[] }
  return data.some(({ name, moving }) => name === 'kv' && moving)
}

async function put(server: BiplaneServer, path: string, method: string, body: object): Promise<number> {
  const response = await server.fetch(path, { method, body: JSON.stringify(body) })
  await response.body?.cancel()
  return response.status
}
