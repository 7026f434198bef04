// What a check works with: requests to one deployment, resources that it makes and that are purged when it has ended. Over HTTP alone.

import type { Permission } from '../identity/token.ts'
import type { ResourceJson } from '../wire/resource.ts'
import { Answer, Violation } from './answer.ts'

export interface ConformanceOptions {
  /** Where the deployment answers, such as `http://127.0.0.1:8787`. */
  readonly baseUrl: string
  /** The operator's, or one of an account that may create, change and delete. */
  readonly key?: string | undefined
  /** Instead of a key, where the application has a sign-in of its own. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The resource type, as in `/v1/{plural}`. */
  readonly plural: string
  /** Members of every creation, for types that need some: `{ params: ... }`. */
  readonly creation?: Readonly<Record<string, unknown>> | undefined
  /** For one request. Default: 10 seconds. */
  readonly timeoutMs?: number | undefined
  /** Default: the global one. */
  readonly fetch?: typeof fetch | undefined
}

export interface Ask {
  readonly json?: unknown
  readonly body?: RequestInit['body']
  readonly headers?: HeadersInit | undefined
  /** Who asks: the options' own (default), nobody, or the holder of a token. */
  readonly as?: 'key' | 'nobody' | { readonly token: string }
  /** What is special about this request, for whoever reads a failure. */
  readonly note?: string
}

/** Thrown by a check that finds that it cannot be run here. */
export class Skipped extends Error {
  override readonly name = 'Skipped'
}

/** What a check sees. Every resource that is made through it is purged at the end. */
export interface CheckContext<O extends ConformanceOptions = ConformanceOptions> {
  readonly options: O
  /** Random; in the name of every resource that the check makes. */
  readonly prefix: string
  /** `/v1/{plural}`, and below it. */
  api(id?: string, rest?: string): string
  /** One request; a path is below the base URL. Waits when it is told to ask later (429). @throws Violation without an answer */
  ask(method: string, path: string, ask?: Ask): Promise<Answer>
  /** A new resource that has what it needs. @throws Violation */
  create(body?: Readonly<Record<string, unknown>>): Promise<ResourceJson>
  /** A token for its content. @throws Violation */
  token(id: string, permission?: Permission): Promise<string>
  /** Deletes it, and waits until its object knows; whether it can be restored. @throws Violation */
  remove(id: string, purge?: 'purge'): Promise<{ readonly isRestorable: boolean }>
  /** Undoes that, and waits until its object knows. @throws Violation */
  restore(id: string): Promise<void>
  /** Changes it, and waits until its object knows. @throws Violation */
  update(id: string, changes: Readonly<Record<string, unknown>>): Promise<ResourceJson>
  /** Revokes every token of it. @throws Violation */
  revoke(id: string): Promise<void>
  /** Ends the check as skipped. */
  skip(reason: string): never
}

const DEFAULT_TIMEOUT_MS = 10_000
/** What takes effect a little later (202) has this long. */
const SETTLE_MS = 10_000
const POLL_MS = 50
/** A deployment that limits how fast one may create is not at fault. */
const MAX_WAITS = 10

export function openContext<O extends ConformanceOptions>(
  options: O,
): CheckContext<O> & { readonly cleanUp: () => Promise<string[]> } {
  const made = new Set<string>()
  const all = `/v1/${options.plural}`
  const context: CheckContext<O> = {
    options,
    prefix: `conformance-${crypto.randomUUID().slice(0, 8)}`,
    api: (id, rest = '') => (id === undefined ? all : `${all}/${id}${rest}`),
    async ask(method, path, ask = {}) {
      const answer = await askPatiently(options, method, path, ask)
      const { id } = answer.json
      if (method === 'POST' && path === all && answer.isDone && typeof id === 'string') made.add(id)
      return answer
    },
    async create(body = {}) {
      const named = { name: `${context.prefix} ${made.size + 1}`, ...options.creation, ...body }
      const answer = await context.ask('POST', all, { json: named })
      return settled(context, answer.requireStatus(201, 202))
    },
    async token(id, permission = 'write') {
      const answer = await context.ask('POST', context.api(id, '/tokens'), { json: { permission } })
      const { token } = answer.requireStatus(201).json
      if (typeof token !== 'string') throw new Violation(answer.asked, 'a member `token`', answer.shown)
      return token
    },
    async remove(id, purge) {
      const query = purge === undefined ? '' : '?purge=true'
      const answer = (await context.ask('DELETE', context.api(id) + query)).requireStatus(200, 202)
      await settled(context, answer)
      return { isRestorable: answer.json['purge_time'] !== undefined }
    },
    async restore(id) {
      const answer = await context.ask('POST', context.api(id, '/restore'), { json: {} })
      await settled(context, answer.requireStatus(200, 202))
    },
    async update(id, changes) {
      return settled(context, (await context.ask('PATCH', context.api(id), { json: changes })).requireStatus(200, 202))
    },
    async revoke(id) {
      await settled(context, (await context.ask('DELETE', context.api(id, '/tokens'))).requireStatus(200, 202))
    },
    skip(reason) {
      throw new Skipped(reason)
    },
  }
  return { ...context, cleanUp: () => purgeAll(context, made) }
}

