// Where the types of an app want their resources, against the cells that there are: before anything is started or deployed.

import { placeOf, type CellTable } from '../identity/cell.ts'
import type { AppManifest } from '../wire/manifest.ts'
import { EngineError } from './engine-error.ts'

/** @throws EngineError when a type's resources would be made in a cell that is not there */
export function checkTypeCells(manifest: AppManifest, cells: CellTable): void {
  for (const { name, cell } of manifest.types) {
    if (cell === undefined || placeOf(cells, cell) !== undefined) continue
    throw new EngineError(
      `the type ${name} wants its resources in the cell "${cell}", which this deployment does not have`,
      `its cells are ${Object.keys(cells).join(', ')}`,
      `Declare ${cell} in --cells-file, or change the type.`,
      2,
    )
  }
}
