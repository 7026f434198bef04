import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../support/server.ts'
import { importsOf, layerOf, linesOf, reachableFrom, sourcesBelow, targetOf } from './sources.ts'

const src = sourcesBelow('src')

/** Whom a folder may import; its own files always. Types of the built-in kind (`types/wiki`) never see another type. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  identity: [],
  wire: ['identity'],
  // What builders may declare, as schemas.
  'declaration.ts': ['wire', 'identity'],
  'resource-type.ts': ['declaration.ts', 'wire', 'identity'],
  // What every Durable Object of ours has in common, whichever plane it is on, and what calls one.
  object: ['wire', 'identity'],
  edge: ['object', 'resource-type.ts', 'wire', 'identity'],
  'control-plane': ['object', 'resource-type.ts', 'wire', 'identity'],
  'data-plane': ['object', 'resource-type.ts', 'wire', 'identity'],
  types: ['data-plane', 'object', 'resource-type.ts', 'wire', 'identity'],
  // Types only of resource-type.ts: what is built imports nothing of it (CL1).
  client: ['resource-type.ts', 'wire', 'identity'],
  conformance: ['wire', 'identity'],
  // What a builder's backend imports, wherever it runs.
  'tokens.ts': ['wire', 'identity'],
  console: ['resource-type.ts', 'wire', 'identity'],
  engine: ['wire', 'identity'],
  cli: ['engine', 'client', 'conformance', 'wire', 'identity'],
}

/** The composition root: the only files that see every plane, and never the Node side. */
const ROOT_FILES = ['app.ts', 'deployment.ts', 'default-app.ts', 'index.ts']
const UNSEEN_BY_ROOT = ['engine', 'cli', 'client', 'conformance', 'console']
/** The ready-made application puts the console in; builders choose, and what they do not choose is not in their bundle. */
const SEES_CONSOLE = 'default-app.ts'

/** Lines of each folder: readable in an evening. Raise one only together with the reason, in the commit that needs it. */
const BUDGETS: Readonly<Record<string, number>> = {
  // Places of cells, and of objects that have moved; what each engine can do, as data; names as addresses, and the platform's identifiers.
  identity: 1_080,
  // The shapes of accounts with their keys, operations, journals, moves, capabilities, archives and cells from backups.
  wire: 1_960,
  // Every option says what it costs, where it costs something.
  'resource-type.ts': 235,
  // Calls and requests to other cells; every way to name an object; what refused clients still send.
  object: 515,
  // The API as a product: every route's answers as schemas, accounts and their keys, archives whose rows nobody vouches for; a quarter
  // of it is the document made from the routes, its examples and its page.
  edge: 7_700,
  // The whole lifecycle of accounts: holds, operations, journals and what sweeps them, metering, gifts, moves between shards, rows
  // that go into archives and come from them, moves of resources between cells with their ways back, and what tells a restored cell of all
  // that it has missed.
  'control-plane': 7_150,
  // Content as a stream, taken over by one attempt at a time, and left: two fifths of it read and write content of any size, in a form that
  // is exact, and refuse what would not be.
  'data-plane': 3_120,
  'types/account': 300,
  // A method and a documented shape for every route.
  client: 1_320,
  // The rules as checks that builders run: each says what it asks and expects, and why it failed.
  conformance: 2_000,
  // Two storages, importing and exporting, beside saving: each a reader of its own.
  'types/wiki': 3_000,
  // A tenth is about cells: moves, begun here or elsewhere, with a dialog that follows one to its end. Another is about accounts.
  console: 4_000,
  'declaration.ts': 90,
  'app.ts': 250,
  'deployment.ts': 100,
  'default-app.ts': 20,
  'index.ts': 40,
  'tokens.ts': 90,
  // A quarter is for Cloudflare: what is generated, refused, planned and handed to wrangler; another for several cells of a machine with the
  // front before them, secrets on their way, which hold what was retired, and what was restored,
  // held until it was told all and saying what it waits for; a start, a copy or an export that is refused leaves nothing.
  engine: 4_500,
  // Every noun and verb with its options and examples, which are data; a third is the archive: its format, what writes it at one moment for
  // each resource and says what it could not, and what reads it without believing any of it.
  cli: 4_450,
}

