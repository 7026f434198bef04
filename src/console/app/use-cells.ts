// Where resources of a type can be.

import { useEffect, useState } from 'react'
import { api, type Session, type TypeInfo } from './api.ts'

/** Codes of cells. Until the server has said which ones a type can be in, all that it has: it refuses what cannot be, with the reason. */
export function useCells({ cells: all }: Session, type: TypeInfo): readonly string[] {
  const [cells, setCells] = useState(all)
  useEffect(() => {
    if (all.length > 1) api.cells(type).then(setCells, () => undefined)
  }, [all, type])
  return cells
}
