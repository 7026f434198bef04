// biplane cells reconcile: a cell that came back from a backup is told what has happened since.

import type { Command } from 'commander'
import type { OperationJson } from '../client/index.ts'
import { EngineError } from '../engine/engine-error.ts'
import { follow } from './progress.ts'
import { toPlain } from './table.ts'
import { noWaitOption } from './values.ts'
import { addNoun, addVerb } from './verb.ts'

export function addCellsNoun(program: Command): void {
  const noun = addNoun(program, 'cells', 'places where resources live')

  addVerb<{ readonly wait: boolean }>(noun, {
    usage: 'reconcile <cell>',
    summary: 'tell what is in a cell that came back from a backup what has happened since (operator)',
    options: [noWaitOption()],
    examples: ['cells reconcile weur'],
    async run(context) {
      const { client, out, args } = context
      const unfinished: OperationJson[] = []
      // Of each type by itself: what one of them lacks must not hide what another one does.
      for (const operation of await client.cells.reconcile(args[0] ?? '')) {
        try {
          await follow(context, operation)
        } catch {
          const ended = await client.operations.get(operation.id)
          unfinished.push(ended)
          await out.one(ended)
        }
      }
      if (unfinished.length > 0) throw notWhole(unfinished)
    },
  })
}

function notWhole(operations: readonly OperationJson[]): EngineError {
  const ids = operations.map(({ id }) => id)
  return new EngineError(
    `${ids.join(', ')} ended, but not as a whole`,
    toPlain(operations.map(({ type, state, error }) => `${type}: ${error?.message ?? state}`).join(' ')),
    `See: biplane operations get ${ids[0]}`,
  )
}
