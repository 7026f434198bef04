// biplane resources: what people do with resources of any type. The type is in the identifier; where there is none it is --type, or the
// only one that the server has.

import { Option, type Command } from 'commander'
import type { Creation, Filter, Resource, Resources } from '../client/index.ts'
import { EngineError } from '../engine/engine-error.ts'
import { parseResourceId } from '../identity/resource-id.ts'
import { toMoment, toSize } from './output.ts'
import { follow, waiting } from './progress.ts'
import type { Column } from './table.ts'
import {
  given,
  jsonOption,
  limitOption,
  noWaitOption,
  pairsOption,
  parseLabel,
  readObjects,
  timeOption,
} from './values.ts'
import { addNoun, addVerb, type Context, type Verb } from './verb.ts'

export interface TypeFlags {
  readonly type?: string
}

interface FilterFlags extends TypeFlags {
  readonly deleted?: boolean
  readonly search?: string
  readonly state?: 'active'
  readonly cell?: string
  readonly label?: `${string}:${string}`
  readonly prefix?: string
  readonly from?: string
  readonly before?: string
}

export interface WriteFlags extends TypeFlags {
  readonly name?: string
  readonly visibility?: 'private'
  readonly label?: Readonly<Record<string, string>>
  readonly metadata?: Readonly<Record<string, string>>
  readonly settings?: unknown
  readonly deleteProtection?: boolean
  readonly expireTime?: string
  readonly ifMatch?: string
}

const MAX_PAGE = 200

const COLUMNS: readonly Column<Resource>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'NAME', value: ({ name }) => name },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'SIZE', value: ({ usage }) => toSize(usage?.bytes), align: 'right' },
  { title: 'CELL', value: ({ cell }) => cell },
  { title: 'CREATED', value: ({ create_time }) => toMoment(create_time) },
]

/** What creation and change have in common. */
type Written = Pick<
  Creation,
  'name' | 'visibility' | 'labels' | 'metadata' | 'settings' | 'delete_protection' | 'expire_time'
>

/** Of the operator's list over all of them. */
const ACCOUNT: Column<Resource> = { title: 'ACCOUNT', value: ({ account }) => account }

export const typeOption = (): Option =>
  new Option('--type <name>', 'resource type (default: as the identifier says, or the only one)')

const filterOptions = (): Option[] => [
  typeOption(),
  new Option('--deleted', 'those that can be restored, instead of those that are there'),
  new Option('--search <text>', 'part of a name, or an identifier'),
  new Option('--state <state>').choices(['creating', 'active', 'read_only', 'suspended']),
  new Option('--cell <code>'),
  new Option('--label <key=value>', 'with this label; key:value, as the API writes it, will do').argParser(parseLabel),
  new Option('--prefix <text>', 'beginning of a name'),
  timeOption('from', 'created then or later'),
  timeOption('before', 'created earlier'),
]

export const writeOptions = (): Option[] => [
  typeOption(),
  new Option('--name <name>'),
  new Option('--visibility <who>').choices(['private', 'public-read', 'public']),
  pairsOption('label', 'to find it by: `list --label key=value`; again for more'),
  pairsOption('metadata', 'never interpreted; again for more'),
  jsonOption('settings', "the type's own"),
  new Option('--delete-protection', 'refuse its deletion'),
  timeOption('expire-time', 'when it is deleted by itself'),
]

