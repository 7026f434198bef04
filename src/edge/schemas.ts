// The shapes of the control plane's requests, as schemas: validation now, OpenAPI and the typed client from the same source.

import * as z from 'zod'
import type { ZodType } from 'zod'
import { CELL_CODE } from '../identity/cell.ts'
import { MAX_TOKEN_SECONDS } from '../wire/deployment.ts'
import type { ResourceType } from '../resource-type.ts'

/** Kept in the catalog row until the object has them; anything bigger goes through the data plane. */
export const MAX_PARAMS_BYTES: number = 64 * 1024
/** A thousand resources with a name, labels and some params each. */
export const MAX_BULK_BODY_BYTES: number = 4 * 1024 ** 2
export const MAX_BULK_RESOURCES = 1_000
/** A control plane request never needs more: params, 50 labels and 50 metadata entries with room to spare. */
export const MAX_CONTROL_BODY_BYTES: number = 256 * 1024
export const MAX_PAGE_SIZE = 200
const DEFAULT_PAGE_SIZE = 50

/** Free text, 1 to 100 code points. Control characters would only ever be a mistake or an attack on a terminal. */
const name = z
  .string()
  .refine((text) => hasLength(text.normalize('NFC'), 1, 100), '1 to 100 characters')
  .refine((text) => !/[\p{Cc}\u202A-\u202E\u2066-\u2069]/u.test(text), 'no control characters')
  .refine((text) => text.isWellFormed(), 'well-formed Unicode')
  .refine((text) => text.trim() === text, 'no white space at its ends')

const strings = z
  .record(z.string().min(1).max(40), z.string().max(500))
  .refine((entries) => Object.keys(entries).length <= 50, 'at most 50 entries')

/** As browsers and proxies send it in `Host`: lower case, and other alphabets in their ASCII form. Its last label is no number: not an IP address. */
const hostName = z
  .string()
  .max(253)
  .regex(
    /^(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+(?!-)(?=[a-z0-9-]*[a-z])[a-z0-9-]{2,63}(?<!-)$/,
    'a host name such as notes.example.org',
  )

/** A handful: the object compares each, and the descriptor carries them all. */
const hostNames = z
  .array(hostName)
  .max(10)
  .refine((names) => new Set(names).size === names.length, 'each name once')

/** Exact origins only: a wildcard with credentials would open the resource to every page. */
const origins = z
  .array(
    z
      .string()
      .refine(
        (text) => /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text,
        'an origin such as https://app.example',
      ),
  )
  .max(20)

/** A flag in a query. */
const flag = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .default(false)

const searchText = z.string().refine((text) => hasLength(text.normalize('NFC'), 1, 100), '1 to 100 characters')

/** RFC 3339, as the API shows times. @returns milliseconds since 1970 */
const timeText = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .describe('RFC 3339')

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
  state: z.enum(['creating', 'active', 'read_only', 'suspended']).optional(),
  cell: z.string().regex(CELL_CODE, 'a cell code').optional(),
  label: z
    .string()
    .regex(/^[^:]{1,40}:[^]{0,500}$/, 'key:value')
    .transform((text): [string, string] => [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)])
    .optional()
    .describe('key:value'),
  name_prefix: searchText.optional().describe('Beginning of a name, whatever its case'),
  created_from: timeText.optional().describe('RFC 3339, inclusive'),
  created_before: timeText.optional().describe('RFC 3339, exclusive'),
}

export const countQuery: ZodType<FilterQuery> = z.object(filter)

/** Every list has these. */
export interface PageQuery {
  readonly limit: number
  readonly cursor?: string | undefined
}

const page = {
  limit: z
    .string()
    .regex(/^\d{1,15}$/, 'a whole number')
    .transform((text) => Math.min(Math.max(Number(text), 1), MAX_PAGE_SIZE))
    .default(DEFAULT_PAGE_SIZE)
    .describe(`1 to ${MAX_PAGE_SIZE}`),
  cursor: z.string().max(2_000).optional().describe('`next_cursor` of the page before'),
}

export const pageQuery: ZodType<PageQuery> = z.object(page)

