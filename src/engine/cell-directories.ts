// Where the data of several cells is below one directory: each has a data directory of its own in `cells/<code>`. A directory that was
// one cell's data before it got company goes on being that.

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { cellOfData, describeDataDirectory, isDataDirectory, type DataDirectory } from './data-directory.ts'

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
