// What the document is made of, and those of its parts that are the same for every application.

import { ROW_MARK_HEADER } from '../wire/archive.ts'
import type { ErrorCode } from '../wire/errors.ts'
import type { Caller } from '../wire/planes.ts'
import { OPERATOR_COOKIE } from './authorize.ts'
import { EXAMPLE } from './example-values.ts'
import type { JsonSchema } from './openapi-schemas.ts'
import type { AnswerHeader, RequestHeader } from './route.ts'

/** OpenAPI 3.1, as far as this document uses it. */
export interface OpenApi {
  readonly openapi: '3.1.0'
  readonly info: {
    readonly title: string
    readonly version: string
    readonly summary: string
    readonly description: string
    readonly license: { readonly name: string; readonly identifier: string }
  }
  readonly servers: readonly { readonly url: string }[]
  readonly security: readonly SecurityRequirement[]
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  /** Path -> method in lower case -> operation. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>
    readonly responses: Readonly<Record<string, Answer>>
    readonly parameters: Readonly<Record<string, Parameter>>
    readonly headers: Readonly<Record<string, Header>>
    readonly securitySchemes: Readonly<Record<string, SecurityScheme>>
  }
}

type SecurityRequirement = Readonly<Record<string, readonly string[]>>

export interface Operation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly 'x-least-role': Caller['role']
  /** What `authorize` of a builder is asked about. */
  readonly 'x-action': string
  readonly security?: readonly SecurityRequirement[]
  readonly parameters: readonly (Parameter | Reference)[]
  readonly requestBody?: { readonly required: boolean; readonly content: Content }
  readonly responses: Readonly<Record<string, Answer | Reference>>
}

export interface Reference {
  readonly $ref: string
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly description?: string
  readonly schema: JsonSchema
  readonly example?: string | number | boolean
}

export interface Answer {
  readonly description: string
  readonly headers?: Readonly<Record<string, Reference>>
  readonly content?: Content
}

type Content = Readonly<
  Record<string, { readonly schema: JsonSchema; readonly example?: unknown; readonly examples?: Examples }>
>
type Examples = Readonly<Record<string, { readonly value: unknown }>>

interface Header {
  readonly description: string
  readonly schema: JsonSchema
}

type SecurityScheme = Readonly<Record<string, string>> & { readonly type: 'http' | 'apiKey' }

/** Component name of what a request can carry. */
export const ACCOUNT_PARAMETER = 'account'
export const REQUEST_ID_PARAMETER = 'X-Request-Id'

export const PARAMETERS: Readonly<
  Record<typeof ACCOUNT_PARAMETER | typeof REQUEST_ID_PARAMETER | RequestHeader, Parameter>
> = {
  account: {
    name: 'account',
    in: 'query',
    description: 'Operators only: the account to act for. Default: their own.',
    schema: { type: 'string' },
    example: EXAMPLE.account,
  },
  'X-Request-Id': {
    name: 'X-Request-Id',
    in: 'header',
    description: 'Your own name for the request, which the answer and the log then have. Default: a new one.',
    schema: { type: 'string', pattern: '^[\\w-]{1,64}$' },
  },
  'Idempotency-Key': {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'Your own name for this creation: sent again within a day, with the same body, it answers what it made the first time.',
    schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,200}$' },
    example: '8f0c9d4e-create-field-notes',
  },
  'If-Match': {
    name: 'If-Match',
    in: 'header',
    description: 'The `etag` that you know: refused with 412 if there was a change since.',
    schema: { type: 'string' },
    example: '"2"',
  },
}

export const HEADERS: Readonly<Record<AnswerHeader | 'X-Request-Id' | 'WWW-Authenticate', Header>> = {
  'X-Request-Id': { description: 'The name of this request in the log.', schema: { type: 'string' } },
  ETag: { description: 'Changes with every change: for `If-Match`.', schema: { type: 'string' } },
  Location: { description: 'Where it is, or where to look again.', schema: { type: 'string' } },
  'Retry-After': { description: 'Seconds to wait before the next request.', schema: { type: 'integer' } },
  [ROW_MARK_HEADER]: {
    description:
      'The row as it was just before: `incarnation`, `version` and `revision` as its export has them, joined by dots.',
    schema: { type: 'string' },
  },
  'WWW-Authenticate': { description: 'How to authenticate.', schema: { type: 'string' } },
}

/** Statuses whose answers say how long to wait. */
export const RETRY_AFTER_STATUSES: ReadonlySet<number> = new Set([429, 503])

const OPERATOR_KEY: SecurityScheme = {
  type: 'http',
  scheme: 'bearer',
  description: 'The key of whoever runs the deployment: `npx biplane operator-key` prints it.',
}
const API_KEY: SecurityScheme = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'bp_<account>_<secret>',
  description: 'An API key of an account, with a role: read, member or admin.',
}
const SESSION: SecurityScheme = {
  type: 'apiKey',
  in: 'cookie',
  name: OPERATOR_COOKIE,
  description: "The operator's browser; it can write from the deployment's own pages only.",
}

/** How callers sign in: a builder's own way is not known here. */
export function securitySchemes(isOwnSignIn: boolean, hasAccounts: boolean): Readonly<Record<string, SecurityScheme>> {
  if (isOwnSignIn) return {}
  return { ...(hasAccounts ? { apiKey: API_KEY } : {}), operatorKey: OPERATOR_KEY, session: SESSION }
}

/** Of the tags that are no resource type's. */
export const TAG_DESCRIPTIONS: Readonly<Record<string, string>> = {
  accounts: 'Who owns resources, and the API keys that act for them.',
  capabilities: 'What the deployment can do.',
  audit: 'Who asked for which change.',
  events: 'What happened to resources, as a feed.',
  operations: 'Long work that a request started.',
  session: 'Who is asking.',
  types: 'How resource types are laid out.',
  usage: 'What an account and its resources use.',
}

/** What every part of the API has in common. */
export const DESCRIPTION = `Times are RFC 3339. Requests and answers are JSON; a refusal is a problem document (RFC 9457) whose \`code\` \
is one of a closed table, and says by \`retryable\` whether the same request may succeed later.

Lists answer \`data\` and \`next_cursor\`: ask again with \`?cursor=\`. The absence of \`next_cursor\` is the only end, a page may be short.

201 and 200 say that the resource's object knows of the change. 202 says that the change is recorded, and will reach it: look again at \
\`Location\` after \`Retry-After\` seconds.

Answers may get further members: ignore what you do not know.`

/** Component name of the answer for refusals with these codes. */
export function refusalName(codes: readonly ErrorCode[]): string {
  return codes.join('.')
}