/** @returns the noun, for verbs that have a file of their own */
export function addResourcesNoun(program: Command): Command {
  const noun = addNoun(
    program,
    'resources',
    'list, create and change resources; `biplane wikis list` is `biplane resources list --type wiki`',
  )

  addVerb<FilterFlags & { readonly limit?: number; readonly order?: 'descending' }>(noun, {
    usage: 'list',
    summary: 'list resources of a type, oldest first',
    options: [...filterOptions(), new Option('--order <order>').choices(['ascending', 'descending']), limitOption()],
    examples: ['resources list --type wiki', 'wikis list --search notes --json', 'wikis list --deleted'],
    async run(context) {
      const { limit, order } = context.flags
      const query = { ...toFilter(context.flags), limit: Math.min(limit ?? MAX_PAGE, MAX_PAGE), order }
      const columns = context.flags.account === '-' ? [ACCOUNT, ...COLUMNS] : COLUMNS
      await context.out.list((await resourcesOf(context)).list(query), columns, limit)
    },
  })

  addVerb<FilterFlags>(noun, {
    usage: 'count',
    summary: 'count resources of a type',
    options: filterOptions(),
    examples: ['resources count --type wiki --state suspended'],
    async run(context) {
      const count = await (await resourcesOf(context)).count(toFilter(context.flags))
      await context.out.one({ count })
    },
  })

  addVerb<
    WriteFlags & { readonly cell?: string; readonly params?: unknown; readonly from?: string; readonly wait: boolean }
  >(noun, {
    usage: 'create',
    summary: 'create one, or up to 1,000 from a file',
    options: [
      ...writeOptions(),
      new Option('--cell <code>', 'where it lives (default: here)'),
      jsonOption('params', "for the type's creation"),
      new Option('--from <file>', 'many at once: one JSON object a line, as the API takes them; - is stdin'),
      noWaitOption(),
    ],
    examples: ['wikis create --name Notes --label team=blue', 'resources create --type wiki --from wikis.ndjson'],
    async run(context) {
      const { from, cell, params } = context.flags
      const resources = await resourcesOf(context)
      if (from !== undefined) return follow(context, await resources.createMany(readObjects(from)))
      const creation = given({ ...toWritten(context.flags), cell, params })
      await context.out.one(await resources.create(creation, waiting(context)))
    },
  })

  addOne(noun, {
    usage: 'get <id>',
    summary: 'show one, also a deleted one',
    examples: ['resources get wiki-...'],
    call: (resources, { args: [id = ''] }) => resources.get(id),
  })
  return noun
}

/** A verb on one resource, which is then shown. */
export function addOne<F = object>(
  noun: Command,
  {
    call,
    ...verb
  }: Omit<Verb<F>, 'run'> & { readonly call: (resources: Resources, context: Context<F>) => Promise<Resource> },
): void {
  addVerb<F>(noun, {
    ...verb,
    options: [typeOption(), ...(verb.options ?? []).filter(({ long }) => long !== '--type')],
    run: async (context) => context.out.one(await call(await resourcesOf(context, context.args[0]), context)),
  })
}

/**
 * The collection that a command is about.
 *
 * @throws EngineError for a type that the server does not have, or when it is not clear which
 */
export async function resourcesOf(
  { client, flags }: Pick<Context, 'client' | 'flags'>,
  id: string = '',
): Promise<Resources> {
  const { type: asked } = flags as TypeFlags
  const { types } = await client.session()
  const name = asked ?? (id === '' ? undefined : (parseResourceId(id)?.type ?? ''))
  const [only] = types
  if (name === undefined && types.length === 1 && only !== undefined) return client.resources(only.plural)
  const type = types.find((known) => known.name === name || known.plural === name)
  if (type !== undefined) return client.resources(type.plural)
  const names = types.map((known) => known.name).join(', ')
  if (name === undefined)
    throw new EngineError('which type?', `the server has several: ${names}`, 'Add --type NAME.', 2)
  const what = asked === undefined ? `"${id}" is no identifier of a resource` : `there is no resource type "${name}"`
  throw new EngineError(what, `the server has these types: ${names}`, 'Check the spelling.', 2)
}

function toFilter({ deleted, search, state, cell, label, prefix, from, before }: FilterFlags): Filter {
  return given({
    deleted,
    q: search,
    state,
    cell,
    label,
    name_prefix: prefix,
    created_from: from,
    created_before: before,
  })
}

export function toWritten({
  name,
  visibility,
  label,
  metadata,
  settings,
  deleteProtection,
  expireTime,
}: WriteFlags): Written {
  return {
    name,
    visibility,
    labels: label,
    metadata,
    settings,
    delete_protection: deleteProtection,
    expire_time: expireTime,
  }
}
