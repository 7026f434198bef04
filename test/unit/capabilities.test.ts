// What each engine can do, as data, in the documentation, and as refusals.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MAX_VALUE_BYTES } from '../../src/data-plane/storage.ts'
import { detectEngine } from '../../src/edge/capabilities.ts'
import { checkCapabilities, ignoredHints } from '../../src/engine/check-capabilities.ts'
import { toWranglerConfig } from '../../src/engine/wrangler-config.ts'
import {
  CAPABILITIES,
  ENGINES,
  ignoredHintsOf,
  lackOf,
  lacksOf,
  type Capability,
  type EngineCapabilities,
  type Places,
} from '../../src/identity/capabilities.ts'
import { checkCellTable, type CellTable, type Engine } from '../../src/identity/cell.ts'
import { defineResourceType } from '../../src/resource-type.ts'
import { toCapabilitiesJson } from '../../src/wire/capabilities.ts'
import { toTypeManifest, type AppManifest } from '../../src/wire/manifest.ts'
import { ROOT } from '../support/server.ts'

const CELLS: CellTable = checkCellTable({
  local: {},
  near: { hint: 'weur' },
  law: { jurisdiction: 'eu' },
  far: { address: 'https://far.example', engine: 'cloudflare', jurisdiction: 'eu' },
})

const places = (engine: Engine, cells: CellTable = CELLS): Places => ({ engine, cells, cell: 'local' })
const requiring = (...requires: Capability[]) => ({ name: 'vault', requires })

/** A manifest of one type. */
function manifestOf(...requires: Capability[]): AppManifest {
  return { version: 1, types: [toTypeManifest(defineResourceType({ name: 'vault', object: Object, requires }))] }
}

describe('what a cell cannot have', () => {
  const noJurisdictions = /asks for the jurisdiction "eu", and the engine workerd has no jurisdictions/
  test.each<[Engine, Capability[], string, RegExp | undefined]>([
    ['workerd', [], 'local', undefined],
    ['workerd', [], 'near', undefined],
    ['workerd', [], 'law', noJurisdictions],
    // What is elsewhere is by its own engine.
    ['workerd', [], 'far', undefined],
    ['workerd', ['jurisdiction'], 'far', undefined],
    ['workerd', ['point_in_time_recovery'], 'far', undefined],
    ['workerd', ['failover'], 'local', /requires failover, which the engine workerd does not have/],
    ['workerd', ['placement'], 'near', /requires placement, which the engine workerd does not have/],
    ['workerd-cluster', ['failover'], 'local', undefined],
    ['workerd-cluster', ['failover', 'point_in_time_recovery'], 'local', /requires point_in_time_recovery/],
    ['cloudflare', ['jurisdiction'], 'law', undefined],
    ['cloudflare', ['jurisdiction'], 'local', /requires jurisdiction, and the cell has none/],
    ['cloudflare', ['placement'], 'near', undefined],
    ['cloudflare', ['placement'], 'law', /requires placement, and the cell has no location hint/],
  ])('[CA2] on %s a type that requires %j in the cell "%s": %s', (engine, requires, cell, reason) => {
    const lack = lackOf(places(engine), requiring(...requires), cell)
    if (reason === undefined) expect(lack).toBeUndefined()
    else expect(lack).toMatch(reason)
  })

  test('[CA2] a configuration is refused with every cell and type that is wrong in it, and why', () => {
    expect(lacksOf(places('workerd'), [requiring('jurisdiction')])).toEqual([
      { cell: 'law', reason: expect.stringContaining('jurisdiction "eu"') as string },
    ])
    expect(lacksOf(places('cloudflare'), [requiring('jurisdiction')])).toEqual([])
    const { local = {} } = CELLS
    const refused = (): void => checkCapabilities(places('workerd', { local }), manifestOf('failover'))
    expect(refused).toThrow(/cannot serve type "vault"[\s\S]*cell "local": the type requires failover/)
    const both = (): void =>
      checkCapabilities(places('workerd', { local, law: { jurisdiction: 'eu' } }), manifestOf('failover'))
    expect(both).toThrow(
      expect.objectContaining({ exitCode: 2, what: expect.stringContaining('cell "law", type "vault"') as string }),
    )
    const mistaken = (): void => checkCapabilities(places('workerd', { local: { engine: 'cloudflare' } }), manifestOf())
    expect(mistaken).toThrow(/it is declared for the engine cloudflare, and workerd runs here/)
  })

  test('[CA2] so is one for wrangler, of a type that no cell suits', () => {
    const hosts = { publicUrl: 'https://vaults.example', apex: 'pages.example' }
    const options = { name: 'vaults', ...hosts, cells: { local: {} }, cell: 'local' }
    expect(() => toWranglerConfig(manifestOf('jurisdiction'), [], options)).toThrow(/cell "local": .*the cell has none/)
    expect(() => toWranglerConfig(manifestOf('point_in_time_recovery', 'failover'), [], options)).not.toThrow()
  })

  test('[CA2] nothing can be required that is not known', () => {
    const requires = ['telepathy'] as unknown as Capability[]
    expect(() => defineResourceType({ name: 'vault', object: Object, requires })).toThrow(/"telepathy"/)
    expect(() => checkCellTable({ local: { engine: 'miniflare' as Engine } })).toThrow(/is no engine/)
  })

  test('[CA3] a hint that comes to nothing is told, of the cells here only', () => {
    const cells = { ...CELLS, away: { hint: 'enam', address: 'https://away.example' } }
    expect(ignoredHintsOf(places('workerd', cells))).toEqual(['near'])
    expect(ignoredHints(places('workerd', cells))).toMatchObject({ event: 'placement_ignored', cells: ['near'] })
    expect(ignoredHints(places('cloudflare', cells))).toBeUndefined()
    expect(ignoredHints(places('workerd', { local: {} }))).toBeUndefined()
  })
})

