// defineResourceType(): the one thing a builder writes. A declaration is data plus one class; both planes, the routes, the
// configuration of every engine and the documentation follow from it.

import type { ZodType } from 'zod'
import { DeclarationError, checkTypeOptions } from './declaration.ts'
import { CAPABILITIES, type Capability } from './identity/capabilities.ts'
import { CELL_CODE } from './identity/cell.ts'
import { RESERVED_NAMES, TYPE_NAME } from './identity/resource-id.ts'
import { single, type ShardPolicy } from './identity/shard.ts'
import type { Permission } from './identity/token.ts'
import type { ResourceLimits, Visibility } from './wire/descriptor.ts'
import type { ResourceError } from './wire/errors.ts'
import type { Caller, CreateRequest } from './wire/planes.ts'
import type { CredentialKind } from './wire/principal.ts'

/** The data plane class of a type: a subclass of `ResourceObject`. Structural here, so that this file needs no plane. */
export type ResourceObjectClass = new (ctx: DurableObjectState, env: never) => DurableObject

/** A static file of the type, the same for all its resources, served at `/assets/{path}` and immutable. */
export interface Asset {
  readonly body: ArrayBuffer | Uint8Array
  readonly contentType: string
  /** When `body` is compressed already. */
  readonly contentEncoding?: 'gzip'
}

/** What a request on the resource's own paths needs. The first match decides; without one: read for GET, HEAD, OPTIONS, else write. */
export interface TypeRoute {
  readonly method: string
  /** Exact path below the resource, or a prefix that ends in `/*`. */
  readonly path: string
  readonly permission: Permission
  readonly summary?: string
}

/** The web console as files: made by the console's own build, served by the edge at `/`, ignorant of each other. */
export interface ConsoleFiles {
  /** The page at `/`. */
  readonly page: Asset
  /** Path below `/assets/` -> file. */
  readonly assets: Readonly<Record<string, Asset>>
}

/** The parameters are what a typed client knows of a type: its names, and the schemas of `params` and `settings`. */
export interface ResourceTypeOptions<
  Name extends string = string,
  Plural extends string = string,
  Params extends ZodType = ZodType,
  Settings extends ZodType = ZodType,
> {
  /** First part of every identifier: `[a-z][a-z0-9]{1,11}`. */
  readonly name: Name
  /** Path segment of the API and of the content. Default: name + `s`. */
  readonly plural?: Plural
  readonly object: ResourceObjectClass
  /** What new identifiers show: random characters only (default), or a slug of the name before them. */
  readonly identifiers?: 'random' | 'slug'
  /**
   * Who names a resource. `server` (default): its identifier is new every time, and its name, if it has one, is for people. `caller`: account
   * and name are its address, `/{plural}/by-name/{account}/{name}/`, beside the identifier, which follows from them. Such a name is
   * required, never changes, and comes back with the next resource that is called so, once the one before is purged; it cannot be given
   * to another account, and lives in its account's own cell. For ever, like the type's name. See docs/addressing.md.
   */
  readonly naming?: 'server' | 'caller'
  /**
   * Who names its object. `name` (default): the identifier does. `unique`: the platform (`newUniqueId`), which makes the first touch of an
   * object cheaper on Cloudflare. A creation then needs the data plane at once. Such a resource **has no origin of its own** (a browser
   * sees it in a sandbox; links are path capabilities, where the deployment allows them), **cannot be moved to another cell, and is in
   * no archive**: its identifier means nothing to another engine. See docs/addressing.md.
   */
  readonly addressing?: 'name' | 'unique'
  /** Default: `single()`. */
  readonly shards?: ShardPolicy
  /**
   * Cell of new resources, where neither the request nor the account names one; one with a jurisdiction keeps a type's content in it.
   * Default: the one nearest to whoever creates them.
   */
  readonly cell?: string
  /** Schema of `params` at creation, at most 64 KiB of JSON; handed to the object's `onCreate`. */
  readonly params?: Params
  /** A further restriction of `metadata` (always strings). */
  readonly metadata?: ZodType
  /** Schema of `settings`, which owners may change and the object reads from its descriptor. Default: a type has none. */
  readonly settings?: Settings
  /** What owners may choose; the first is the default. Default: private only. */
  readonly visibility?: readonly [Visibility, ...Visibility[]]
  readonly limits?: Partial<TypeLimits>
  /** Resources that are deleted by themselves. Default: none are. */
  readonly lifetime?: TypeLifetime
  /** Path below `/assets/` -> file. Put a hash of the content into the path. */
  readonly assets?: Readonly<Record<string, Asset>>
  /** How callers may carry a token. Default: bearer and the own origin's cookie; bearer alone where there is no own origin. */
  readonly credentials?: readonly Exclude<CredentialKind, 'none' | 'capability'>[]
  readonly routes?: readonly TypeRoute[]
  /** What its resources cannot be without: an engine, or a cell, that does not have it is refused. Default: nothing. */
  readonly requires?: readonly Capability[]
  readonly hooks?: ResourceTypeHooks
}

