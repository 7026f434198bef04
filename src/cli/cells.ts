// Which cells a deployment has, and which of them a server is: the cells file, the same on every server.

import { readFileSync } from 'node:fs'
import { InvalidArgumentError, Option } from 'commander'
import { DEFAULT_CELL } from '../engine/data-directory.ts'
import { EngineError, reasonOf } from '../engine/engine-error.ts'
import { CELL_CODE, checkCellTable, type CellTable } from '../identity/cell.ts'

export function cellsFileOption(): Option {
  return new Option(
    '--cells-file <file>',
    'JSON with every cell of the deployment: { "CODE": { "hint"?, "jurisdiction"?, "address"?, "engine"? } }',
  ).env('BIPLANE_CELLS_FILE')
}

export function cellsOption(): Option {
  return new Option(
    '--cells <codes>',
    'several cells on this machine behind one port, such as c1,c2: one for each core',
  )
    .env('BIPLANE_CELLS')
    .argParser(parseCodes)
    .conflicts('cell')
}

function parseCodes(text: string): readonly [string, ...string[]] {
  const codes = text.split(',').map((code) => code.trim())
  const twice = codes.find((code, index) => codes.indexOf(code) !== index)
  if (twice !== undefined) throw new InvalidArgumentError(`"${twice}" is there twice.`)
  const wrong = codes.find((code) => !CELL_CODE.test(code))
  if (wrong === undefined) return codes as [string, ...string[]]
  throw new InvalidArgumentError(`"${wrong}" is no cell code; expected something like c1,c2.`)
}

/**
 * The cells of the deployment, of which several are served here.
 *
 * @throws EngineError as {@link toCells}
 */
export function toSeveralCells(members: readonly string[], cellsFile: string | undefined): CellTable {
  if (cellsFile === undefined) return Object.fromEntries(members.map((code) => [code, {}]))
  const cells = readCellsFile(cellsFile)
  const unknown = members.find((code) => !Object.hasOwn(cells, code))
  if (unknown !== undefined) throw noSuchCell(unknown, cells, cellsFile)
  checkAddresses(cells, members, cellsFile)
  return cells
}

function noSuchCell(cell: string | undefined, cells: CellTable, file: string): EngineError {
  return new EngineError(
    cell === undefined ? 'which cell is this server?' : `there is no cell "${cell}" in ${file}`,
    `it has ${Object.keys(cells).join(', ')}`,
    'Name one of them with --cell.',
    2,
  )
}

/**
 * The cells of the deployment, and the one that is served.
 *
 * @throws EngineError for a file that is none, or a cell that it does not have
 */
export function toCells(flags: { readonly cell?: string; readonly cellsFile?: string }): {
  readonly cell: string
  readonly cells: CellTable
} {
  if (flags.cellsFile === undefined) {
    const cell = flags.cell ?? DEFAULT_CELL
    return { cell, cells: checked({ [cell]: {} }, '--cell') }
  }
  const cells = readCellsFile(flags.cellsFile)
  const [only, ...others] = Object.keys(cells)
  const cell = flags.cell ?? (others.length === 0 ? only : undefined)
  if (cell === undefined || !Object.hasOwn(cells, cell)) throw noSuchCell(cell, cells, flags.cellsFile)
  checkAddresses(cells, [cell], flags.cellsFile)
  return { cell, cells }
}

/**
 * A file without any address is one server's, and all of its cells are here. As soon as there are others, a cell that says not where it is
 * would be served by each of them, every one with other data.
 *
 * @throws EngineError
 */
function checkAddresses(cells: CellTable, own: readonly string[], file: string): void {
  const places = Object.entries(cells)
  if (places.every(([, { address }]) => address === undefined)) return
  const lost = places.flatMap(([code, { address }]) => (address === undefined && !own.includes(code) ? [code] : []))
  if (lost.length === 0) return
  const list = lost.map((code) => `"${code}"`).join(', ')
  throw new EngineError(
    `${file} does not say where ${list} ${lost.length === 1 ? 'is' : 'are'}`,
    'other cells in it have an address, so there are several servers, and what has none would be served by each of them',
    `Give it the address of its server; if it is to be served here, the same "address" as ${own.join(' or ')}: two codes with one address are one cell.`,
    2,
  )
}

/** @throws EngineError */
export function readCellsFile(file: string): CellTable {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (thrown) {
    throw new EngineError(`cannot read the cells file ${file}`, reasonOf(thrown), 'Check --cells-file.', 2)
  }
  return checked(content, file)
}

function checked(content: unknown, where: string): CellTable {
  const isTable =
    typeof content === 'object' &&
    content !== null &&
    Object.values(content).every((place) => typeof place === 'object' && place !== null && !Array.isArray(place))
  try {
    if (!isTable || Array.isArray(content)) throw new TypeError('it is no object of places')
    return checkCellTable(content as CellTable)
  } catch (thrown) {
    throw new EngineError(
      `${where} has no table of cells`,
      reasonOf(thrown),
      'Expected something like { "weur": { "address": "https://weur.example" }, "wnam": { "address": "https://wnam.example" } }.',
      2,
    )
  }
}
