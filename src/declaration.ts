// What a builder may declare, held to when it runs: bundlers do not look at types, and a misspelt word would silently mean its default,
// some of which are for ever.

import { z } from 'zod'
import { BUCKETS } from './identity/shard.ts'
import { PERMISSIONS } from './identity/token.ts'

/** A mistake in what a builder has written. Known by its name: the engine's side loads the application as a copy of its own. */
export class DeclarationError extends TypeError {
  override readonly name = 'DeclarationError'
}

const callable = z.custom((value) => typeof value === 'function', 'expected a function or a class')
const schema = z.custom(
  (value) => typeof (value as { readonly safeParse?: unknown } | null)?.safeParse === 'function',
  'expected a schema of Zod',
)
const positive = z.int().positive()

const shardPolicy = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('single') }),
  z.strictObject({ kind: z.literal('by_account') }),
  z.strictObject({ kind: z.literal('by_region') }),
  z.strictObject({ kind: z.literal('hashed'), shards: z.int().min(1).max(BUCKETS) }),
])

const typeOptions = z.strictObject({
  name: z.string(),
  plural: z.string().optional(),
  object: callable,
  identifiers: z.enum(['random', 'slug']).optional(),
  naming: z.enum(['server', 'caller']).optional(),
  addressing: z.enum(['name', 'unique']).optional(),
  shards: shardPolicy.optional(),
  cell: z.string().optional(),
  params: schema.optional(),
  metadata: schema.optional(),
  settings: schema.optional(),
  visibility: z
    .array(z.enum(['private', 'public-read', 'public']))
    .min(1)
    .optional(),
  limits: z.strictObject({ bytes: positive.optional(), bodyBytes: positive.optional() }).optional(),
  lifetime: z
    .strictObject({ seconds: z.number().positive().optional(), idleSeconds: z.number().positive().optional() })
    .optional(),
  assets: z.record(z.string(), z.looseObject({ contentType: z.string() })).optional(),
  credentials: z.array(z.enum(['bearer', 'cookie', 'basic', 'query'])).optional(),
  routes: z
    .array(
      z.strictObject({
        method: z.string(),
        path: z.string().startsWith('/'),
        permission: z.enum(PERMISSIONS),
        summary: z.string().optional(),
      }),
    )
    .optional(),
  requires: z.array(z.string()).optional(),
  hooks: z.strictObject({ beforeCreate: callable.optional(), toRefusal: callable.optional() }).optional(),
})

const appOptions = z.strictObject({
  types: z.array(z.looseObject({ name: z.string(), plural: z.string(), limits: z.looseObject({}) })).min(1),
  cells: z.record(z.string(), z.unknown()).optional(),
  console: z.looseObject({}).optional(),
  authenticate: callable.optional(),
  authorize: callable.optional(),
})

/** @throws DeclarationError naming the member, and what it may be */
export function checkTypeOptions(options: unknown): void {
  check(typeOptions, options, `the type "${String((options as { readonly name?: unknown } | undefined)?.name)}"`)
}

/** @throws DeclarationError naming the member, and what it may be */
export function checkAppOptions(options: unknown): void {
  check(appOptions, options, 'createApp()')
}

function check(shape: z.ZodType, options: unknown, what: string): void {
  const { error } = shape.safeParse(options)
  if (error === undefined) return
  const reasons = error.issues.map(({ path, message }) => `${path.length === 0 ? '' : `${path.join('.')}: `}${message}`)
  throw new DeclarationError(`${what}: ${reasons.join('; ')}`)
}
