// The shapes of the control plane's requests, as schemas: validation now, OpenAPI and the typed client from the same source.

import * as z from 'zod'
import type { ZodType } from 'zod'
import { isAddressable } from '../identity/caller-name.ts'
import { CELL_CODE } from '../identity/cell.ts'
import { MAX_TEXT_LENGTH } from '../identity/resource-id.ts'
import { MAX_TOKEN_SECONDS } from '../wire/deployment.ts'
import type { ResourceType } from '../resource-type.ts'
import { flag, hostName, hostNames, labels, metadata, nameText, origins, searchText, timeText } from './members.ts'
import { pascalCase } from './names.ts'

/** Kept in the catalog row until the object has them; anything bigger goes through the data plane. */
export const MAX_PARAMS_BYTES: number = 64 * 1024
/** A thousand resources with a name, labels and some params each. */
export const MAX_BULK_BODY_BYTES: number = 4 * 1024 ** 2
export const MAX_BULK_RESOURCES = 1_000
/** A control plane request never needs more: params, 50 labels and 50 metadata entries with room to spare. */
export const MAX_CONTROL_BODY_BYTES: number = 256 * 1024
export const MAX_PAGE_SIZE = 200
const DEFAULT_PAGE_SIZE = 50

/** What list and count narrow by. */
export interface FilterQuery {
  readonly deleted: boolean
  /** Part of a name, or an identifier. */
  readonly q?: string | undefined
  readonly state?: 'creating' | 'active' | 'read_only' | 'suspended' | undefined
  readonly cell?: string | undefined
  /** `key:value` */
  readonly label?: readonly [key: string, value: string] | undefined
  readonly name_prefix?: string | undefined
  readonly created_from?: number | undefined
  readonly created_before?: number | undefined
}

const filter = {
  deleted: flag.describe('Deleted ones that can be restored, instead of those that are there'),
  q: searchText.optional().describe('Part of a name, or an identifier'),
  state: z.enum(['creating', 'active', 'read_only', 'suspended']).optional().describe('Where in its life'),
  cell: z.string().regex(CELL_CODE, 'must be a cell code such as local').optional().describe('Where its object lives'),
  label: z
    .string()
    .regex(/^[^:]{1,40}:[\s\S]{0,500}$/, 'must be key:value')
    .transform((text): [string, string] => [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)])
    .optional()
    .describe('Has this label, `key:value`'),
  name_prefix: searchText.optional().describe('Beginning of a name, whatever its case'),
  created_from: timeText.optional().describe('RFC 3339, inclusive'),
  created_before: timeText.optional().describe('RFC 3339, exclusive'),
}

export const countQuery: ZodType<FilterQuery> = z.strictObject(filter)

/** Every list has these. */
export interface PageQuery {
  readonly limit: number
  readonly cursor?: string | undefined
}

const page = {
  limit: z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .default(`${DEFAULT_PAGE_SIZE}`)
    .transform((text) => Math.min(Math.max(Number(text), 1), MAX_PAGE_SIZE))
    .describe(`1 to ${MAX_PAGE_SIZE}; more counts as ${MAX_PAGE_SIZE}`),
  cursor: z.string().max(2_000).optional().describe('`next_cursor` of the page before'),
}

export const pageQuery: ZodType<PageQuery> = z.strictObject(page)

export interface ExportQuery extends PageQuery {
  readonly resource?: string | undefined
}

export const exportQuery: ZodType<ExportQuery> = z.strictObject({
  ...page,
  resource: z.string().max(MAX_TEXT_LENGTH).optional().describe('One resource alone'),
})

export interface ListQuery extends FilterQuery, PageQuery {
  readonly order: 'ascending' | 'descending'
}

export const listQuery: ZodType<ListQuery> = z.strictObject({
  ...page,
  order: z.enum(['ascending', 'descending']).default('ascending').describe('Of creation'),
  ...filter,
})

export interface UsageQuery extends PageQuery {
  readonly from?: number | undefined
  readonly until?: number | undefined
  readonly resource?: string | undefined
}

export const usageQuery: ZodType<UsageQuery> = z.strictObject({
  ...page,
  from: timeText
    .optional()
    .describe('RFC 3339; counted from the beginning of its UTC day. Default: 30 days before `until`'),
  until: timeText.optional().describe('RFC 3339; default: now'),
  resource: z.string().max(MAX_TEXT_LENGTH).optional().describe('One resource alone'),
})

export const deleteQuery: ZodType<{ readonly purge: boolean }> = z.strictObject({
  purge: flag.describe('Without a time in which it can be restored; of a deleted one: that time ends now'),
})

/** Of a route that asks nothing more. */
export const noQuery: ZodType<object> = z.strictObject({})

export const noBody: ZodType<undefined> = z.undefined('this request has no body')

/** Of a POST that has nothing to say: no body, or an empty one. */
export const emptyBody: ZodType<object> = z.strictObject({})

export interface CreateBody {
  readonly name?: string | undefined
  readonly cell?: string | undefined
  readonly visibility?: string | undefined
  readonly params?: unknown
  readonly labels?: Record<string, string> | undefined
  readonly metadata?: Record<string, string> | undefined
  readonly allowed_origins?: string[] | undefined
  readonly settings?: Record<string, unknown> | undefined
  readonly delete_protection?: boolean | undefined
  /** Milliseconds since 1970; null = never. */
  readonly expire_time?: number | null | undefined
}

