// biplane resources move: to another cell, as an operation that is followed to its end.

import { Option, type Command } from 'commander'
import { follow } from './progress.ts'
import { resourcesOf, typeOption } from './resources.ts'
import { noWaitOption } from './values.ts'
import { addVerb } from './verb.ts'

/** @param noun `resources` */
export function addMoveVerb(noun: Command): void {
  addVerb<{ readonly cell: string; readonly wait: boolean }>(noun, {
    usage: 'move <id>',
    summary: 'move one to another cell, under the same identifier and address',
    options: [typeOption(), new Option('--cell <code>', 'where it will live').makeOptionMandatory(), noWaitOption()],
    examples: ['resources move wiki-... --cell weur'],
    async run(context) {
      const [id = ''] = context.args
      const { cell } = context.flags
      await follow(context, await (await resourcesOf(context, id)).move(id, { cell }))
    },
  })
}