export interface TypeLifetime {
  /** After its creation, unless the resource has an `expire_time` of its own. */
  readonly seconds?: number
  /** After its last write. */
  readonly idleSeconds?: number
}

export interface TypeLimits extends ResourceLimits {
  /** Largest request body that the edge lets through (413). */
  readonly bodyBytes: number
}

export interface ResourceTypeHooks {
  /** Looks at a creation before its intent is recorded; may change it, or refuse it by throwing a ResourceError. */
  beforeCreate?(request: CreateRequest, caller: Caller): CreateRequest | Promise<CreateRequest>
  /** The edge's own refusal of a request for content, in the words of the type's protocol; undefined = a problem document. */
  toRefusal?(error: ResourceError, request: Request, requestId: string): Response | undefined
}

/** A declaration with every default filled in. */
export interface ResourceType<
  Name extends string = string,
  Plural extends string = string,
  Params extends ZodType = ZodType,
  Settings extends ZodType = ZodType,
> extends Required<Omit<ResourceTypeOptions<Name, Plural>, 'params' | 'metadata' | 'settings' | 'limits' | 'cell'>> {
  readonly cell?: string
  readonly params?: Params
  readonly metadata?: ZodType
  readonly settings?: Settings
  readonly limits: TypeLimits
}

/** Paths below `/v1/` that are the deployment's own. */
const RESERVED_PLURALS: ReadonlySet<string> = new Set([
  'session',
  'operations',
  'usage',
  'audit',
  'events',
  'types',
  'capabilities',
  'cells',
  'openapi',
  'reference',
])

/** 1 GiB of storage is far below the engine's 10 GB; 16 MiB is a body that an object can hold in memory many times over. */
const DEFAULT_LIMITS: TypeLimits = { bytes: 1024 ** 3, bodyBytes: 16 * 1024 ** 2 }

/**
 * Declares a resource type.
 *
 * @throws DeclarationError (a TypeError) for a member or value that there is not, a name that breaks the syntax or is reserved, and what
 * contradicts itself
 * @example
 * export const counter = defineResourceType({ name: 'counter', object: Counter })
 */
export function defineResourceType<
  const Name extends string,
  const Plural extends string = `${Name}s`,
  Params extends ZodType = never,
  Settings extends ZodType = never,
>(options: ResourceTypeOptions<Name, Plural, Params, Settings>): ResourceType<Name, Plural, Params, Settings> {
  checkTypeOptions(options)
  const plural = options.plural ?? (`${options.name}s` as Plural)
  for (const [what, name] of [
    ['name', options.name],
    ['plural', plural],
  ] as const) {
    if (!TYPE_NAME.test(name)) throw new DeclarationError(`the ${what} "${name}" must match ${TYPE_NAME.source}`)
    if (RESERVED_NAMES.has(name) || (what === 'plural' && RESERVED_PLURALS.has(name)))
      throw new DeclarationError(`the ${what} "${name}" is reserved`)
  }
  if (options.cell !== undefined && !CELL_CODE.test(options.cell))
    throw new DeclarationError(
      `the type ${options.name}: "${options.cell}" is no cell code: it must match ${CELL_CODE.source}`,
    )
  for (const required of options.requires ?? []) {
    if (!CAPABILITIES.includes(required))
      throw new DeclarationError(
        `"${required}" is nothing that a type can require: choose of ${CAPABILITIES.join(', ')}`,
      )
  }
  requireAddressable(options)
  const credentials = options.addressing === 'unique' ? (['bearer'] as const) : (['bearer', 'cookie'] as const)
  return {
    identifiers: 'random',
    naming: 'server',
    addressing: 'name',
    shards: single(),
    visibility: ['private'],
    assets: {},
    credentials,
    routes: [],
    requires: [],
    hooks: {},
    lifetime: {},
    ...options,
    plural,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
  }
}

/** @throws DeclarationError for what contradicts itself */
function requireAddressable({ name, naming, addressing, identifiers, credentials, cell }: ResourceTypeOptions): void {
  const contradictions = [
    [
      naming === 'caller' && addressing === 'unique',
      "naming: 'caller' and addressing: 'unique'",
      'an object has one name giver',
    ],
    [
      naming === 'caller' && identifiers === 'slug',
      "naming: 'caller' and identifiers: 'slug'",
      'its label follows from all of the name',
    ],
    [
      naming === 'caller' && cell !== undefined,
      "naming: 'caller' and a cell",
      "its names lead to its account's own cell",
    ],
    [
      addressing === 'unique' && identifiers === 'slug',
      "addressing: 'unique' and identifiers: 'slug'",
      'the platform makes its label',
    ],
    [
      addressing === 'unique' && credentials?.includes('cookie') === true,
      "addressing: 'unique' and credentials with 'cookie'",
      'cookies belong to an own origin, which it has not',
    ],
  ] as const
  const found = contradictions.find(([isWrong]) => isWrong)
  if (found !== undefined) throw new DeclarationError(`the type "${name}" cannot have ${found[1]}: ${found[2]}`)
}