export function createBody(type: ResourceType): ZodType<CreateBody> {
  const body = z.strictObject({
    name: type.naming === 'caller' ? addressText : nameText.optional(),
    cell: z
      .string()
      .optional()
      .describe(`Where its object will live. Default: ${defaultCellOf(type)}`),
    visibility: visibilityOf(type, `. Default: ${type.visibility[0]}`).optional(),
    params: (type.params ?? noneOf(type, 'params'))
      .optional()
      .refine(isSmall, `must be ${MAX_PARAMS_BYTES} bytes of JSON at most`)
      .describe(`What a new ${type.name} begins with`),
    labels: labels.optional(),
    metadata: metadataOf(type).optional(),
    allowed_origins: origins.optional(),
    ...lifetimeMembers(type),
  })
  return body.meta({ id: `Create${pascalCase(type.name)}` }) as ZodType<CreateBody>
}

/** Of a type whose resources are reached by it. */
const addressText: ZodType<string> = nameText
  .refine(
    isAddressable,
    'must be able to stand in a path: neither . nor .., and no characters that Unicode has yet to assign',
  )
  .describe('By which it is reached, whatever its case, for ever; 1 to 100 characters')

function defaultCellOf(type: ResourceType): string {
  return type.naming === 'caller'
    ? "its account's own, and there is no other"
    : 'as the account or the type says, else near the request'
}

function visibilityOf(type: ResourceType, more = ''): z.ZodEnum {
  return z.enum(type.visibility).describe(`Who may see it without a token${more}`)
}

/** For a member that another type has. It never shows in documentation. */
function noneOf(type: ResourceType, member: string): ZodType {
  return z.never(`the type ${type.name} has no ${member}`)
}

/** What creation and change have in common beyond the catalog's own. */
function lifetimeMembers(type: ResourceType): Readonly<Record<string, ZodType>> {
  return {
    settings: (type.settings ?? noneOf(type, 'settings')).optional().describe("The type's own settings"),
    delete_protection: z.boolean().optional().describe('While true, it cannot be deleted'),
    expire_time: timeText.nullable().optional().describe('RFC 3339: when it is deleted by itself; null: never'),
  }
}

export interface BulkBody {
  readonly resources: readonly CreateBody[]
}

export function bulkBody(type: ResourceType): ZodType<BulkBody> {
  const body = z.strictObject({ resources: z.array(createBody(type)).min(1).max(MAX_BULK_RESOURCES) })
  return body.meta({ id: `Create${pascalCase(type.plural)}` })
}

export const transferBody: ZodType<{ readonly account: string }> = z
  .strictObject({ account: z.string().min(1).max(100).describe('Whose it will be') })
  .meta({ id: 'Transfer' })

export const moveBody: ZodType<{ readonly cell: string }> = z
  .strictObject({
    cell: z.string().regex(CELL_CODE, 'must be a cell code such as local').describe('Where it will live'),
  })
  .meta({ id: 'Move' })

export interface UpdateBody {
  readonly name?: string | null | undefined
  readonly visibility?: string | undefined
  readonly mode?: 'active' | 'read_only' | 'suspended' | undefined
  readonly labels?: Record<string, string> | undefined
  readonly metadata?: Record<string, string> | undefined
  readonly allowed_origins?: string[] | undefined
  readonly hosts?: string[] | undefined
  readonly settings?: Record<string, unknown> | undefined
  readonly delete_protection?: boolean | undefined
  readonly expire_time?: number | null | undefined
}

export function updateBody(type: ResourceType): ZodType<UpdateBody> {
  return z
    .strictObject({
      name: nameText.nullable().optional().describe(newNameOf(type)),
      visibility: visibilityOf(type).optional(),
      mode: z
        .enum(['active', 'read_only', 'suspended'])
        .optional()
        .describe('`read_only` refuses changes of the content, `suspended` everything'),
      labels: labels.optional(),
      metadata: metadataOf(type).optional(),
      allowed_origins: origins.optional(),
      hosts: hostNames.optional(),
      ...lifetimeMembers(type),
    })
    .refine((changes) => Object.keys(changes).length > 0, 'must name at least one change')
    .meta({ id: `Update${pascalCase(type.name)}` }) as ZodType<UpdateBody>
}

function newNameOf(type: ResourceType): string {
  return type.naming === 'caller' ? 'The same in another spelling' : '1 to 100 characters; null: none'
}

export interface RestoreBody {
  readonly name?: string | undefined
}

export const restoreBody: ZodType<RestoreBody> = z
  .strictObject({ name: nameText.optional().describe('Instead of the one that it had, which may be taken meanwhile') })
  .meta({ id: 'Restore' })

export interface TokenBody {
  readonly permission: 'read' | 'write' | 'admin'
  readonly expires_in: number
  /** One of the resource's own host names, instead of its own origin. */
  readonly host?: string | undefined
}

export const tokenBody: ZodType<TokenBody> = grantBody('TokenRequest', 3_600)

/** Long enough for a link in an invitation: a week. */
export const linkBody: ZodType<TokenBody> = grantBody('LinkRequest', 7 * 24 * 3_600)

function grantBody(id: string, defaultSeconds: number): ZodType<TokenBody> {
  return z
    .strictObject({
      permission: z.enum(['read', 'write', 'admin']).default('read').describe('On the content'),
      expires_in: z.int().min(1).max(MAX_TOKEN_SECONDS).default(defaultSeconds).describe('Seconds'),
      host: hostName.optional().describe("One of the resource's `hosts`, instead of its own origin"),
    })
    .meta({ id })
}

function metadataOf(type: ResourceType): ZodType {
  const restriction = type.metadata
  return restriction === undefined ? metadata : metadata.pipe(restriction as ZodType<unknown, Record<string, string>>)
}

function isSmall(params: unknown): boolean {
  return params === undefined || new TextEncoder().encode(JSON.stringify(params)).length <= MAX_PARAMS_BYTES
}
