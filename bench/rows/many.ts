// The data path of a few resources among few and among very many: nothing on it may look at all of them.

import { copyFileSync, readdirSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { COUNTER } from '../load/spec.ts'
import { copyBiplaneData, startBiplane, type BiplaneServer } from '../support/biplane-server.ts'
import { measureInTurns, warmUp, type Measured, type Side } from '../support/paired.ts'
import { compareRounds, P50, P99, type Comparison } from '../support/report.ts'
import { seedCatalog } from '../support/seed-catalog.ts'
import type { Row } from './row.ts'

const FEW = 100
const MANY = 100_000
const GOAL = { atMost: 1.1 }
const VALUE = `${'x'.repeat(52)}${COUNTER}`

export const many: Row = {
  name: 'many',
  about:
    `reads and writes of ${FEW} resources, of which there are ${FEW} or ${MANY}; the others were made from one that the server wrote: ` +
    'copies of its file, and of its row (bench/seed), while no server ran',
  async run({ root, folder, load, rounds, seconds, say }) {
    const first = await startBiplane(root, `${folder}/few`)
    const ids = await first.create('kvs', FEW)
    await first.stop()
    copyBiplaneData(`${folder}/few`, `${folder}/many`)
    say(`making ${MANY} resources`)
    copyOneObject(`${folder}/many/data`, MANY - FEW)
    const request = { type: 'kv', like: ids[0] ?? '', count: MANY - FEW }
    await seedCatalog({ root, directory: `${folder}/many`, secrets: first.secrets, folder, request })
    const servers = [await startBiplane(root, `${folder}/few`), await startBiplane(root, `${folder}/many`)]
    try {
      const results: Comparison[] = []
      for (const method of ['GET', 'PUT'] as const) {
        const sides = await Promise.all(servers.map((server) => toSide(server, ids, method, seconds)))
        for (const side of sides) await warmUp(load, side)
        const [few, all] = (await measureInTurns(load, sides, rounds)) as [Measured[], Measured[]]
        const row = method === 'GET' ? 'read' : 'write'
        results.push(compareRounds(row, P50, few, all, GOAL), compareRounds(row, P99, few, all))
      }
      return results
    } finally {
      await Promise.all(servers.map((server) => server.stop()))
    }
  },
}

async function toSide(
  server: BiplaneServer,
  ids: readonly string[],
  method: 'GET' | 'PUT',
  seconds: number,
): Promise<Side> {
  const targets = await Promise.all(ids.map((id) => server.content('kvs', id)))
  const body = method === 'GET' ? {} : { body: VALUE }
  return { server, spec: { method, targets, ...body, connections: 1, until: { seconds }, expectedStatus: 200 } }
}

/** Files that nobody will ask for, of the size and in the place of those that somebody does. */
function copyOneObject(folder: string, count: number): void {
  const name = readdirSync(folder, { recursive: true })
    .map(String)
    .find((file) => /[0-9a-f]{64}\.sqlite$/.test(file))
  if (name === undefined) throw new Error(`there is no object in ${folder}`)
  const original = join(folder, name)
  for (let index = 0; index < count; index++)
    copyFileSync(original, join(dirname(original), `${randomBytes(32).toString('hex')}.sqlite`))
}
