// The control plane's API, as the console sees it: `fetch` and nothing else. The operator's cookie signs in; no key or token is kept.

import { ACCOUNT_PLURAL, ACCOUNT_TYPE, type KeyJson, type KeyRole } from '../../wire/account.ts'
import type { CapabilitiesJson } from '../../wire/capabilities.ts'
import type { Visibility } from '../../wire/descriptor.ts'
import type { ErrorCode } from '../../wire/errors.ts'
import type { OperationJson } from '../../wire/operation.ts'
import type { ResourceJson } from '../../wire/resource.ts'

/** What `GET /v1/session` says about the caller and the application. */
export interface Session {
  readonly account: string
  readonly role: 'operator' | 'admin' | 'member' | 'read'
  readonly types: readonly TypeInfo[]
  /** Where new resources can be. */
  readonly cells: readonly string[]
  /** 0: a deletion cannot be undone. */
  readonly delete_retention_seconds: number
}

export interface TypeInfo {
  readonly name: string
  readonly plural: string
  readonly visibility: readonly Visibility[]
}

/** Accounts are resources like others; they are the operator's, and in no session. */
export const ACCOUNTS: TypeInfo = { name: ACCOUNT_TYPE, plural: ACCOUNT_PLURAL, visibility: [] }

/** An API key, in the one answer that has it whole. */
export interface NewKey extends KeyJson {
  readonly key: string
}

export interface ListQuery {
  readonly search: string
  readonly deleted: boolean
  readonly limit: number
  readonly cursor?: string
}

export interface Page {
  readonly data: readonly ResourceJson[]
  /** Its absence, and nothing else, is the end. */
  readonly next_cursor?: string
}

export interface Creation {
  readonly name?: string
  readonly cell?: string
  readonly params?: { readonly storage: 'tiddlers' }
  readonly labels?: Readonly<Record<string, string>>
}

export interface Changes {
  readonly name?: string | null
  readonly mode?: 'active' | 'read_only' | 'suspended'
  readonly visibility?: Visibility
  readonly labels?: Readonly<Record<string, string>>
  readonly hosts?: readonly string[]
}

/** An operation that brings a resource to another cell. */
export type Move = OperationJson & {
  readonly subject: { readonly resource: string; readonly from: string; readonly to: string }
}

export type Permission = 'read' | 'write' | 'admin'

/** A refusal, as a person can read it. */
export interface Refusal {
  /** `network`: there was no answer at all; `unknown`: one that is not this API's. */
  readonly code: ErrorCode | 'network' | 'unknown'
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly retryable: boolean
  readonly requestId?: string
}

export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.detail)
    this.refusal = refusal
  }
}

/** @throws ApiError */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(path, { credentials: 'same-origin', ...init }).catch((cause: unknown) => {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new ApiError({
      code: 'network',
      status: 0,
      title: 'The server does not answer',
      detail: 'It may be restarting, or the network may be down.',
      retryable: true,
    })
  })
  if (!response.ok) throw new ApiError(await toRefusal(response))
  return response
}

async function toRefusal(response: Response): Promise<Refusal> {
  const text = await response.text().catch(() => '')
  const requestId = response.headers.get('x-request-id')
  const common = { status: response.status, ...(requestId === null ? {} : { requestId }) }
  if (response.headers.get('content-type')?.startsWith('application/problem+json') === true) {
    const { code, title, detail, retryable } = JSON.parse(text) as Refusal
    return { ...common, code, title, detail, retryable }
  }
  // A wiki speaks to TiddlyWiki, in plain text; a proxy in front of us speaks HTML.
  const isText = response.headers.get('content-type')?.startsWith('text/plain') === true
  return {
    ...common,
    code: response.status === 401 ? 'unauthenticated' : 'unknown',
    title: 'It was refused',
    detail: isText && text !== '' ? text : `The server answered ${response.status}.`,
    retryable: response.status >= 500,
  }
}

async function call<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  const init =
    body === undefined
      ? { method, headers }
      : { method, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await send(path, init)
  return (response.status === 204 ? undefined : await response.json()) as T
}

const one = (type: TypeInfo, id: string): string => `/v1/${type.plural}/${id}`

