// Whole pages: TiddlyWiki with its core elsewhere (113 KB) and as one file (2.5 MB), read and saved.

import { COUNTER } from '../load/spec.ts'
import { startBare } from '../support/bare-server.ts'
import { startBiplane, type BiplaneServer } from '../support/biplane-server.ts'
import { cpuMicrosPerRequest, measureInTurns, warmUp, type Measured, type Side } from '../support/paired.ts'
import { compare, compareRounds, P50, THROUGHPUT, type Comparison } from '../support/report.ts'
import type { ServerUnderTest } from '../support/server-under-test.ts'
import type { Row, RunContext } from './row.ts'

/** Pages are large: more clients at once would measure the loopback's buffers. */
const CLIENTS = 4

export const wiki: Row = {
  name: 'wiki',
  about:
    'whole pages, hashed, compressed and in chunks on both sides; only Biplane keeps the versions before (up to 50)',
  async run(context) {
    const { root, folder } = context
    const bare = await startBare(root, folder)
    const biplane = await startBiplane(root, `${folder}/biplane`)
    try {
      const results: Comparison[] = []
      const [id = ''] = await biplane.create('wikis', 1)
      for (const [name, path] of [
        ['113 KB', ''],
        ['2.5 MB', 'export'],
      ] as const) {
        results.push(...(await comparePage(context, bare, biplane, name, await pageOf(biplane, id, path))))
      }
      return results
    } finally {
      await Promise.all([bare.stop(), biplane.stop()])
    }
  },
}

/** A new wiki's page in one of its forms, with a place for the counter that makes each save a change. */
async function pageOf(biplane: BiplaneServer, id: string, path: string): Promise<string> {
  const target = await biplane.content('wikis', id)
  const response = await fetch(`http://127.0.0.1:${biplane.port}${target.path}${path}`, {
    headers: target.headers ?? {},
  })
  if (!response.ok) throw new Error(`the page was answered ${response.status}`)
  return `${await response.text()}\n<!-- ${COUNTER} -->\n`
}

async function comparePage(
  { load, seconds, rounds, say }: RunContext,
  bare: ServerUnderTest,
  biplane: BiplaneServer,
  size: string,
  page: string,
): Promise<Comparison[]> {
  say(size)
  const [id = ''] = await biplane.create('wikis', 1)
  const target = await biplane.content('wikis', id)
  const html = { 'Content-Type': 'text/html', ...target.headers }
  const common = { connections: CLIENTS, until: { seconds } }
  const sidesOf = (spec: (server: ServerUnderTest) => Side['spec']): Side[] =>
    [bare, biplane].map((server) => ({ server, spec: spec(server) }))
  const pathOn = (server: ServerUnderTest): string => (server === bare ? `/pages/${id}/` : target.path)
  const saves = sidesOf((server) => ({
    ...common,
    method: 'PUT',
    targets: [{ path: pathOn(server), headers: html }],
    body: page,
    expectedStatus: 204,
  }))
  const reads = sidesOf((server) => ({
    ...common,
    method: 'GET',
    targets: [{ path: pathOn(server), headers: { 'Accept-Encoding': 'gzip', ...target.headers } }],
    expectedStatus: 200,
  }))
  const results: Comparison[] = []
  for (const [what, sides] of [
    ['save', saves],
    ['read', reads],
  ] as const) {
    for (const side of sides) await warmUp(load, side)
    const [without, own] = (await measureInTurns(load, sides, rounds)) as [Measured[], Measured[]]
    const row = `${what} ${size}`
    results.push(
      compareRounds(row, THROUGHPUT, without, own),
      compareRounds(row, P50, without, own),
      compare(row, 'CPU per request', 'us', cpuMicrosPerRequest(without), cpuMicrosPerRequest(own)),
    )
  }
  return results
}
