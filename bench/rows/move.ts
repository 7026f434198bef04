// A resource moves to another cell of the same process while somebody writes to it without a pause. What counts is for how long he is
// refused. Then what following it costs.

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startBiplane, type BiplaneServer } from '../support/biplane-server.ts'
import { cpuSecondsOf } from '../support/cpu.ts'
import { median } from '../support/paired.ts'
import { single, type Comparison } from '../support/report.ts'
import type { Row, RunContext } from './row.ts'

const MEGABYTE = 1_000_000
const SIZES_MB = [1, 10, 50]
/** Of what must be met: for ten megabytes. */
const GOAL_MB = 10
const GOAL_MS = 1_000
const ROW_BYTES = 50_000
const POLL_MS = 2

export const move: Row = {
  name: 'move',
  about:
    'a resource of so many megabytes (rows of 50 KB) moves to another cell of the same process: the longest time for which a write was refused, ' +
    'against a second for 10 MB; megabytes per second of the whole operation; CPU of both processes',
  async run({ root, folder, rounds, say }) {
    const cellsFile = join(folder, 'cells.json')
    writeFileSync(cellsFile, JSON.stringify({ local: {}, other: {} }))
    const server = await startBiplane(root, `${folder}/data`, {
      app: join(root, 'bench/apps/shelf.ts'),
      args: ['--cell', 'local', '--cells-file', cellsFile],
    })
    try {
      const lines: Comparison[] = []
      for (const megabytes of SIZES_MB) lines.push(...(await moveOf(server, megabytes, rounds, say)))
      return lines
    } finally {
      await server.stop()
    }
  },
}

async function moveOf(
  server: BiplaneServer,
  megabytes: number,
  rounds: number,
  say: RunContext['say'],
): Promise<Comparison[]> {
  const [id = ''] = await server.create('shelves', 1)
  const { path, headers } = await server.content('shelves', id)
  const write = async (bytes: number): Promise<number> => {
    const url = `http://127.0.0.1:${server.port}${path}`
    const response = await fetch(url, { method: 'PUT', body: randomBytes(bytes), headers: { ...headers } })
    await response.body?.cancel()
    return response.status
  }
  say(`filling a resource with ${megabytes} MB`)
  for (let bytes = 0; bytes < megabytes * MEGABYTE; bytes += ROW_BYTES) await write(ROW_BYTES)
  const pauses: number[] = []
  const rates: number[] = []
  const cpu: number[] = []
  for (let round = 0; round < Math.max(rounds, 2); round++) {
    const [begun, before] = [performance.now(), cpuSecondsOf(server.pids())]
    const operation = await begin(server, id, round % 2 === 0 ? 'other' : 'local')
    pauses.push(
      await writeUntil(
        () => write(1),
        () => isOver(server, operation),
      ),
    )
    rates.push(megabytes / ((performance.now() - begun) / 1_000))
    cpu.push((cpuSecondsOf(server.pids()) - before) * 1_000)
  }
  const row = `${megabytes} MB`
  const pause = median(pauses)
  const goal = { atMost: 1 }
  return [
    megabytes === GOAL_MB
      ? {
          row,
          what: 'write pause',
          unit: 'ms',
          baseline: GOAL_MS,
          biplane: pause,
          ratio: pause / GOAL_MS,
          goal,
          met: pause <= GOAL_MS,
        }
      : single(row, 'write pause', 'ms', pause),
    single(row, 'moved', 'MB/s', median(rates)),
    single(row, 'CPU', 'ms', median(cpu)),
  ]
}

async function begin(server: BiplaneServer, id: string, cell: string): Promise<string> {
  const response = await server.fetch(`/v1/shelves/${id}/move`, { method: 'POST', body: JSON.stringify({ cell }) })
  if (response.status !== 202) throw new Error(`a move was answered ${response.status}: ${await response.text()}`)
  return ((await response.json()) as { id: string }).id
}

async function isOver(server: BiplaneServer, operation: string): Promise<boolean> {
  const { state } = (await (await server.fetch(`/v1/operations/${operation}`)).json()) as { state: string }
  if (state !== 'running' && state !== 'succeeded') throw new Error(`a move ended as ${state}`)
  return state === 'succeeded'
}

/** @returns for how long writes were refused at most, in milliseconds */
async function writeUntil(write: () => Promise<number>, isAtEnd: () => Promise<boolean>): Promise<number> {
  let longest = 0
  let refusedSince: number | undefined
  for (let isLast = false; !isLast;) {
    // The last write is made after the end.
    isLast = (await isAtEnd()) && refusedSince === undefined
    const begun = performance.now()
    const status = await write()
    if (status === 503) refusedSince ??= begun
    else if (status !== 200) throw new Error(`a write was answered ${status}`)
    else {
      longest = Math.max(longest, performance.now() - (refusedSince ?? begun))
      refusedSince = undefined
    }
    await sleep(POLL_MS)
  }
  return longest
}
