import { describe, expect, test } from 'vitest'
import {
  ERROR_CODES,
  ResourceError,
  isRetryable,
  statusOf,
  toProblemResponse,
  toResourceError,
  type ErrorCode,
} from '../../src/wire/errors.ts'

/** The closed table. A code never changes its status, and none is taken away: clients branch on them. */
const STATUSES: Readonly<Record<ErrorCode, number>> = {
  invalid_request: 400,
  unauthenticated: 401,
  permission_denied: 403,
  suspended: 403,
  quota_exceeded: 403,
  not_found: 404,
  already_exists: 409,
  not_ready: 409,
  misdirected: 421,
  delete_protected: 409,
  deleted: 410,
  precondition_failed: 412,
  too_large: 413,
  idempotency_key_reused: 422,
  rate_limited: 429,
  internal: 500,
  overloaded: 503,
  unavailable: 503,
  deadline_exceeded: 504,
  storage_full: 507,
}

describe('the table', () => {
  test('[HT1] is closed', () => {
    expect(Object.fromEntries(ERROR_CODES.map((code) => [code, statusOf(code)]))).toEqual(STATUSES)
  })

  test('[HT1] says what may succeed later without being changed', () => {
    const retryable = [
      'not_ready',
      'misdirected',
      'rate_limited',
      'internal',
      'overloaded',
      'unavailable',
      'deadline_exceeded',
    ]
    expect(ERROR_CODES.filter(isRetryable)).toEqual(retryable)
  })

  test.each(ERROR_CODES)('[HT1] %s is a problem document', async (code) => {
    const error = new ResourceError(code, 'What is wrong.', { retryAfterSeconds: 3, details: { limit: 5 } })
    const response = toProblemResponse(error, 'request-1')
    expect(response.status).toBe(STATUSES[code])
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('retry-after')).toBe('3')
    expect(await response.json()).toEqual({
      type: `urn:biplane:error:${code}`,
      title: expect.any(String),
      status: STATUSES[code],
      detail: 'What is wrong.',
      code,
      retryable: isRetryable(code),
      request_id: 'request-1',
      limit: 5,
      ...(STATUSES[code] >= 500 ? { applied: 'no' } : {}),
    })
  })
})

describe('what was thrown', () => {
  test('[HT1] is recognised by its code, also when it crossed a boundary as another class', () => {
    const error = new ResourceError('deleted', 'Gone.', { details: { a: 1 } })
    expect(toResourceError(error)).toBe(error)
    const crossed = Object.assign(new Error('Gone.'), { code: 'deleted', data: error.data, remote: true })
    expect(toResourceError(crossed).data).toEqual(error.data)
    expect(toResourceError({ code: 'suspended' }).data).toEqual({ code: 'suspended', message: '' })
  })

  test("[HT1] is the engine's: overloaded and retryable are not the same", () => {
    const overloaded = toResourceError(Object.assign(new Error('x'), { overloaded: true, retryable: true }))
    expect(overloaded.data).toMatchObject({ code: 'overloaded', applied: 'unknown', retryAfterSeconds: 2 })
    const lost = toResourceError(Object.assign(new Error('Network connection lost.'), { retryable: true }))
    expect(lost.data).toMatchObject({ code: 'unavailable', applied: 'unknown' })
  })

  test.each([
    new Error('SECRET /internal/path'),
    Object.assign(new Error('SECRET'), { code: 'ENOENT' }),
    Object.assign(new Error('SECRET'), { code: 'toString' }),
    'SECRET',
    undefined,
    null,
    42,
    { message: 'SECRET', durableObjectId: 'SECRET' },
  ])('[HT1] is otherwise internal, and its text stays inside: %o', async (thrown) => {
    const error = toResourceError(thrown)
    expect(error.data).toMatchObject({ code: 'internal', applied: 'unknown' })
    expect(await toProblemResponse(error, 'x').text()).not.toContain('SECRET')
  })
})
