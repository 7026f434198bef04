// Loading a wiki, as a browser does, against a static file server with the same files: what it costs that each wiki is an object of
// its own, behind a token. The first load brings page and core; the next ones ask whether the page changed, and the core is kept.

import { gzipSync } from 'node:zlib'
import { COUNTER, type Target } from '../load/spec.ts'
import { startBare } from '../support/bare-server.ts'
import { startBiplane, type BiplaneServer } from '../support/biplane-server.ts'
import { cpuMicrosPerRequest, measure, measureInTurns, warmUp, type Measured, type Side } from '../support/paired.ts'
import { compare, compareRounds, P50, single, THROUGHPUT, type Comparison } from '../support/report.ts'
import type { ServerUnderTest } from '../support/server-under-test.ts'
import { startStatic } from '../support/static-server.ts'
import type { Row, RunContext } from './row.ts'

const WIKIS = 1_000
const CLIENTS = 4
/** As many as one round wakes; the rest stays asleep for the next. */
const COLD_PER_ROUND = 100

export const wikiLoad: Row = {
  name: 'wiki-load',
  about: `a browser's requests for a saved wiki; a static file server with the same files; ${WIKIS} wikis in turn`,
  async run(context) {
    const { root, folder, say, load } = context
    let biplane = await startBiplane(root, `${folder}/biplane`)
    const stopping: ServerUnderTest[] = []
    try {
      say(`creating and saving ${WIKIS} wikis`)
      const ids = await biplane.create('wikis', WIKIS)
      const targets = await Promise.all(ids.map((id) => biplane.content('wikis', id)))
      const page = await pageOf(biplane, targets[0] as Target)
      await load.run({ ...saves(targets, page), until: { requests: WIKIS }, port: biplane.port })
      const core = await coreOf(biplane, page)
      const files = await startStatic(root, `${folder}/static`, {
        page: gzipSync(page, { level: 1 }),
        'core.js': core.gzip,
      })
      stopping.push(files)

      const results: Comparison[] = [
        single('first load', 'page, compressed', 'bytes', gzipSync(page, { level: 1 }).length),
        single('first load', 'core, compressed, kept for ever', 'bytes', core.gzip.length),
      ]
      results.push(...(await compareWarm(context, files, biplane, targets, core.path)))
      const bare = await startBare(root, folder)
      stopping.push(bare)
      results.push(...(await compareSaves(context, bare, biplane, ids, targets, page)))

      say('cold objects')
      await biplane.stop()
      biplane = await startBiplane(root, `${folder}/biplane`)
      results.push(...(await measureCold(context, files, biplane, targets)))
      return results
    } finally {
      await Promise.all([biplane, ...stopping].map((server) => server.stop()))
    }
  },
}

async function compareWarm(
  { load, seconds, rounds, say }: RunContext,
  files: ServerUnderTest,
  biplane: BiplaneServer,
  targets: readonly Target[],
  corePath: string,
): Promise<Comparison[]> {
  const one = targets.slice(0, 1)
  const page: Target = { path: '/page' }
  const kinds: readonly (readonly [string, readonly Target[], readonly Target[], number])[] = [
    ['page, 1 wiki', [page], one, 200],
    [`page, ${WIKIS} wikis`, [page], targets, 200],
    ['page unchanged, 1 wiki', [await revalidate(files, page)], [await revalidate(biplane, one[0] as Target)], 304],
    ['core', [{ path: '/core.js' }], [{ path: corePath }], 200],
  ]
  const results: Comparison[] = []
  for (const [name, ofFiles, ofBiplane, expectedStatus] of kinds) {
    say(name)
    const sides = (
      [
        [files, ofFiles],
        [biplane, ofBiplane],
      ] as const
    ).map(([server, all]) => ({ server, spec: { ...reads(all, expectedStatus), until: { seconds } } }))
    for (const side of sides) await warmUp(load, side)
    results.push(...toComparisons(name, await measureInTurns(load, sides, rounds)))
  }
  return results
}

