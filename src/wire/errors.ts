// The closed table of errors: every refusal that leaves the process is one of these, as RFC 9457 problem+json. Errors are recognised
// by `code`, never by `instanceof`: what crosses an RPC boundary arrives as another class.

const TABLE = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  unauthenticated: { status: 401, title: 'Credentials are missing or not valid' },
  permission_denied: { status: 403, title: 'These credentials do not allow this' },
  suspended: { status: 403, title: 'The resource is suspended' },
  quota_exceeded: { status: 403, title: 'The quota is used up' },
  not_found: { status: 404, title: 'Not found' },
  already_exists: { status: 409, title: 'It exists already' },
  not_ready: { status: 409, title: 'The resource is not ready yet' },
  delete_protected: { status: 409, title: 'The resource is protected from deletion' },
  deleted: { status: 410, title: 'The resource was deleted' },
  precondition_failed: { status: 412, title: 'The resource has changed meanwhile' },
  too_large: { status: 413, title: 'Too large' },
  misdirected: { status: 421, title: 'It lives in another cell' },
  idempotency_key_reused: { status: 422, title: 'This idempotency key belongs to another request' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  overloaded: { status: 503, title: 'Too busy' },
  unavailable: { status: 503, title: 'Not available at the moment' },
  deadline_exceeded: { status: 504, title: 'It took too long' },
  storage_full: { status: 507, title: 'The storage limit is reached' },
} as const

export type ErrorCode = keyof typeof TABLE

/** Every code, for documentation and tests. */
export const ERROR_CODES: readonly ErrorCode[] = Object.keys(TABLE) as ErrorCode[]

const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  'not_ready',
  'misdirected',
  'rate_limited',
  'internal',
  'overloaded',
  'unavailable',
  'deadline_exceeded',
])

/** An error as plain data: what crosses the planes' RPC. */
export interface ErrorData {
  readonly code: ErrorCode
  /** For people: what is wrong and what to do about it. Never internal text. */
  readonly message: string
  /** Whether the change happened, on failures that leave it open. Default: no. */
  readonly applied?: 'no' | 'unknown'
  readonly retryAfterSeconds?: number
  /** Members of the problem document beyond the standard ones (snake_case), such as `limit` and `used`. */
  readonly details?: Readonly<Record<string, string | number | boolean>>
}

/** The one error class. Thrown for failures; outcomes are returned as values. */
export class ResourceError extends Error {
  override readonly name = 'ResourceError'
  readonly code: ErrorCode
  readonly data: ErrorData

  constructor(code: ErrorCode, message: string, more: Omit<ErrorData, 'code' | 'message'> = {}) {
    super(message)
    this.code = code
    this.data = { code, message, ...more }
  }
}

/** Whether the same request may succeed later without being changed. */
export function isRetryable(code: ErrorCode): boolean {
  return RETRYABLE.has(code)
}

export function statusOf(code: ErrorCode): number {
  return TABLE[code].status
}

/** For documentation: what the code means, whatever it was about. */
export function titleOf(code: ErrorCode): string {
  return TABLE[code].title
}

/**
 * Turns anything thrown into one of ours. Recognises a `code` of the table (also on an error that crossed RPC), the engine's
 * `retryable` and `overloaded` marks, and calls everything else `internal`. Called in exactly two places: the edge and the reconciler.
 */
export function toResourceError(thrown: unknown): ResourceError {
  if (thrown instanceof ResourceError) return thrown
  if (typeof thrown === 'object' && thrown !== null) {
    const { code, data, message, overloaded, retryable } = thrown as Record<string, unknown>
    if (typeof code === 'string' && Object.hasOwn(TABLE, code)) {
      const { code: _, message: __, ...more } = (data ?? {}) as Partial<ErrorData>
      return new ResourceError(code as ErrorCode, typeof message === 'string' ? message : '', more)
    }
    // The engine names no code for it; the object was reset, and what it had not yet written is gone.
    if (typeof message === 'string' && message.includes('SQLITE_FULL')) {
      return new ResourceError(
        'storage_full',
        'The disk of this server is full: its operator must make room. Nothing was changed.',
        {
          applied: 'no',
          retryAfterSeconds: 60,
        },
      )
    }
    if (overloaded === true) {
      return new ResourceError('overloaded', 'This resource gets more requests than it can serve. Try again later.', {
        applied: 'unknown',
        retryAfterSeconds: 2,
      })
    }
    if (retryable === true) {
      return new ResourceError('unavailable', 'The part of the service that holds this is restarting. Try again.', {
        applied: 'unknown',
        retryAfterSeconds: 1,
      })
    }
  }
  return new ResourceError('internal', 'An unexpected failure. It was logged under the request id.', {
    applied: 'unknown',
  })
}

/** What a problem+json answer says (RFC 9457). */
export function toProblem({ code, data }: ResourceError, requestId: string): Readonly<Record<string, unknown>> {
  const status = statusOf(code)
  return {
    type: `urn:biplane:error:${code}`,
    title: TABLE[code].title,
    status,
    detail: data.message,
    code,
    retryable: isRetryable(code),
    ...(status >= 500 ? { applied: data.applied ?? 'no' } : {}),
    request_id: requestId,
    ...data.details,
  }
}

/** The problem+json answer (RFC 9457). */
export function toProblemResponse(error: ResourceError, requestId: string, headers: HeadersInit = {}): Response {
  const { code, data } = error
  const answer = new Response(JSON.stringify(toProblem(error, requestId)), { status: statusOf(code), headers })
  answer.headers.set('content-type', 'application/problem+json')
  answer.headers.set('cache-control', 'no-store')
  answer.headers.set('x-request-id', requestId)
  if (code === 'unauthenticated') answer.headers.set('www-authenticate', 'Bearer')
  if (data.retryAfterSeconds !== undefined) answer.headers.set('retry-after', String(data.retryAfterSeconds))
  return answer
}