describe('folders', () => {
  test('[FW4] import each other only as the table allows', () => {
    const violations = src.flatMap((file) => {
      const from = layerOf(file.path)
      return importsOf(file)
        .map((specifier) => targetOf(file, specifier))
        .filter((target) => target !== undefined && target.startsWith('src/') && !mayImport(from, layerOf(target)))
        .map((target) => `${file.path} -> ${target}`)
    })
    expect(violations).toEqual([])
  })

  test('[FW4] every folder has a row in the table, and a budget of lines that it keeps', () => {
    const lines = new Map<string, number>()
    for (const file of src) lines.set(layerOf(file.path), (lines.get(layerOf(file.path)) ?? 0) + linesOf(file))
    const over = Array.from(lines, ([layer, count]) => ({ layer, count, budget: budgetOf(layer) })).filter(
      ({ count, budget }) => count > budget,
    )
    expect(over).toEqual([])
    expect([...lines.keys()].filter((layer) => !ROOT_FILES.includes(layer) && rowOf(layer) === undefined)).toEqual([])
  })

  test('[FW4] no file is longer than 300 lines', () => {
    const files = [...src, ...sourcesBelow('examples'), ...sourcesBelow('bench')]
    const long = files.filter((file) => linesOf(file) > 300).map((file) => `${file.path}: ${linesOf(file)}`)
    expect(long).toEqual([])
  })

  test('[FW4] only the engine and the command line know Node; a type may use what the engine serves', () => {
    const users = src
      .filter((file) => importsOf(file).some((specifier) => specifier.startsWith('node:')))
      .filter((file) => !['engine', 'cli'].includes(layerOf(file.path)))
      .map(
        (file) =>
          `${file.path}: ${importsOf(file)
            .filter((specifier) => specifier.startsWith('node:'))
            .join()}`,
      )
    // zlib compresses a save in the object; it is part of the engine's nodejs_compat.
    expect(users).toEqual(['src/types/wiki/gzip.ts: node:zlib'])
  })

  test('[FW4] every package that src imports is a declared dependency', () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object }
    const packages = src
      .filter(({ path }) => !isBundled(path))
      .flatMap(importsOf)
      .filter((specifier) => /^[a-z@]/.test(specifier) && !specifier.includes(':'))
    const undeclared = packages.map(packageOf).filter((name) => !Object.hasOwn(dependencies, name))
    expect([...new Set(undeclared)]).toEqual([])
  })
})

describe('the data path', () => {
  test('[DP10] reaches no control plane code from edge/to-data-plane.ts', () => {
    const reached = reachableFrom('src/edge/to-data-plane.ts', src)
    expect(reached.size).toBeGreaterThan(5)
    expect([...reached].filter((path) => path.includes('control-plane'))).toEqual([])
  })

  test('[DP10] reaches no control plane code from any data plane class', () => {
    const classes = src.map((file) => file.path).filter((path) => /^src\/(data-plane|types)\//.test(path))
    const reached = classes.flatMap((path) => [...reachableFrom(path, src)])
    expect(reached.filter((path) => path.includes('control-plane'))).toEqual([])
  })
})

/** The console's page is one file when it leaves the build: nobody who installs the package needs its toolkit. */
function isBundled(path: string): boolean {
  return path.startsWith('src/console/app/')
}

function mayImport(from: string, to: string): boolean {
  if (from === to) return true
  if (from === SEES_CONSOLE && to === 'console') return true
  return ROOT_FILES.includes(from) ? !UNSEEN_BY_ROOT.includes(to) : (rowOf(from)?.includes(to) ?? false)
}

function rowOf(layer: string): readonly string[] | undefined {
  return MAY_IMPORT[layer] ?? (layer.startsWith('types/') ? MAY_IMPORT['types'] : undefined)
}

/** A folder without a budget has none to spend. */
function budgetOf(layer: string): number {
  return BUDGETS[layer] ?? 0
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
