// What the client knows of an app, at compile time only: its types' names, and the schemas of their params and settings.

import type { input, output } from 'zod'
import type { ResourceType } from '../resource-type.ts'
import type { Visibility } from '../wire/descriptor.ts'
import type { ResourceJson, ResourceState } from '../wire/resource.ts'

/** Whatever `createApp()` returns. */
export interface AnyApp {
  readonly '~types'?: readonly ResourceType[]
}

/** The union of an app's resource types. */
export type TypesOf<A extends AnyApp> = NonNullable<A['~types']>[number]

/** A type's plural where it is known; a declaration of which only `string` is known has no member in the client. */
export type PluralOf<T extends ResourceType> = string extends T['plural'] ? never : T['plural']

type ParamsOf<T extends ResourceType> = input<NonNullable<T['params']>>

/** A resource as the API shows it. */
export type Resource<T extends ResourceType = ResourceType> = Omit<ResourceJson, 'type' | 'settings'> & {
  readonly type: T['name']
  /** The type's own; absent where it has none. */
  readonly settings?: output<NonNullable<T['settings']>>
  /** Of a changed account: the work over all of its resources. */
  readonly operation?: string
}

interface Shared<T extends ResourceType> {
  /** One of those that the type offers. */
  readonly visibility?: Visibility | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
  readonly allowed_origins?: readonly string[] | undefined
  readonly settings?: input<NonNullable<T['settings']>> | undefined
  readonly delete_protection?: boolean | undefined
  /** RFC 3339: when it is deleted by itself; null: never, whatever the type says. */
  readonly expire_time?: string | null | undefined
}

/** The body of a creation. */
export interface Creation<T extends ResourceType = ResourceType> extends Shared<T> {
  readonly name?: string | undefined
  /** Default: the cell that answers. */
  readonly cell?: string | undefined
  readonly params?: ParamsOf<T> | undefined
}

/** The body of a change: what is not in it stays as it is. */
export interface Changes<T extends ResourceType = ResourceType> extends Shared<T> {
  readonly name?: string | null | undefined
  readonly mode?: 'active' | 'read_only' | 'suspended' | undefined
  readonly hosts?: readonly string[] | undefined
}

/** What a list or a count is narrowed by; every member narrows. */
export interface Filter {
  /** Those that were deleted and can be restored, instead of those that are there. */
  readonly deleted?: boolean | undefined
  /** Part of a name, or an identifier. */
  readonly q?: string | undefined
  readonly state?: Exclude<ResourceState, 'deleting' | 'deleted'> | undefined
  readonly cell?: string | undefined
  readonly label?: `${string}:${string}` | undefined
  readonly name_prefix?: string | undefined
  /** Inclusive. */
  readonly created_from?: Date | string | undefined
  /** Exclusive. */
  readonly created_before?: Date | string | undefined
}

export interface ListQuery extends Filter {
  /** Of one page: 1 to 200, default 50. Iterating reads on to the end. */
  readonly limit?: number | undefined
  /** Of creation; default: ascending. */
  readonly order?: 'ascending' | 'descending' | undefined
  readonly cursor?: string | undefined
}
