// What each engine can do, as data: docs/engines.md, `GET /v1/capabilities` and every refusal of what an engine lacks come from here. Of
// workerd it is what was measured, of Cloudflare's network what its documentation says (developers.cloudflare.com/durable-objects).

import { isHere, placeOf, type CellPlace, type CellTable, type Engine } from './cell.ts'

/** What a resource type may require of the engine, and of the cell, that its resources live in. */
export type Capability = 'placement' | 'jurisdiction' | 'point_in_time_recovery' | 'failover'

export const CAPABILITIES: readonly Capability[] = ['placement', 'jurisdiction', 'point_in_time_recovery', 'failover']

export interface EngineCapabilities {
  /** What becomes of a cell's location hint. `first_touch`: an object is made near it, and stays there. */
  readonly placement: 'ignored' | 'first_touch'
  /** Whether objects can be bound to a jurisdiction. */
  readonly jurisdiction: boolean
  /** Whether an object can go back to an earlier moment of its own history. */
  readonly pointInTimeRecovery: boolean
  /** What happens to the objects of a machine that is lost. `none`: they wait for it, or for its backup. */
  readonly failover: 'none' | 'automatic'
  /** Where a write is when it is acknowledged. */
  readonly durability: 'disk' | 'bucket' | 'replicated'
  readonly limits: EngineLimits
  /** Whether the engine's own makers call it so: nothing of it is the default of anything. */
  readonly experimental: boolean
  /** How this release runs it; null: it does not. */
  readonly command: string | null
}

/** What the platform allows; null: it sets no limit of its own, and what the machine has counts. */
export interface EngineLimits {
  readonly objectBytes: number | null
  /** Of one value in an object's database. We keep the strictest engine's everywhere: content must be able to move. */
  readonly valueBytes: number
  readonly requestBodyBytes: number | null
  /** Memory of all objects and requests in one isolate. */
  readonly memoryBytes: number | null
  readonly socketsPerObject: number | null
  /** Outgoing connections of one request at the same time. */
  readonly connectionsPerRequest: number | null
  readonly subrequestsPerRequest: number | null
  readonly alarmsPerObject: number
  /** How often an alarm that throws is tried again before it is dropped. */
  readonly alarmRetries: number
}

const EVERYWHERE = { valueBytes: 2 * 1024 ** 2, alarmsPerObject: 1, alarmRetries: 6 } as const

const OWN_MACHINE: EngineLimits = {
  ...EVERYWHERE,
  objectBytes: null,
  requestBodyBytes: null,
  memoryBytes: null,
  socketsPerObject: null,
  connectionsPerRequest: null,
  subrequestsPerRequest: null,
}

export const ENGINES: Readonly<Record<Engine, EngineCapabilities>> = {
  workerd: {
    placement: 'ignored',
    jurisdiction: false,
    pointInTimeRecovery: false,
    failover: 'none',
    durability: 'disk',
    limits: OWN_MACHINE,
    experimental: false,
    command: 'biplane serve',
  },
  'workerd-cluster': {
    placement: 'ignored',
    jurisdiction: false,
    pointInTimeRecovery: false,
    failover: 'automatic',
    durability: 'bucket',
    limits: OWN_MACHINE,
    experimental: true,
    command: null,
  },
  cloudflare: {
    placement: 'first_touch',
    jurisdiction: true,
    pointInTimeRecovery: true,
    failover: 'automatic',
    durability: 'replicated',
    limits: {
      ...EVERYWHERE,
      objectBytes: 10 * 1000 ** 3,
      // Of the smallest plans; larger ones allow more.
      requestBodyBytes: 100 * 1000 ** 2,
      memoryBytes: 128 * 1000 ** 2,
      socketsPerObject: 32_768,
      connectionsPerRequest: 6,
      subrequestsPerRequest: 1_000,
    },
    experimental: false,
    command: 'biplane deploy cloudflare',
  },
}

