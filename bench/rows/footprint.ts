// What one resource takes, asleep and awake, against what the engine takes for an object with one row.

import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Target } from '../load/spec.ts'
import { startBare } from '../support/bare-server.ts'
import { startBiplane } from '../support/biplane-server.ts'
import { median } from '../support/paired.ts'
import { compare, single, type Comparison } from '../support/report.ts'
import type { ServerUnderTest } from '../support/server-under-test.ts'
import type { Row, RunContext } from './row.ts'

/** Enough to see one beside the process itself; three descriptors each. */
const OBJECTS = 1_000
/** Read before the first look at the memory: code, caches and connections are there by then. */
const WARM = 100
/** Each with a process of its own: memory is measured as the process grows. */
const LIVES = 3
const GOAL = { atMost: 1.1 }

/** A server whose objects exist, and how to reach them. */
interface Side {
  readonly start: () => Promise<ServerUnderTest & { readonly objects: number }>
  readonly targets: readonly Target[]
}

export const footprint: Row = {
  name: 'footprint',
  about: `bytes and files on disk, and memory of the data process, for each of ${OBJECTS} objects with one row of 64 characters`,
  async run(context) {
    const { root, folder, load, say } = context
    say(`creating ${OBJECTS} objects on both sides`)
    const bare = await startBare(root, folder)
    const paths = Array.from({ length: OBJECTS }, (_, index) => ({ path: `/kvs/object-${index}/` }))
    const post = {
      method: 'POST',
      targets: paths,
      connections: 4,
      until: { requests: OBJECTS },
      expectedStatus: 201,
    } as const
    await load.run({ ...post, port: bare.port })
    await asleep(join(folder, 'bare'))
    await bare.stop()
    const biplane = await startBiplane(root, `${folder}/biplane`)
    const ids = await biplane.create('kvs', OBJECTS)
    const targets = await Promise.all(ids.map((id) => biplane.content('kvs', id)))
    await asleep(join(folder, 'biplane/data'))
    await biplane.stop()

    const [floor, own] = [filesOf(join(folder, 'bare')), filesOf(join(folder, 'biplane/data'))]
    const catalog = filesOf(join(folder, 'biplane/control'))
    const live = await liveBytes(context, [
      { start: async () => withDataProcess(await startBare(root, folder)), targets: paths },
      {
        start: async () => {
          const server = await startBiplane(root, `${folder}/biplane`)
          return { ...server, objects: server.pid('data') }
        },
        targets,
      },
    ])
    return [
      compare('asleep', 'bytes in the data plane', 'B', floor.bytes / OBJECTS, own.bytes / OBJECTS, GOAL),
      compare('asleep', 'files', '', floor.files / OBJECTS, own.files / OBJECTS, GOAL),
      single('asleep', 'bytes in the catalog', 'B', catalog.bytes / OBJECTS),
      ...live,
    ]
  },
}

function withDataProcess(server: ServerUnderTest): ServerUnderTest & { readonly objects: number } {
  return { ...server, objects: server.pids()[0] ?? 0 }
}

/** The engine evicts an object after ten seconds, and ends its log: only then is it asleep. */
async function asleep(folder: string): Promise<void> {
  for (let look = 0; look < 60; look++) {
    if (!readdirSync(folder, { recursive: true }).some((name) => String(name).endsWith('.sqlite-wal'))) return
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

/** Objects' own files; the engine's one file per class is not one resource's. */
function filesOf(folder: string): { readonly files: number; readonly bytes: number } {
  const names = readdirSync(folder, { recursive: true }).map(String)
  const objects = names.filter((name) => /[0-9a-f]{64}\.sqlite/.test(name))
  return { files: objects.length, bytes: objects.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0) }
}

async function liveBytes({ load, say }: RunContext, sides: readonly Side[]): Promise<Comparison[]> {
  const grown: number[][] = sides.map(() => [])
  for (let life = 0; life < LIVES; life++) {
    say(`memory, ${life + 1} of ${LIVES}`)
    for (const [index, { start, targets }] of sides.entries()) {
      const server = await start()
      const read = { method: 'GET', connections: 8, port: server.port, expectedStatus: 200 } as const
      await load.run({ ...read, targets: targets.slice(0, WARM), until: { requests: 20 * WARM } })
      const before = residentBytes(server.objects)
      await load.run({ ...read, targets: targets.slice(WARM), until: { requests: targets.length - WARM } })
      grown[index]?.push((residentBytes(server.objects) - before) / (targets.length - WARM))
      await server.stop()
    }
  }
  const [floor = [], own = []] = grown
  return [compare('awake', 'memory', 'B', median(floor), median(own), GOAL)]
}

function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) * 1_024
}
