import { accountMove } from './account-move.ts'
import { addressing } from './addressing.ts'
import { archive } from './archive.ts'
import { bulk } from './bulk.ts'
import { cells } from './cells.ts'
import { creates } from './creates.ts'
import { dataPath } from './data-path.ts'
import { fairness } from './fairness.ts'
import { footprint } from './footprint.ts'
import { groupCommit } from './group-commit.ts'
import { isolation } from './isolation.ts'
import { list } from './list.ts'
import { move } from './move.ts'
import { many } from './many.ts'
import { policies } from './policies.ts'
import type { Row } from './row.ts'
import { wikiLoad } from './wiki-load.ts'
import { wiki } from './wiki.ts'

/** In the order of the table. */
export const ROWS: readonly Row[] = [
  dataPath,
  groupCommit,
  creates,
  addressing,
  bulk,
  policies,
  list,
  many,
  footprint,
  accountMove,
  cells,
  archive,
  move,
  wiki,
  wikiLoad,
  isolation,
  fairness,
]
