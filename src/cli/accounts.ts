// biplane accounts, biplane keys: who owns resources, and with which keys he comes.

import { Option, type Command } from 'commander'
import type { Account, AccountLimits, AccountSettings, ApiKey } from '../client/index.ts'
import { EngineError } from '../engine/engine-error.ts'
import { toMoment } from './output.ts'
import { follow, waiting } from './progress.ts'
import type { Column } from './table.ts'
import {
  given,
  limitOption,
  noWaitForObjectOption,
  noWaitOption,
  pairsOption,
  parseBytes,
  parseDuration,
  parseNumber,
  purgeOption,
} from './values.ts'
import { addNoun, addVerb, type Context, type Verb } from './verb.ts'

const ACCOUNTS: readonly Column<Account>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'NAME', value: ({ name }) => name },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'CELL', value: ({ settings }) => settings?.cell },
  { title: 'LIMITS', value: ({ settings }) => toLimits(settings) },
  { title: 'CREATED', value: ({ create_time }) => toMoment(create_time) },
]

const KEYS: readonly Column<ApiKey>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'NAME', value: ({ name }) => name },
  { title: 'ROLE', value: ({ role }) => role },
  { title: 'CREATED', value: ({ create_time }) => toMoment(create_time) },
  { title: 'EXPIRES', value: ({ expire_time }) => toMoment(expire_time) },
  { title: 'LAST USED', value: ({ last_used_time }) => toMoment(last_used_time) },
]

interface WaitFlags {
  readonly wait: boolean
}

interface DescriptionFlags extends WaitFlags {
  readonly name?: string
  readonly label?: Readonly<Record<string, string>>
  readonly metadata?: Readonly<Record<string, string>>
}

interface LimitFlags extends WaitFlags {
  readonly type?: string
  readonly resources?: number
  readonly bytes?: number
  readonly resourceBytes?: number
  readonly createsPerMinute?: number
  readonly requestsPerSecond?: number
  readonly none?: boolean
}

const descriptionOptions = (): Option[] => [
  new Option('--name <name>'),
  pairsOption('label', 'again for more'),
  pairsOption('metadata', 'never interpreted; again for more'),
  noWaitForObjectOption(),
]

export function addAccountsNoun(program: Command): void {
  const noun = addNoun(program, 'accounts', 'owners of resources (operator)')

  addVerb<{ readonly deleted?: boolean; readonly search?: string; readonly limit?: number }>(noun, {
    usage: 'list',
    summary: 'list accounts, oldest first',
    options: [
      new Option('--deleted', 'those that can be restored'),
      new Option('--search <text>', 'part of a name, or an identifier'),
      limitOption(),
    ],
    examples: ['accounts list', 'accounts list --search acme --json'],
    run: async ({ client, out, flags: { deleted, search, limit } }) => {
      await out.list(client.accounts.list(given({ deleted, q: search })), ACCOUNTS, limit)
    },
  })

  addVerb<DescriptionFlags>(noun, {
    usage: 'create',
    summary: 'create an account; then a key for it: biplane keys create',
    options: descriptionOptions(),
    examples: ['accounts create --name Acme'],
    run: async (context) => {
      const { client, out, flags } = context
      await out.one(await client.accounts.create(toDescription(flags), waiting(context)))
    },
  })

  addVerb(noun, {
    usage: 'get <id>',
    summary: 'show an account, also a deleted one',
    examples: ['accounts get account-...'],
    run: async ({ client, out, args: [id = ''] }) => out.one(await client.accounts.get(id)),
  })

  addVerb<DescriptionFlags>(noun, {
    usage: 'update <id>',
    summary: 'change name, labels, metadata; each as a whole',
    options: descriptionOptions(),
    examples: ["accounts update account-... --name 'Acme Inc'"],
    run: async (context) => {
      const {
        client,
        out,
        flags,
        args: [id = ''],
      } = context
      await out.one(await client.accounts.update(id, toDescription(flags), waiting(context)))
    },
  })

  addChange<LimitFlags>(noun, {
    usage: 'limit <id>',
    summary: 'set what it may have of a type; what is not said stays',
    options: [
      new Option('--type <name>', 'resource type'),
      new Option('--resources <number>', 'resources that are not deleted').argParser(parseNumber),
      new Option('--bytes <size>', 'of all of them together').argParser(parseBytes),
      new Option('--resource-bytes <size>', 'of each').argParser(parseBytes),
      new Option('--creates-per-minute <number>').argParser(parseNumber),
      new Option('--requests-per-second <number>', 'control plane requests, whatever the type').argParser(parseNumber),
      new Option('--none', 'no limits of this type'),
    ],
    examples: [
      'accounts limit account-... --type wiki --resources 100 --bytes 10G',
      'accounts limit account-... --type wiki --none',
    ],
    async change(context, id) {
      const { client, flags } = context
      const { etag, settings } = await client.accounts.get(id)
      // Settings are replaced as a whole: nobody may have changed them in between.
      return client.accounts.update(
        id,
        { settings: toSettings(settings ?? {}, flags) },
        { ...waiting(context), ifMatch: etag },
      )
    },
  })

  addChange<WaitFlags & { readonly cell?: string; readonly anywhere?: boolean }>(noun, {
    usage: 'place <id>',
    summary: 'say in which cell its new resources live; those that it has stay',
    options: [
      new Option('--cell <code>', 'cell of the deployment').conflicts('anywhere'),
      new Option('--anywhere', 'where their type says, or near whoever creates them'),
    ],
    examples: ['accounts place account-... --cell weur', 'accounts place account-... --anywhere'],
    async change(context, id) {
      const {
        client,
        flags: { cell, anywhere },
      } = context
      if (cell === undefined && anywhere !== true)
        throw new EngineError('in which cell?', 'no option says so', 'Add --cell CODE, or --anywhere.', 2)
      const { etag, settings: { cell: _before, ...others } = {} } = await client.accounts.get(id)
      return client.accounts.update(
        id,
        { settings: { ...others, ...given({ cell }) } },
        { ...waiting(context), ifMatch: etag },
      )
    },
  })

  for (const [verb, mode, summary] of [
    ['suspend', 'suspended', 'refuse its keys, and all requests for its resources'],
    ['resume', 'active', 'let it go on'],
  ] as const) {
    addChange(noun, {
      usage: `${verb} <id>`,
      summary,
      examples: [`accounts ${verb} account-...`],
      change: (context, id) => context.client.accounts.update(id, { mode }, waiting(context)),
    })
  }

  addChange<WaitFlags & { readonly purge?: boolean }>(noun, {
    usage: 'delete <id>',
    summary: 'delete an account with all of its resources; it can be restored until its purge_time',
    options: [purgeOption()],
    examples: ['accounts delete account-...'],
    change: (context, id) => context.client.accounts.delete(id, { ...waiting(context), purge: context.flags.purge }),
  })

  addChange(noun, {
    usage: 'restore <id>',
    summary: 'bring a deleted account back, with its resources',
    examples: ['accounts restore account-...'],
    change: (context, id) => context.client.accounts.restore(id, waiting(context)),
  })
}

