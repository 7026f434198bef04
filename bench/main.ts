// npm run bench: measures Biplane against the same engine without it, prints a table and writes bench/results/latest.json.
//
//     --only NAME[,NAME]   some rows       --seconds N   length of one measurement       --rounds N   measurements per side

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import workerd from 'workerd'
import { LoadGenerator } from './load/load-generator.ts'
import { ROWS } from './rows/index.ts'
import { makeRunFolder } from './support/folder.ts'
import { toTable, type Comparison } from './support/report.ts'

const { values: flags } = parseArgs({
  options: {
    root: { type: 'string', default: process.cwd() },
    only: { type: 'string' },
    seconds: { type: 'string', default: '1.2' },
    rounds: { type: 'string', default: '7' },
    output: { type: 'string' },
  },
})

const selected = flags.only?.split(',')
const unknown = selected?.filter((name) => !ROWS.some((row) => row.name === name)) ?? []
if (unknown.length > 0) {
  console.error(`no row "${unknown.join('", "')}"; there are: ${ROWS.map((row) => row.name).join(', ')}`)
  process.exit(2)
}
// Everything that was started ends with this process: its handlers are in 'exit'.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

const versions = {
  biplane: versionOf(join(flags.root, 'package.json')),
  workerd: workerd.version,
  node: process.version,
  cpu: `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}`,
  // Somebody else's work makes every number worse, and ratios wider.
  load_at_start: loadavg()[0]?.toFixed(2),
}
console.log(
  Object.entries(versions)
    .map(([name, value]) => `${name} ${value}`)
    .join('; '),
)

const folder = makeRunFolder()
const load = new LoadGenerator()
const beginMs = performance.now()
const results: Record<string, { about: string; lines: Comparison[] }> = {}
for (const row of ROWS.filter(({ name }) => selected?.includes(name) ?? true)) {
  const rowFolder = join(folder, row.name)
  mkdirSync(rowFolder)
  const say = (text: string): void => console.error(`${row.name}: ${text}`)
  const lines = await row.run({
    root: flags.root,
    folder: rowFolder,
    load,
    seconds: Number(flags.seconds),
    rounds: Number(flags.rounds),
    say,
  })
  results[row.name] = { about: row.about, lines }
  console.log(`\n${row.name}: ${row.about}\n${toTable(lines)}`)
}
load.close()

const missed = Object.values(results).flatMap(({ lines }) => lines.filter(({ met }) => met === false))
console.log(
  `\n${missed.length === 0 ? 'every goal met' : `${missed.length} goals missed`} in ${((performance.now() - beginMs) / 1000).toFixed(0)} s`,
)
const output = flags.output ?? join(flags.root, 'bench/results/latest.json')
writeFileSync(output, `${JSON.stringify({ time: new Date().toISOString(), ...versions, rows: results }, null, 2)}\n`)

function versionOf(file: string): string {
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
