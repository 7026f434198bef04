// biplane types: the resource types of a server, and how their accounts are spread over control plane objects.

import { InvalidArgumentError, Option, type Command } from 'commander'
import type { Session, ShardPolicy, TypeInfo } from '../client/index.ts'
import { follow } from './progress.ts'
import type { Column } from './table.ts'
import { noWaitOption } from './values.ts'
import { addNoun, addVerb } from './verb.ts'

const TYPES: readonly Column<Session['types'][number]>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'PLURAL', value: ({ plural }) => plural },
  { title: 'VISIBILITY', value: ({ visibility }) => visibility.join(', ') },
]

const POLICIES: readonly Column<TypeInfo>[] = [
  { title: 'TYPE', value: ({ name }) => name },
  { title: 'POLICY', value: ({ policy }) => formatPolicy(policy) },
  { title: 'PROPOSED', value: ({ proposed_policy }) => formatPolicy(proposed_policy) },
  { title: 'EPOCH', value: ({ epoch }) => epoch, align: 'right' },
  { title: 'MOVING', value: ({ moving }) => (moving ? 'yes' : 'no') },
]

export function addTypesNoun(program: Command): void {
  const noun = addNoun(program, 'types', 'resource types of the server')

  addVerb(noun, {
    usage: 'list',
    summary: 'list them',
    examples: ['types list'],
    run: async ({ client, out }) => {
      await out.table((await client.session()).types, TYPES)
    },
  })

  addVerb(noun, {
    usage: 'policy',
    summary: 'show how the accounts of each are spread over control plane objects (operator)',
    examples: ['types policy'],
    run: async ({ client, out }) => {
      await out.table(await client.types.list(), POLICIES)
    },
  })

  addVerb<{ readonly policy: ShardPolicy; readonly wait: boolean }>(noun, {
    usage: 'reshard <type>',
    summary: 'spread the accounts of a type in another way; each moves while it goes on being served (operator)',
    options: [
      new Option('--policy <policy>', 'single, by_account, by_region, or hashed:NUMBER')
        .argParser(parsePolicy)
        .makeOptionMandatory(),
      noWaitOption(),
    ],
    examples: ['types reshard wiki --policy hashed:16', 'types reshard wiki --policy by_account --no-wait'],
    run: async (context) =>
      follow(context, await context.client.types.reshard(context.args[0] ?? '', context.flags.policy)),
  })
}

export function parsePolicy(text: string): ShardPolicy {
  if (text === 'single' || text === 'by_account' || text === 'by_region') return { kind: text }
  const [, shards] = /^hashed:([1-9]\d{0,3})$/.exec(text) ?? []
  if (shards !== undefined) return { kind: 'hashed', shards: Number(shards) }
  throw new InvalidArgumentError('Expected single, by_account, by_region, or something like hashed:16.')
}

function formatPolicy(policy: ShardPolicy): string {
  return policy.kind === 'hashed' ? `hashed:${policy.shards}` : policy.kind
}