test('[CA5] without a namespace to ask, the engine that promises least is assumed', () => {
  expect(detectEngine(undefined, undefined)).toBe('workerd')
  expect(detectEngine('cloudflare', undefined)).toBe('workerd')
  expect(detectEngine('workerd-cluster', undefined)).toBe('workerd-cluster')
})

describe('what is told of it', () => {
  test('[CA1] addresses are told to the operator alone', () => {
    const types = [{ ...requiring('jurisdiction'), plural: 'vaults' }]
    const forOperator = toCapabilitiesJson(places('workerd'), types, { withAddresses: true })
    expect(forOperator.cells.find(({ code }) => code === 'far')).toMatchObject({
      address: 'https://far.example',
      here: false,
      engine: 'cloudflare',
    })
    expect(forOperator.types).toEqual([{ name: 'vault', plural: 'vaults', requires: ['jurisdiction'], cells: ['far'] }])
    const forOthers = toCapabilitiesJson(places('workerd'), types, { withAddresses: false })
    expect(JSON.stringify(forOthers)).not.toContain('far.example')
  })

  test('[CA4] the tables of docs/engines.md are this data', () => {
    const documented = tablesOf(readFileSync(join(ROOT, 'docs/engines.md'), 'utf8'))
    const engines = Object.values(ENGINES)
    expect(documented.get('can')).toEqual([
      ['', ...Object.keys(ENGINES).map((name) => `\`${name}\``)],
      ...Object.entries(CAN).map(([title, tell]) => [title, ...engines.map(tell)]),
    ])
    expect(documented.get('limit')).toEqual([
      ['', ...Object.keys(ENGINES).map((name) => `\`${name}\``)],
      ...Object.entries(LIMITS).map(([title, tell]) => [title, ...engines.map(tell)]),
    ])
    expect(
      documented
        .get('require')
        ?.slice(1)
        .map(([name]) => name),
    ).toEqual(CAPABILITIES.map((name) => `\`${name}\``))
  })

  test('[CA4] one value holds as much as is written to an object at most', () => {
    expect(Object.values(ENGINES).map(({ limits }) => limits.valueBytes)).toEqual([
      MAX_VALUE_BYTES,
      MAX_VALUE_BYTES,
      MAX_VALUE_BYTES,
    ])
  })
})

type Tell = (engine: EngineCapabilities) => string

const yesOrNo = (is: boolean): string => (is ? 'yes' : 'no')
const orNone = (
  limit: number | null,
  toText: (limit: number) => string = (count) => count.toLocaleString('en'),
): string => (limit === null ? 'none' : toText(limit))

/** `10 GB`, or `2 MiB` where it is a power of two. */
function toSize(bytes: number): string {
  if (bytes % 1024 ** 2 === 0) return `${bytes / 1024 ** 2} MiB`
  return bytes >= 1000 ** 3 ? `${bytes / 1000 ** 3} GB` : `${bytes / 1000 ** 2} MB`
}

const CAN: Readonly<Record<string, Tell>> = {
  'run by': ({ command }) => (command === null ? 'nothing in this release' : `\`${command}\``),
  experimental: ({ experimental }) => yesOrNo(experimental),
  'placement (location hints)': ({ placement }) => (placement === 'ignored' ? 'ignored' : 'at the first touch'),
  jurisdiction: ({ jurisdiction }) => yesOrNo(jurisdiction),
  'point-in-time recovery': ({ pointInTimeRecovery }) => yesOrNo(pointInTimeRecovery),
  failover: ({ failover }) => failover,
  'an acknowledged write is': ({ durability }) =>
    ({ disk: 'synced to the disk', bucket: 'in the bucket', replicated: 'replicated' })[durability],
}

const LIMITS: Readonly<Record<string, Tell>> = {
  'an object': ({ limits }) => orNone(limits.objectBytes, toSize),
  'one value in it': ({ limits }) => toSize(limits.valueBytes),
  'a request body': ({ limits }) => orNone(limits.requestBodyBytes, toSize),
  'memory of an isolate': ({ limits }) => orNone(limits.memoryBytes, toSize),
  'WebSockets of an object': ({ limits }) => orNone(limits.socketsPerObject),
  'outgoing connections of a request': ({ limits }) => orNone(limits.connectionsPerRequest),
  'subrequests of a request': ({ limits }) => orNone(limits.subrequestsPerRequest),
  'alarms of an object': ({ limits }) => String(limits.alarmsPerObject),
  'retries of an alarm': ({ limits }) => String(limits.alarmRetries),
}

/** First cell of the head -> rows, the head first and emptied of its name. */
function tablesOf(text: string): Map<string, string[][]> {
  const tables = new Map<string, string[][]>()
  for (const [table] of text.matchAll(/(?:^\|.*\|\n)+/gm)) {
    const rows = table
      .trimEnd()
      .split('\n')
      .map((line) =>
        line
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim()),
      )
    const [[name = '', ...head] = [], , ...body] = rows
    tables.set(name, [['', ...head], ...body])
  }
  return tables
}