async function compareSaves(
  { load, seconds, rounds, say }: RunContext,
  bare: ServerUnderTest,
  biplane: BiplaneServer,
  ids: readonly string[],
  targets: readonly Target[],
  page: string,
): Promise<Comparison[]> {
  const name = `save, ${WIKIS} wikis`
  say(name)
  const onBare = ids.map((id, index) => ({ ...targets[index], path: `/pages/${id}/` }))
  const sides: Side[] = [
    { server: bare, spec: { ...saves(onBare, page), until: { seconds } } },
    { server: biplane, spec: { ...saves(targets, page), until: { seconds } } },
  ]
  for (const side of sides) await warmUp(load, side)
  return toComparisons(name, await measureInTurns(load, sides, rounds))
}

/** Each object is asked once after a start: whatever it takes to wake one is in the time. */
async function measureCold(
  { load, rounds }: RunContext,
  files: ServerUnderTest,
  biplane: BiplaneServer,
  targets: readonly Target[],
): Promise<Comparison[]> {
  const measured: [Measured[], Measured[]] = [[], []]
  for (let round = 0; round < Math.min(rounds, WIKIS / COLD_PER_ROUND); round++) {
    const asleep = targets.slice(round * COLD_PER_ROUND, (round + 1) * COLD_PER_ROUND)
    const until = { requests: COLD_PER_ROUND }
    measured[0].push(await measure(load, { server: files, spec: { ...reads([{ path: '/page' }], 200), until } }))
    measured[1].push(await measure(load, { server: biplane, spec: { ...reads(asleep, 200), connections: 1, until } }))
  }
  return toComparisons('page, object asleep', measured)
}

/** The request of a browser that has the page already. */
async function revalidate(server: ServerUnderTest, target: Target): Promise<Target> {
  const { path, headers = {} } = target
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method: 'HEAD', headers })
  return { path, headers: { ...headers, 'If-None-Match': response.headers.get('etag') ?? '' } }
}

function toComparisons(name: string, rounds: readonly Measured[][]): Comparison[] {
  const [without, own] = rounds as [Measured[], Measured[]]
  return [
    compareRounds(name, THROUGHPUT, without, own),
    compareRounds(name, P50, without, own),
    compare(name, 'CPU per request', 'us', cpuMicrosPerRequest(without), cpuMicrosPerRequest(own)),
  ]
}

function reads(targets: readonly Target[], expectedStatus: number): Side['spec'] {
  const compressed = targets.map(({ path, headers }) => ({ path, headers: { 'Accept-Encoding': 'gzip', ...headers } }))
  return { method: 'GET', targets: compressed, connections: CLIENTS, until: { requests: 1 }, expectedStatus }
}

function saves(targets: readonly Target[], page: string): Side['spec'] {
  const all = targets.map(({ path, headers }) => ({ path, headers: { 'Content-Type': 'text/html', ...headers } }))
  return { method: 'PUT', targets: all, body: page, connections: CLIENTS, until: { requests: 1 }, expectedStatus: 204 }
}

/** A new wiki's page, with a place for the counter that makes each save a change. */
async function pageOf(biplane: BiplaneServer, { path, headers }: Target): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${biplane.port}${path}`, { headers: headers ?? {} })
  if (!response.ok) throw new Error(`the page was answered ${response.status}`)
  return `${await response.text()}\n<!-- ${COUNTER} -->\n`
}

/** The core script that the page names, as it goes over the wire. */
async function coreOf(biplane: BiplaneServer, page: string): Promise<{ path: string; gzip: Uint8Array }> {
  const path = /<script src="(\/assets\/tiddlywikicore[^"]+)"/.exec(page)?.[1]
  if (path === undefined) throw new Error('the page names no core')
  const response = await fetch(`http://127.0.0.1:${biplane.port}${path}`)
  const script = new Uint8Array(await response.arrayBuffer())
  // The package holds it compressed as far as it goes; so does the baseline.
  return { path, gzip: gzipSync(script, { level: 9 }) }
}