/** The resource of an answer; of one that was accepted only (202), as it is once that has taken effect. */
async function settled(context: CheckContext, answer: Answer): Promise<ResourceJson> {
  const id = String(answer.json['id'])
  const end = Date.now() + SETTLE_MS
  let last = answer
  while (last.status === 202 || !isSettled(last)) {
    if (Date.now() > end) throw new Violation(answer.asked, `its end within ${SETTLE_MS / 1000} s`, last.shown)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    last = (await context.ask('GET', context.api(id))).requireStatus(200)
  }
  return last.json as unknown as ResourceJson
}

function isSettled({ json }: Answer): boolean {
  return (
    json['state'] !== 'creating' && json['state'] !== 'deleting' && json['applied_version'] === json['desired_version']
  )
}

async function askPatiently(options: ConformanceOptions, method: string, path: string, ask: Ask): Promise<Answer> {
  for (let waits = 0; ; waits++) {
    const answer = await askOnce(options, method, path, ask)
    if (answer.status !== 429 || waits === MAX_WAITS) return answer
    const seconds = Math.min(Number(answer.headers.get('retry-after') ?? 1), 5)
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  }
}

async function askOnce(options: ConformanceOptions, method: string, path: string, ask: Ask): Promise<Answer> {
  const { json, body, as = 'key', note } = ask
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options
  const headers = new Headers(ask.headers)
  for (const [name, value] of Object.entries(credentialsOf(options, as))) headers.set(name, value)
  if (json !== undefined) headers.set('content-type', 'application/json')
  const asked = `${method} ${path}${note === undefined ? '' : ` (${note})`}`
  const init = {
    method,
    headers,
    body: json === undefined ? (body ?? null) : JSON.stringify(json),
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
    // A streamed body needs it, and no other minds.
    duplex: 'half',
  } satisfies RequestInit & { readonly duplex: 'half' }
  try {
    const response = await (options.fetch ?? fetch)(options.baseUrl.replace(/\/$/, '') + path, init)
    return new Answer(asked, response, await response.arrayBuffer())
  } catch (thrown) {
    throw new Violation(asked, `an answer within ${timeoutMs / 1000} s`, causeOf(thrown))
  }
}

function credentialsOf({ key, headers }: ConformanceOptions, as: Ask['as']): Readonly<Record<string, string>> {
  if (typeof as === 'object') return { authorization: `Bearer ${as.token}` }
  if (as === 'nobody') return {}
  return headers ?? (key === undefined ? {} : { authorization: `Bearer ${key}` })
}

function causeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  return thrown.cause instanceof Error ? `${thrown.message}: ${thrown.cause.message}` : thrown.message
}

/** @returns what could not be purged, one line each */
async function purgeAll(context: CheckContext, ids: ReadonlySet<string>): Promise<string[]> {
  const left: string[] = []
  for (const id of ids) {
    try {
      const answer = await context.ask('DELETE', `${context.api(id)}?purge=true`)
      if (!answer.isDone && answer.status !== 404) left.push(`${answer.asked}: ${answer.shown}`)
    } catch (thrown) {
      left.push(causeOf(thrown))
    }
  }
  return left
}
