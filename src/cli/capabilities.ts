// biplane capabilities: what the engine of a running server can do, and each of its cells.

import type { Command } from 'commander'
import type { CapabilitiesJson } from '../client/index.ts'
import type { Column } from './table.ts'
import { addVerb } from './verb.ts'

type Cell = CapabilitiesJson['cells'][number]
type Type = CapabilitiesJson['types'][number]

const yesOrNo = (is: boolean): string => (is ? 'yes' : 'no')

/** The other cells of a machine are processes of their own, reached by their sockets; nothing else has such an address. */
function hereOf({ here, address }: Cell): string {
  return !here && address?.startsWith('unix:') === true ? 'this machine' : yesOrNo(here)
}

const CELLS: readonly Column<Cell>[] = [
  { title: 'CELL', value: ({ code }) => code },
  { title: 'HERE', value: hereOf },
  { title: 'ENGINE', value: ({ engine, supports }) => `${engine}${supports.experimental ? ' (experimental)' : ''}` },
  {
    title: 'HINT',
    value: ({ hint, supports }) => hint && `${hint}${supports.placement === 'ignored' ? ' (ignored)' : ''}`,
  },
  {
    title: 'JURISDICTION',
    value: ({ jurisdiction, supports }) => jurisdiction ?? (supports.jurisdiction ? '-' : 'cannot'),
  },
  { title: 'RECOVERY', value: ({ supports }) => yesOrNo(supports.point_in_time_recovery) },
  { title: 'FAILOVER', value: ({ supports }) => supports.failover },
  { title: 'DURABILITY', value: ({ supports }) => supports.durability },
]

const TYPES: readonly Column<Type>[] = [
  { title: 'TYPE', value: ({ name }) => name },
  { title: 'REQUIRES', value: ({ requires }) => (requires.length === 0 ? undefined : requires.join(', ')) },
  { title: 'CELLS', value: ({ cells }) => cells.join(', ') },
]

export function addCapabilitiesVerb(program: Command): void {
  addVerb(program, {
    usage: 'capabilities',
    summary: 'what the engine of each cell can do, and where resources of each type can be',
    examples: ['capabilities', 'capabilities --json'],
    async run({ client, out }) {
      const capabilities = await client.capabilities()
      if (out.isJson) return out.one(capabilities)
      await out.table(capabilities.cells, CELLS)
      out.note('')
      await out.table(capabilities.types, TYPES)
    },
  })
}