/** As much of a resource type as matters here. */
export interface RequiringType {
  readonly name: string
  readonly requires: readonly Capability[]
}

/** A deployment as one of its processes sees it. */
export interface Places {
  /** The one that this process runs in. */
  readonly engine: Engine
  readonly cells: CellTable
  /** The process's own cell. */
  readonly cell: string
}

/** Something was asked for that is not there: which cell, or which type, and why not. */
export interface Lack {
  readonly cell?: string
  readonly type?: string
  readonly reason: string
}

/** The engine of a cell: what runs here, or what the table says of a place elsewhere; a table that does not say has one engine for all. */
export function engineOf({ engine, cells, cell }: Places, code: string): Engine {
  return isHere(cells, cell, code) ? engine : (placeOf(cells, code)?.engine ?? engine)
}

/** Why resources of a type cannot be in a cell of the deployment; undefined: they can. */
export function lackOf(
  places: Places,
  { requires }: Pick<RequiringType, 'requires'>,
  code: string,
): string | undefined {
  const place = placeOf(places.cells, code) ?? {}
  const engine = engineOf(places, code)
  const reason = lackOfPlace(engine, place)
  if (reason !== undefined) return reason
  const missing = requires.find((capability) => !has(engine, capability))
  if (missing !== undefined) return `the type requires ${missing}, which the engine ${engine} does not have`
  if (requires.includes('jurisdiction') && place.jurisdiction === undefined)
    return 'the type requires jurisdiction, and the cell has none'
  if (requires.includes('placement') && place.hint === undefined)
    return 'the type requires placement, and the cell has no location hint'
  return undefined
}

/** Everything in a deployment's configuration that cannot be had: cells that ask for too much, types that can be in no cell. */
export function lacksOf(places: Places, types: readonly RequiringType[]): Lack[] {
  const codes = Object.keys(places.cells)
  const cells = codes.flatMap((cell) => {
    const { engine: declared, ...place } = placeOf(places.cells, cell) ?? {}
    const engine = engineOf(places, cell)
    const isOther = declared !== undefined && declared !== engine
    const reason = isOther
      ? `it is declared for the engine ${declared}, and ${engine} runs here`
      : lackOfPlace(engine, place)
    return reason === undefined ? [] : [{ cell, reason }]
  })
  return [...cells, ...typeLacksOf(places, types)]
}

/** The types that can be in no cell at all. */
export function typeLacksOf(places: Places, types: readonly RequiringType[]): Lack[] {
  const codes = Object.keys(places.cells)
  return types.flatMap((type) => {
    if (type.requires.length === 0) return []
    const reasons = codes.map((code) => lackOf(places, type, code))
    if (reasons.includes(undefined)) return []
    return [{ type: type.name, reason: codes.map((code, index) => `cell "${code}": ${reasons[index]}`).join('; ') }]
  })
}

/** Codes of the cells here whose location hint the engine accepts and ignores. */
export function ignoredHintsOf(places: Places): string[] {
  const { cells, cell, engine } = places
  if (has(engine, 'placement')) return []
  return Object.keys(cells).filter((code) => isHere(cells, cell, code) && cells[code]?.hint !== undefined)
}

function lackOfPlace(engine: Engine, { jurisdiction }: CellPlace): string | undefined {
  if (jurisdiction === undefined || has(engine, 'jurisdiction')) return undefined
  return `it asks for the jurisdiction "${jurisdiction}", and the engine ${engine} has no jurisdictions`
}

function has(engine: Engine, capability: Capability): boolean {
  const { placement, jurisdiction, pointInTimeRecovery, failover } = ENGINES[engine]
  switch (capability) {
    case 'placement':
      return placement !== 'ignored'
    case 'jurisdiction':
      return jurisdiction
    case 'point_in_time_recovery':
      return pointInTimeRecovery
    case 'failover':
      return failover !== 'none'
  }
}
