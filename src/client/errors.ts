// What the client throws: the server's refusal with its code, or why there was no answer.

import type { ErrorCode } from '../wire/errors.ts'

/**
 * A code of the server's closed table, or one of the client's own:
 *
 * - `network`: there was no whole answer (no connection, it broke, it took too long)
 * - `unexpected`: there was one, but not of this API; often a proxy's, or `baseUrl` leads elsewhere
 */
export type ClientErrorCode = ErrorCode | 'network' | 'unexpected'

interface Failure {
  readonly code: ClientErrorCode
  readonly detail: string
  readonly status?: number
  readonly retryable?: boolean
  readonly applied?: 'no' | 'unknown'
  readonly requestId?: string | undefined
  readonly retryAfterSeconds?: number | undefined
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/**
 * Every failure of the client. Told apart by `code` ([CL3]).
 *
 * @example
 * try {
 *   await client.wikis.create({ name: 'Notes' })
 * } catch (thrown) {
 *   if (!(thrown instanceof BiplaneError) || thrown.code !== 'already_exists') throw thrown
 * }
 */
export class BiplaneError extends Error {
  override readonly name = 'BiplaneError'
  readonly code: ClientErrorCode
  /** For people: what is wrong, and what to do about it. */
  readonly detail: string
  /** Of the answer; 0 when there was none. */
  readonly status: number
  /** Whether the same request may succeed later. */
  readonly retryable: boolean
  /** Whether the change may have happened all the same. */
  readonly applied: 'no' | 'unknown'
  /** Names the request in the server's logs. */
  readonly requestId: string | undefined
  readonly retryAfterSeconds: number | undefined
  /** Further members of the problem document, such as `parameter`, `limit` and `used`. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(failure: Failure) {
    super(failure.detail, failure.cause === undefined ? {} : { cause: failure.cause })
    this.code = failure.code
    this.detail = failure.detail
    this.status = failure.status ?? 0
    this.retryable = failure.retryable ?? false
    this.applied = failure.applied ?? 'no'
    this.requestId = failure.requestId
    this.retryAfterSeconds = failure.retryAfterSeconds
    this.details = failure.details ?? {}
  }
}

/** Reasons by which Node says that nothing was sent; browsers do not tell. */
const UNSENT: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'])

/** Nobody knows what became of a request whose answer did not arrive. @param isRead nothing can have happened */
export function toNetworkError(thrown: unknown, url: string, isRead: boolean): BiplaneError {
  const { code, cause } = (thrown ?? {}) as { code?: unknown; cause?: { code?: unknown } }
  return new BiplaneError({
    code: 'network',
    detail: `There was no whole answer from ${new URL(url, 'http://localhost').host}: ${reasonOf(thrown)}.`,
    retryable: true,
    applied: isRead || UNSENT.has(code ?? cause?.code) ? 'no' : 'unknown',
    cause: thrown,
  })
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  // Node says "fetch failed" and hides the reason.
  const { cause } = thrown
  return cause instanceof Error && cause.message !== '' ? cause.message : thrown.message
}

/** Statuses by which proxies say "not now". */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504])

/** What an answer that is no success says. */
export function toRefusal(response: Response, text: string, isRead: boolean): BiplaneError {
  const { status } = response
  const common = {
    status,
    requestId: response.headers.get('x-request-id') ?? undefined,
    retryAfterSeconds: retryAfterOf(response),
  }
  const problem = toProblem(response, text)
  if (problem === undefined) {
    return new BiplaneError({
      ...common,
      code: 'unexpected',
      detail: `The answer ${status} is none of this API: look at what stands before the server, and at baseUrl.`,
      retryable: PASSING.has(status),
      applied: status >= 500 && !isRead ? 'unknown' : 'no',
    })
  }
  const { type: _, title, status: __, detail, code, retryable, applied, request_id: ___, ...details } = problem
  return new BiplaneError({
    ...common,
    code: code as ErrorCode,
    detail: String(detail ?? title ?? code),
    retryable: retryable === true,
    applied: applied === 'unknown' && !isRead ? 'unknown' : 'no',
    details,
  })
}

function toProblem(response: Response, text: string): Record<string, unknown> | undefined {
  if (response.headers.get('content-type')?.startsWith('application/problem+json') !== true) return undefined
  try {
    const problem = JSON.parse(text) as Record<string, unknown>
    return typeof problem['code'] === 'string' ? problem : undefined
  } catch {
    return undefined
  }
}

/** Seconds, or the time until a date. */
function retryAfterOf(response: Response): number | undefined {
  const text = response.headers.get('retry-after')
  if (text === null) return undefined
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds)
}
