import { dataPath } from './data-path.ts'
import type { Row } from './row.ts'

/** In the order of the table. */
export const ROWS: readonly Row[] = [dataPath]
