// biplane operations, tokens.

import { Option, type Command } from 'commander'
import type { OperationJson } from '../client/index.ts'
import { toMoment } from './output.ts'
import { follow, waiting } from './progress.ts'
import { resourcesOf } from './resources.ts'
import type { Column } from './table.ts'
import { given, limitOption, noWaitForObjectOption, parseDuration } from './values.ts'
import { addNoun, addVerb } from './verb.ts'

const OPERATIONS: readonly Column<OperationJson>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'KIND', value: ({ kind }) => kind },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'DONE', value: ({ progress: { done, total } }) => `${done}/${total}`, align: 'right' },
  { title: 'REFUSED', value: ({ progress: { failed } }) => failed, align: 'right' },
  { title: 'STARTED', value: ({ create_time }) => toMoment(create_time) },
]

export function addOperationsNoun(program: Command): void {
  const noun = addNoun(
    program,
    'operations',
    'long work: bulk creation, purges, moves, changes of an account, resharding, cells from a backup',
  )

  addVerb<{ readonly limit?: number }>(noun, {
    usage: 'list',
    summary: 'list operations, newest first of each type',
    options: [limitOption()],
    examples: ['operations list --limit 20'],
    run: async ({ client, out, flags: { limit } }) => {
      await out.list(client.operations.list(), OPERATIONS, limit)
    },
  })

  addVerb(noun, {
    usage: 'get <id>',
    summary: 'show an operation',
    examples: ['operations get op-wiki-...'],
    run: async ({ client, out, args: [id = ''] }) => out.one(await client.operations.get(id)),
  })

  addVerb<{ readonly wait: boolean }>(noun, {
    usage: 'wait <id>',
    summary: 'wait for its end; exit code 1 when it failed, was cancelled, or a part was refused',
    examples: ['operations wait op-wiki-...'],
    run: async (context) => follow({ ...context, flags: { ...context.flags, wait: true } }, context.args[0] ?? ''),
  })

  addVerb(noun, {
    usage: 'cancel <id>',
    summary: 'end it early; what it has done stays',
    examples: ['operations cancel op-wiki-...'],
    run: async ({ client, out, args: [id = ''] }) => out.one(await client.operations.cancel(id)),
  })
}

interface GrantFlags {
  readonly permission: 'read'
  readonly expiresIn?: number
  readonly host?: string
}

const grantOptions = (least: string): Option[] => [
  new Option('--permission <permission>').choices(['read', 'write', 'admin']).default('read'),
  new Option('--expires-in <duration>', `such as 15m, 12h, 30d (default: ${least})`).argParser(parseDuration),
  new Option('--host <name>', "one of the resource's own host names"),
]

const toGrant = ({ permission, expiresIn, host }: GrantFlags) => given({ permission, expires_in: expiresIn, host })

export function addTokensNoun(program: Command): void {
  const noun = addNoun(program, 'tokens', "access to one resource's content")

  addVerb<GrantFlags>(noun, {
    usage: 'mint <id>',
    summary: 'mint a token for API clients; it is shown this once',
    options: grantOptions('1h'),
    examples: ['tokens mint wiki-... --permission write --expires-in 12h'],
    async run(context) {
      const [id = ''] = context.args
      await context.out.one(await (await resourcesOf(context, id)).tokens(id).mint(toGrant(context.flags)))
    },
  })

  addVerb<GrantFlags>(noun, {
    usage: 'link <id>',
    summary: 'make a link that shares it with people; it is shown this once',
    options: grantOptions('7d'),
    examples: ['tokens link wiki-... --expires-in 30d'],
    async run(context) {
      const [id = ''] = context.args
      await context.out.one(await (await resourcesOf(context, id)).links(id).create(toGrant(context.flags)))
    },
  })

  addVerb<{ readonly wait: boolean }>(noun, {
    usage: 'revoke <id> <token>',
    summary: 'revoke one token or link, by its token_id',
    options: [noWaitForObjectOption()],
    examples: ['tokens revoke wiki-... 0b9a...'],
    async run(context) {
      const [id = '', token = ''] = context.args
      await context.out.one(await (await resourcesOf(context, id)).tokens(id).revoke(token, waiting(context)))
    },
  })

  addVerb<{ readonly wait: boolean }>(noun, {
    usage: 'revoke-all <id>',
    summary: 'revoke every token and link',
    options: [noWaitForObjectOption()],
    examples: ['tokens revoke-all wiki-...'],
    async run(context) {
      const [id = ''] = context.args
      await context.out.one(await (await resourcesOf(context, id)).tokens(id).revokeAll(waiting(context)))
    },
  })
}
