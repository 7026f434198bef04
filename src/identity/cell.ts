// A cell is a place where data plane objects live. The identifier carries its code, so routing needs no lookup; several codes may
// point to one place (adopting a dead region, merging two).

/** The syntax of a cell code. */
export const CELL_CODE: RegExp = /^[a-z][a-z0-9]{1,7}$/

/** Cloudflare's location hints (developers.cloudflare.com/durable-objects/reference/data-location). */
export const LOCATION_HINTS: readonly string[] = [
  'wnam',
  'enam',
  'sam',
  'weur',
  'eeur',
  'apac',
  'apac-ne',
  'apac-se',
  'oc',
  'afr',
  'me',
]

/** Cloudflare's jurisdictions, the same source. */
export const JURISDICTIONS: readonly string[] = ['eu', 'fedramp', 'fedramp-high', 'us']

/** What runs the objects: see capabilities.ts for what each can do. */
export type Engine = 'workerd' | 'workerd-cluster' | 'cloudflare'

const ENGINE_NAMES: readonly string[] = ['workerd', 'workerd-cluster', 'cloudflare'] satisfies Engine[]

/** Where a cell's objects are. Everything is optional: a cell without an address is in this very process. */
export interface CellPlace {
  /** Cloudflare's location hint (`weur`, `enam` ...), asked for at the first touch of an object, best effort. */
  readonly hint?: string
  /** Cloudflare's jurisdiction (`eu`, `fedramp`), part of the object's identity. */
  readonly jurisdiction?: string
  /** Where its servers answer: `https://host[:port]`, `http://host[:port]` in a private network, or `unix:/path` on this machine. */
  readonly address?: string
  /** What runs there, if it is another engine than here. */
  readonly engine?: Engine
}

/** Cell code -> place. */
export type CellTable = Readonly<Record<string, CellPlace>>

/**
 * Looks a cell up. A code that the table does not have answers undefined: an identifier of another deployment's cell.
 */
export function placeOf(cells: CellTable, code: string): CellPlace | undefined {
  return Object.hasOwn(cells, code) ? cells[code] : undefined
}

/** Whether what lives in a cell is served by this process: it has no address, or the one of this process's own cell. */
export function isHere(cells: CellTable, own: string, code: string): boolean {
  const place = placeOf(cells, code)
  return place !== undefined && (place.address === undefined || place.address === placeOf(cells, own)?.address)
}

const ADDRESS = /^(https?:\/\/[a-z0-9.-]+(:\d{1,5})?|https?:\/\/\[[0-9a-f:]+\](:\d{1,5})?|unix:\/[^\s"]+)$/i

/** @throws TypeError naming the first thing that is wrong: a code, a hint, a jurisdiction, an address, or an empty table */
export function checkCellTable(cells: CellTable): CellTable {
  const codes = Object.keys(cells)
  if (codes.length === 0)
    throw new TypeError('the cell table is empty: declare at least one cell, such as { local: {} }')
  for (const [code, place] of Object.entries(cells)) {
    if (!CELL_CODE.test(code)) throw new TypeError(`"${code}" is no cell code: it must match ${CELL_CODE.source}`)
    const { hint, jurisdiction, address, engine, ...others } = place
    const [unknown] = Object.keys(others)
    if (unknown !== undefined)
      throw new TypeError(`cell "${code}": "${unknown}" is not known: a place has hint, jurisdiction, address, engine`)
    if (hint !== undefined && !LOCATION_HINTS.includes(hint))
      throw new TypeError(`cell "${code}": "${hint}" is no location hint: choose one of ${LOCATION_HINTS.join(', ')}`)
    if (jurisdiction !== undefined && !JURISDICTIONS.includes(jurisdiction))
      throw new TypeError(
        `cell "${code}": "${jurisdiction}" is no jurisdiction: choose one of ${JURISDICTIONS.join(', ')}`,
      )
    if (engine !== undefined && !ENGINE_NAMES.includes(engine))
      throw new TypeError(`cell "${code}": "${engine}" is no engine: choose one of ${ENGINE_NAMES.join(', ')}`)
    if (address !== undefined && !ADDRESS.test(address))
      throw new TypeError(
        `cell "${code}": "${address}" is no address: expected https://host[:port], http://host[:port] or unix:/path`,
      )
  }
  return cells
}

/**
 * Where an object is, if it is not where its identifier says: it was moved. `renamed`: the place is in the same namespace of objects as
 * the one before, so the object has a name of its own there.
 */
export interface ObjectPlace {
  readonly cell: string
  readonly renamed?: true
}

/** The place of an object that is moved to a cell. @param home the cell in the resource's identifier */
export function placeInCell(cells: CellTable, home: string, cell: string): ObjectPlace {
  const [from, to] = [placeOf(cells, home), placeOf(cells, cell)]
  const isSeparate = from?.address !== to?.address || from?.jurisdiction !== to?.jurisdiction
  return home === cell || isSeparate ? { cell } : { cell, renamed: true }
}

/** The jurisdiction that an object would leave; undefined when it may go. */
export function jurisdictionLeft(from: CellPlace | undefined, to: CellPlace): string | undefined {
  return from?.jurisdiction === to.jurisdiction ? undefined : from?.jurisdiction
}
