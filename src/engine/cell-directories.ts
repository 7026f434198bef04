// Where the data of several cells is below one directory: each has a data directory of its own in `cells/<code>`. A directory that was
// one cell's data before it got company goes on being that.

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { CellTable } from '../identity/cell.ts'
import { cellOfData, describeDataDirectory, isDataDirectory, type DataDirectory } from './data-directory.ts'
import type { Log } from './log.ts'

const FOLDER = 'cells'

/** The data directory of a cell. */
export function pathOfCell(data: string, cell: string): string {
  return isDataDirectory(data) && cellOfData(data) === cell ? data : join(data, FOLDER, cell)
}

/** Every data directory there is: the given one, if it is one, and those below it. */
export function dataDirectoriesIn(data: string): DataDirectory[] {
  const folder = join(data, FOLDER)
  const below = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
  return [data, ...below.toSorted()].filter(isDataDirectory).map(describeDataDirectory)
}

/** Says which cells have data here that nobody serves. @param served codes of this start @param cells those with an address are another server's */
export function warnOfUnserved(data: string, served: readonly string[], cells: CellTable, log: Log): void {
  for (const { path } of dataDirectoriesIn(data)) {
    const cell = cellOfData(path)
    if (served.includes(cell) || cells[cell]?.address !== undefined) continue
    const names = [...served, cell].join(',')
    const message = `${path} has the data of the cell ${cell}, which is not served: its resources answer 503. To serve it, too: --cells ${names}`
    log({ level: 'warn', event: 'cell_left_out', message })
  }
}