export function addKeysNoun(program: Command): void {
  const noun = addNoun(program, 'keys', 'API keys of an account')

  addVerb<{ readonly name?: string; readonly role: 'member'; readonly expiresIn?: number }>(noun, {
    usage: 'create <account>',
    summary: 'create a key; it is shown this once',
    options: [
      new Option('--name <name>', 'who or what uses it'),
      new Option('--role <role>', 'what it may do').choices(['read', 'member', 'admin']).default('member'),
      new Option('--expires-in <duration>', 'such as 90d (default: it does not)').argParser(parseDuration),
    ],
    examples: ['keys create account-... --name deploy --role member --expires-in 90d'],
    run: async ({ client, out, flags: { name, role, expiresIn }, args: [account = ''] }) =>
      out.one(await client.keys(account).create(given({ name, role, expires_in: expiresIn }))),
  })

  addVerb(noun, {
    usage: 'list <account>',
    summary: 'list keys, without their secrets',
    examples: ['keys list account-...'],
    run: async ({ client, out, args: [account = ''] }) => {
      await out.table(await client.keys(account).list(), KEYS)
    },
  })

  addVerb(noun, {
    usage: 'revoke <account> <key>',
    summary: 'revoke a key, at once',
    examples: ['keys revoke account-... 4k7t0qj9m2'],
    run: async ({ client, out, args: [account = '', key = ''] }) => out.one(await client.keys(account).revoke(key)),
  })
}

/** A change that reaches all of an account's resources: shown at its end. */
function addChange<F extends WaitFlags = WaitFlags>(
  noun: Command,
  {
    change,
    ...verb
  }: Omit<Verb<F>, 'run'> & { readonly change: (context: Context<F>, id: string) => Promise<Account> },
): void {
  addVerb<F>(noun, {
    ...verb,
    options: [...(verb.options ?? []), noWaitOption()],
    async run(context) {
      const account = await change(context, context.args[0] ?? '')
      await (account.operation === undefined ? context.out.one(account) : follow(context, account.operation))
    },
  })
}

/** @throws EngineError when it is not said what to set */
function toSettings(settings: AccountSettings, flags: LimitFlags): AccountSettings {
  const { type, none, requestsPerSecond, resources, bytes, resourceBytes, createsPerMinute } = flags
  const changes: AccountLimits = given({
    resources,
    bytes,
    resource_bytes: resourceBytes,
    creates_per_minute: createsPerMinute,
  })
  const isOfType = none === true || Object.keys(changes).length > 0
  if (isOfType && type === undefined)
    throw new EngineError('of which type?', 'these limits are of one resource type', 'Add --type NAME.', 2)
  if (!isOfType && requestsPerSecond === undefined)
    throw new EngineError('there is nothing to set', 'no option says what', 'See: biplane accounts limit --help', 2)
  const { [type ?? '']: before, ...others } = settings.limits ?? {}
  const limits = type === undefined ? others : none === true ? others : { ...others, [type]: { ...before, ...changes } }
  return { ...settings, limits, ...given({ requests_per_second: requestsPerSecond }) }
}

function toDescription({ name, label, metadata }: DescriptionFlags) {
  return given({ name, labels: label, metadata })
}

/** `wiki: resources=100 bytes=1024` */
function toLimits({ limits = {} }: AccountSettings = {}): string | undefined {
  const texts = Object.entries(limits).map(
    ([type, limit]) =>
      `${type}: ${Object.entries(limit)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join(' ')}`,
  )
  return texts.length === 0 ? undefined : texts.join('; ')
}