export interface ListQuery extends FilterQuery, PageQuery {
  readonly order: 'ascending' | 'descending'
}

export const listQuery: ZodType<ListQuery> = z.object({
  ...page,
  order: z.enum(['ascending', 'descending']).default('ascending').describe('Of creation'),
  ...filter,
})

export interface UsageQuery extends PageQuery {
  readonly from?: number | undefined
  readonly until?: number | undefined
  readonly resource?: string | undefined
}

export const usageQuery: ZodType<UsageQuery> = z.object({
  ...page,
  from: timeText
    .optional()
    .describe('RFC 3339; counted from the beginning of its UTC day. Default: 30 days before `until`'),
  until: timeText.optional().describe('RFC 3339; default: now'),
  resource: z.string().max(63).optional().describe('One resource alone'),
})

export const deleteQuery: ZodType<{ readonly purge: boolean }> = z.object({ purge: flag })

export const noBody: ZodType<undefined> = z.undefined()
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
  return z.strictObject({
    name: name.optional(),
    cell: z.string().optional(),
    visibility: z.enum(type.visibility).optional(),
    params: (type.params ?? z.undefined()).optional().refine(isSmall, `at most ${MAX_PARAMS_BYTES} bytes of JSON`),
    labels: strings.optional(),
    metadata: metadataOf(type).optional(),
    allowed_origins: origins.optional(),
    ...lifetimeMembers(type),
  }) as ZodType<CreateBody>
}

/** What creation and change have in common beyond the catalog's own. */
function lifetimeMembers(type: ResourceType): Readonly<Record<string, ZodType>> {
  return {
    settings: (type.settings ?? z.undefined()).optional(),
    delete_protection: z.boolean().optional(),
    expire_time: timeText.nullable().optional(),
  }
}

export interface BulkBody {
  readonly resources: readonly CreateBody[]
}

export function bulkBody(type: ResourceType): ZodType<BulkBody> {
  return z.strictObject({ resources: z.array(createBody(type)).min(1).max(MAX_BULK_RESOURCES) }) as ZodType<BulkBody>
}

export const transferBody: ZodType<{ readonly account: string }> = z.strictObject({
  account: z.string().min(1).max(100),
})

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
      name: name.nullable().optional(),
      visibility: z.enum(type.visibility).optional(),
      mode: z.enum(['active', 'read_only', 'suspended']).optional(),
      labels: strings.optional(),
      metadata: metadataOf(type).optional(),
      allowed_origins: origins.optional(),
      hosts: hostNames.optional(),
      ...lifetimeMembers(type),
    })
    .refine((changes) => Object.keys(changes).length > 0, 'at least one change') as ZodType<UpdateBody>
}

export interface RestoreBody {
  readonly name?: string | undefined
}

export const restoreBody: ZodType<RestoreBody> = z.strictObject({ name: name.optional() })

export interface TokenBody {
  readonly permission: 'read' | 'write' | 'admin'
  readonly expires_in: number
  /** One of the resource's own host names, instead of its own origin. */
  readonly host?: string | undefined
}

export const tokenBody: ZodType<TokenBody> = grantBody(3_600)

/** Long enough for a link in an invitation: a week. */
export const linkBody: ZodType<TokenBody> = grantBody(7 * 24 * 3_600)

function grantBody(defaultSeconds: number): ZodType<TokenBody> {
  return z.strictObject({
    permission: z.enum(['read', 'write', 'admin']).default('read'),
    expires_in: z.int().min(1).max(MAX_TOKEN_SECONDS).default(defaultSeconds),
    host: hostName.optional(),
  })
}

function metadataOf(type: ResourceType): ZodType {
  const restriction = type.metadata
  return restriction === undefined ? strings : strings.pipe(restriction as ZodType<unknown, Record<string, string>>)
}

/** Counts code points, as people count characters, not UTF-16 units. */
function hasLength(text: string, least: number, most: number): boolean {
  const length = Array.from(text).length
  return length >= least && length <= most
}

function isSmall(params: unknown): boolean {
  return params === undefined || new TextEncoder().encode(JSON.stringify(params)).length <= MAX_PARAMS_BYTES
}