export const api = {
  session: (): Promise<Session> => call('GET', '/v1/session'),
  /** An application that signs people in by itself has no accounts of ours, and says so; one that does not answer may have. */
  hasAccounts: (): Promise<boolean> =>
    api.list(ACCOUNTS, { search: '', deleted: false, limit: 1 }).then(
      () => true,
      (error: unknown) => refusalOf(error).status !== 404,
    ),
  signIn: (key: string): Promise<void> => call('POST', '/sign-in', { key }, { accept: 'application/json' }),
  /** Where resources of a type can be. */
  cells: (type: TypeInfo): Promise<readonly string[]> =>
    call<CapabilitiesJson>('GET', '/v1/capabilities').then(
      // Of accounts it says nothing: they can be anywhere.
      ({ cells, types }) => types.find(({ name }) => name === type.name)?.cells ?? cells.map(({ code }) => code),
    ),
  signOut: (): Promise<void> => call('POST', '/sign-out', {}, { accept: 'application/json' }),

  list(type: TypeInfo, query: ListQuery, signal?: AbortSignal): Promise<Page> {
    const parameters = new URLSearchParams({ order: 'descending', limit: String(query.limit) })
    if (query.search !== '') parameters.set('q', query.search)
    if (query.deleted) parameters.set('deleted', 'true')
    if (query.cursor !== undefined) parameters.set('cursor', query.cursor)
    const deadline = AbortSignal.timeout(LIST_DEADLINE_MS)
    return send(`/v1/${type.plural}?${parameters.toString()}`, {
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    }).then((response) => response.json() as Promise<Page>)
  },
  get: (type: TypeInfo, id: string): Promise<ResourceJson> => call('GET', one(type, id)),
  /** @param key makes a repeated request create one resource only */
  create: (type: TypeInfo, creation: Creation, key: string): Promise<ResourceJson> =>
    call('POST', `/v1/${type.plural}`, creation, { 'idempotency-key': key }),
  /** Refused with `precondition_failed` when somebody else changed it since `resource` was read. */
  update: (type: TypeInfo, resource: ResourceJson, changes: Changes): Promise<ResourceJson> =>
    call('PATCH', one(type, resource.id), changes, { 'if-match': resource.etag }),
  remove: (type: TypeInfo, id: string): Promise<ResourceJson> => call('DELETE', one(type, id)),
  purge: (type: TypeInfo, id: string): Promise<ResourceJson> => call('DELETE', `${one(type, id)}?purge=true`),
  restore: (type: TypeInfo, id: string, name?: string): Promise<ResourceJson> =>
    call('POST', `${one(type, id)}/restore`, name === undefined ? {} : { name }),
  token: (type: TypeInfo, id: string, permission: Permission): Promise<{ token: string; expire_time: string }> =>
    call('POST', `${one(type, id)}/tokens`, { permission, expires_in: TOKEN_SECONDS }),
  link(type: TypeInfo, id: string, permission: Permission, seconds: number): Promise<ShareLink> {
    return call('POST', `${one(type, id)}/links`, { permission, expires_in: seconds })
  },
  move: (type: TypeInfo, id: string, cell: string): Promise<Move> => call('POST', `${one(type, id)}/move`, { cell }),
  /** The latest ones of all types, newest first. */
  moves: (): Promise<readonly Move[]> =>
    send(`/v1/operations?limit=${LATEST_OPERATIONS}`, { signal: AbortSignal.timeout(LIST_DEADLINE_MS) })
      .then((response) => response.json() as Promise<{ readonly data: readonly OperationJson[] }>)
      .then(({ data }) => data.filter((operation) => operation.kind === 'move') as unknown as readonly Move[]),
  operation: (id: string): Promise<Move> => call('GET', `/v1/operations/${id}`),
  cancel: ({ id }: Move): Promise<Move> => call('POST', `/v1/operations/${id}/cancel`, {}),
  keys: (account: string): Promise<readonly KeyJson[]> =>
    call<{ readonly data: readonly KeyJson[] }>('GET', `${one(ACCOUNTS, account)}/keys`).then(({ data }) => data),
  createKey: (account: string, wanted: KeyWanted): Promise<NewKey> =>
    call('POST', `${one(ACCOUNTS, account)}/keys`, wanted),
  revokeKey: (account: string, key: string): Promise<KeyJson> =>
    call('DELETE', `${one(ACCOUNTS, account)}/keys/${key}`),
  revoke: (type: TypeInfo, id: string): Promise<ResourceJson> => call('DELETE', `${one(type, id)}/tokens`),
}

interface KeyWanted {
  readonly name?: string
  readonly role: KeyRole
  /** Seconds. */
  readonly expires_in?: number
}

/** A list takes milliseconds; the server itself waits longer for a control plane that is away, and people should not. */
const LIST_DEADLINE_MS = 6_000
/** The most that one request answers. */
const LATEST_OPERATIONS = 200

export interface ShareLink {
  readonly url: string
  readonly expire_time: string
}

/** For the console's own look into a resource; a new one is asked for when it has ended. */
const TOKEN_SECONDS = 600

/** A name for a request that may be sent twice. Not `randomUUID()`: browsers have it on secure origins only. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** What went wrong, whatever was thrown. */
export function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof ApiError) return thrown.refusal
  return { code: 'unknown', status: 0, title: 'Something went wrong', detail: String(thrown), retryable: true }
}

/** Whether nothing is wrong with the request: the other side is away, and may be back soon. */
export function isOutage({ code }: Refusal): boolean {
  return code === 'network' || code === 'unavailable' || code === 'overloaded' || code === 'deadline_exceeded'
}
