// Which refusals each route can give. A test sends requests that are refused, and holds the answers to this.

import { ERROR_CODES, isRetryable, statusOf, titleOf, type ErrorCode } from '../wire/errors.ts'
import type { ControlAction } from './roles.ts'
import type { ControlRoute } from './route.ts'

/** Of whoever asks, and of every server. */
const ALWAYS: readonly ErrorCode[] = [
  'invalid_request',
  'unauthenticated',
  'permission_denied',
  'rate_limited',
  'internal',
  'overloaded',
  'unavailable',
  'deadline_exceeded',
]

/** Beyond what the route's parameters, headers and body bring with them. */
const BY_ACTION: Partial<Record<ControlAction, readonly ErrorCode[]>> = {
  create: ['already_exists', 'quota_exceeded', 'not_found'],
  update: ['already_exists', 'not_ready', 'deleted'],
  delete: ['delete_protected', 'quota_exceeded', 'not_ready'],
  restore: ['already_exists', 'quota_exceeded', 'deleted', 'not_ready'],
  move: ['not_ready', 'deleted'],
  transfer: ['already_exists', 'quota_exceeded', 'not_ready', 'deleted'],
  mint_token: ['not_ready', 'deleted'],
  revoke_tokens: ['not_ready', 'deleted'],
  create_account: ['already_exists', 'not_found'],
  update_account: ['already_exists', 'not_ready', 'deleted'],
  delete_account: ['delete_protected'],
  restore_account: ['already_exists', 'deleted'],
  create_key: ['quota_exceeded', 'suspended', 'deleted'],
  reshard: ['not_ready'],
}

/** @param hasAccounts whether callers can be an account's API key, which may be suspended or deleted */
export function errorsOf(route: ControlRoute, hasBody: boolean, hasAccounts: boolean): readonly ErrorCode[] {
  const { method, path, action, headers = [], errors = BY_ACTION[action] ?? [] } = route
  const codes = new Set<ErrorCode>([...ALWAYS, ...errors])
  if (hasAccounts) codes.add('suspended').add('deleted')
  if (path.includes(':')) codes.add('not_found')
  if (hasBody) codes.add('too_large')
  // Whatever is recorded needs room on the disk.
  if (method !== 'GET') codes.add('storage_full')
  if (headers.includes('If-Match')) codes.add('precondition_failed')
  if (headers.includes('Idempotency-Key')) codes.add('idempotency_key_reused')
  return ERROR_CODES.filter((code) => codes.has(code))
}

/** Status -> its codes, in the order of the table. */
export function byStatus(codes: readonly ErrorCode[]): ReadonlyMap<number, readonly ErrorCode[]> {
  const statuses = new Map<number, ErrorCode[]>()
  for (const code of codes) statuses.set(statusOf(code), [...(statuses.get(statusOf(code)) ?? []), code])
  return statuses
}

/** What a problem document with this code looks like. */
export function problemExample(code: ErrorCode): Readonly<Record<string, unknown>> {
  const status = statusOf(code)
  return {
    type: `urn:biplane:error:${code}`,
    title: titleOf(code),
    status,
    detail: DETAILS[code],
    code,
    retryable: isRetryable(code),
    ...(status >= 500 ? { applied: code === 'internal' || code === 'deadline_exceeded' ? 'unknown' : 'no' } : {}),
    request_id: '0e9f41c2-5f0a-4ad3-9-2b',
    ...MORE[code],
  }
}

/** What the server says in one of the cases; the text differs from case to case. */
const DETAILS: Readonly<Record<ErrorCode, string>> = {
  invalid_request: 'name: must have 1 to 100 characters',
  unauthenticated: 'This needs a key: Authorization: Bearer ...',
  permission_denied: 'Your role does not allow "create" here.',
  suspended: 'This account is suspended.',
  quota_exceeded: 'The account may have 100 of these: delete one, or ask for more.',
  not_found: 'There is no such resource.',
  already_exists: 'There is one of this name: choose another one, or leave it out.',
  not_ready: 'This resource is still being created.',
  delete_protected: 'This resource is protected from deletion: set delete_protection to false first.',
  deleted: 'This resource was deleted. Restore it first.',
  precondition_failed: 'The resource has changed since you read it: read it again and repeat your change.',
  too_large: 'The body may have 262144 bytes at most.',
  misdirected: 'The cell "weur" is not here: the tables of the cells differ.',
  idempotency_key_reused: 'This Idempotency-Key was used with another body: use a new key for a new request.',
  rate_limited: 'Too many requests: wait as long as Retry-After says.',
  internal: 'An unexpected failure. It was logged under the request id.',
  overloaded: 'This resource gets more requests than it can serve. Try again later.',
  unavailable: 'The part of the service that holds this is restarting. Try again.',
  deadline_exceeded: 'The control plane did not answer in time.',
  storage_full: 'The disk of this server is full: its operator must make room. Nothing was changed.',
}

const MORE: Partial<Record<ErrorCode, Readonly<Record<string, unknown>>>> = {
  invalid_request: { parameter: 'name' },
  quota_exceeded: { limit: 100, used: 100 },
  too_large: { limit: 262_144 },
}
