// biplane resources: what changes one of them. It is shown once its object has the change.

import { Option, type Command } from 'commander'
import type { Changes, Resource, Resources, WaitOptions } from '../client/index.ts'
import { EngineError } from '../engine/engine-error.ts'
import { follow, waiting } from './progress.ts'
import {
  addOne,
  resourcesOf,
  toWritten,
  typeOption,
  writeOptions,
  type TypeFlags,
  type WriteFlags,
} from './resources.ts'
import { given, ifMatchOption, noWaitForObjectOption, noWaitOption, purgeOption } from './values.ts'
import { addVerb, type Context, type Verb } from './verb.ts'

/** @param noun `resources` */
export function addResourceChanges(noun: Command): void {
  addChange<WriteFlags & { readonly host?: readonly string[]; readonly mode?: 'active' }>(noun, {
    usage: 'update <id>',
    summary: 'change name, labels, metadata, visibility, mode, settings, hosts; labels, metadata and hosts as a whole',
    options: [
      ...writeOptions(),
      new Option('--no-delete-protection', 'allow its deletion').default(undefined),
      new Option('--host <name...>', "host names of the owner's own"),
      new Option('--mode <mode>', 'whether its content is served, and may be written').choices([
        'active',
        'read_only',
        'suspended',
      ]),
      ifMatchOption(),
    ],
    examples: [
      "resources update wiki-... --name 'Better notes'",
      'resources update wiki-... --label team=red --label old=yes',
      'resources update wiki-... --mode read_only',
    ],
    call(resources, { flags, args: [id = ''] }, options) {
      const changes: Changes = given({ ...toWritten(flags), hosts: flags.host, mode: flags.mode })
      if (Object.keys(changes).length === 0)
        throw new EngineError(
          'there is nothing to change',
          'no option says what',
          'See: biplane resources update --help',
          2,
        )
      return resources.update(id, changes, { ...options, ifMatch: flags.ifMatch })
    },
  })

  for (const [verb, mode, summary] of [
    ['suspend', 'suspended', 'refuse all requests for its content'],
    ['resume', 'active', 'serve its content again'],
  ] as const) {
    addChange(noun, {
      usage: `${verb} <id>`,
      summary,
      examples: [`resources ${verb} wiki-...`],
      call: (resources, { args: [id = ''] }, options) => resources.update(id, { mode }, options),
    })
  }

  addChange<{ readonly ifMatch?: string; readonly purge?: boolean }>(noun, {
    usage: 'delete <id>',
    summary: 'delete one; it can be restored until its purge_time',
    options: [purgeOption(), ifMatchOption()],
    examples: ['resources delete wiki-...', 'resources delete wiki-... --purge'],
    call: (resources, { flags: { ifMatch, purge }, args: [id = ''] }, options) =>
      resources.delete(id, { ...options, ifMatch, purge }),
  })

  addChange<{ readonly name?: string }>(noun, {
    usage: 'restore <id>',
    summary: 'bring a deleted one back',
    options: [new Option('--name <name>', 'another one: its own may be taken meanwhile')],
    examples: ["resources restore wiki-... --name 'Notes of 2025'"],
    call: (resources, { flags: { name }, args: [id = ''] }, options) => resources.restore(id, { ...options, name }),
  })

  addChange<{ readonly ifMatch?: string }>(noun, {
    usage: 'transfer <id> <account>',
    summary: 'give one to another account, with content, name and labels; its tokens end (operator)',
    options: [ifMatchOption()],
    examples: [
      'resources transfer wiki-... account-...',
      'resources transfer wiki-... account-... --account account-...',
    ],
    call: (resources, { flags: { ifMatch }, args: [id = '', account = ''] }, options) =>
      resources.transfer(id, account, { ...options, ifMatch }),
  })

  addVerb<TypeFlags & { readonly wait: boolean }>(noun, {
    usage: 'purge [id]',
    summary:
      'end the time in which a deleted one can be restored; without an identifier: of every deleted one of the account',
    options: [typeOption(), noWaitOption()],
    examples: ['resources purge wiki-...', 'resources purge --type wiki'],
    async run(context) {
      const [id = ''] = context.args
      const resources = await resourcesOf(context, id)
      if (id === '') return follow(context, await resources.purgeDeleted())
      await context.out.one(await resources.delete(id, { ...waiting(context), purge: true }))
    },
  })
}

/** A verb that changes one resource: shown once its object has the change. */
function addChange<F = object>(
  noun: Command,
  {
    call,
    ...verb
  }: Omit<Verb<F>, 'run'> & {
    readonly call: (resources: Resources, context: Context<F>, options: WaitOptions) => Promise<Resource>
  },
): void {
  addOne<F & { readonly wait?: boolean }>(noun, {
    ...verb,
    options: [...(verb.options ?? []), noWaitForObjectOption()],
    call: (resources, context) => call(resources, context, waiting(context)),
  })
}
