// A cell is a place where data plane objects live. The identifier carries its code, so routing needs no lookup; several codes may
// point to one place (adopting a dead region, merging two).

/** The syntax of a cell code. */
export const CELL_CODE: RegExp = /^[a-z][a-z0-9]{1,7}$/

/** Where a cell's objects are. Everything is optional: a cell without an address is in this very process. */
export interface CellPlace {
  /** Cloudflare's location hint (`weur`, `enam` ...), asked for at the first touch of an object, best effort. */
  readonly hint?: string
  /** Cloudflare's jurisdiction (`eu`, `fedramp`), part of the object's identity. */
  readonly jurisdiction?: string
  /** Another machine's address. */
  readonly address?: string
}

/** Cell code -> place. */
export type CellTable = Readonly<Record<string, CellPlace>>

/**
 * Looks a cell up. A code that the table does not have answers undefined: an identifier of another deployment's cell.
 */
export function placeOf(cells: CellTable, code: string): CellPlace | undefined {
  return Object.hasOwn(cells, code) ? cells[code] : undefined
}

/** @throws TypeError naming the first code that breaks the syntax, or an empty table */
export function checkCellTable(cells: CellTable): CellTable {
  const codes = Object.keys(cells)
  if (codes.length === 0)
    throw new TypeError('the cell table is empty: declare at least one cell, such as { local: {} }')
  for (const code of codes) {
    if (!CELL_CODE.test(code)) throw new TypeError(`"${code}" is no cell code: it must match ${CELL_CODE.source}`)
  }
  return cells
}
