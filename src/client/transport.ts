// One request of the API: sent, answered, and sent again where retry.ts says so.

import { BiplaneError, toNetworkError, toRefusal } from './errors.ts'
import { DEFAULT_RETRY, nextDelayMs, type Repeatable, type RetryPolicy } from './retry.ts'

export interface TransportOptions {
  /** Where the server is, such as `https://wikis.example`; in a browser '' is the page's own origin. */
  readonly baseUrl: string
  /** An account's API key, or the operator's. A browser may be signed in by a cookie instead. */
  readonly key?: string | undefined
  /** Act for this account; the operator only. */
  readonly account?: string | undefined
  /** Default: the global one. */
  readonly fetch?: typeof fetch | undefined
  readonly retry?: Partial<RetryPolicy> | undefined
  /** Of one attempt, to the end of its answer. Default: 30,000, since a creation may take ten seconds to be answered. */
  readonly timeoutMs?: number | undefined
}

/** Of every call. */
export interface CallOptions {
  /** Ends waiting, whatever it is for; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

export type Query = Readonly<Record<string, string | number | boolean | Date | undefined>>

export interface Call extends CallOptions {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** With a leading slash, below `/v1`. */
  readonly path: string
  readonly query?: Query | undefined
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly repeatable: Repeatable
}

export interface Answer<T> {
  readonly status: number
  readonly body: T
}

export type Transport = <T>(call: Call) => Promise<Answer<T>>

const DEFAULT_TIMEOUT_MS = 30_000

export function createTransport(options: TransportOptions): Transport {
  const { key, account, timeoutMs = DEFAULT_TIMEOUT_MS } = options
  const base = options.baseUrl.replace(/\/+$/, '')
  const policy: RetryPolicy = { ...DEFAULT_RETRY, ...options.retry }
  // Called as a plain function: browsers and Workers refuse another `this`.
  const send: typeof fetch = options.fetch ?? ((url, init) => fetch(url, init))

  async function attempt<T>(call: Call): Promise<Answer<T>> {
    const { method, path, query = {}, body, signal } = call
    const isRead = method === 'GET'
    const url = `${base}/v1${path}${toSearch({ account, ...query })}`
    const deadline = AbortSignal.timeout(timeoutMs)
    const headers = {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...call.headers,
    }
    let response: Response
    let text: string
    try {
      response = await send(url, {
        method,
        headers,
        // The API leads nowhere. Followed, a change would become a GET or be made elsewhere, and the key might go with it.
        redirect: 'manual',
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      text = await response.text()
    } catch (thrown) {
      signal?.throwIfAborted()
      throw toNetworkError(deadline.aborted ? new Error(`it took more than ${timeoutMs} ms`) : thrown, url, isRead)
    }
    if (!response.ok) throw toRefusal(response, text, isRead)
    return { status: response.status, body: parse<T>(response, text) }
  }

  return async (call) => {
    requireWhole(call.path)
    const begin = performance.now()
    for (let count = 1; ; count++) {
      call.signal?.throwIfAborted()
      try {
        return await attempt(call)
      } catch (thrown) {
        if (!(thrown instanceof BiplaneError)) throw thrown
        const progress = { attempt: count, elapsedMs: performance.now() - begin }
        const delayMs = nextDelayMs(thrown, call.repeatable, progress, policy)
        if (delayMs === undefined) throw thrown
        await sleep(delayMs, call.signal)
      }
    }
  }
}

/** Segments that are empty, or that whoever parses the URL takes away. */
const VANISHING = /\/\.{0,2}(?:\/|$)/

/**
 * Without one of its segments a path is another one: of all tokens instead of one, of an account instead of its key.
 *
 * @throws BiplaneError `invalid_request`
 */
function requireWhole(path: string): void {
  if (!VANISHING.test(path)) return
  throw new BiplaneError({ code: 'invalid_request', detail: `An identifier is neither empty nor dots: /v1${path}` })
}

/** @throws the signal's reason */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

function toSearch(query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) => {
    if (value === undefined) return []
    return [[name, value instanceof Date ? value.toISOString() : String(value)]]
  })
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}

/** A name for a request that may be sent twice. Not `randomUUID()`: browsers have it on secure origins only. */
export function newIdempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function parse<T>(response: Response, text: string): T {
  try {
    return JSON.parse(text) as T
  } catch (cause) {
    throw new BiplaneError({
      code: 'unexpected',
      status: response.status,
      detail: 'The answer is not JSON: look at what stands before the server, and at baseUrl.',
      applied: 'unknown',
      cause,
    })
  }
}
