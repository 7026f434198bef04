// One client: sends requests until it knows what came of each, and writes down what the journals must say about it. Every change of this
// API can be repeated until it is answered, so that a client never has to guess: it says the same again.

import { setTimeout as wait } from 'node:timers/promises'
import type { OperationJson } from '../../src/wire/operation.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { content, json, type Problem } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'
import { Tenant } from '../support/tenant.ts'
import { allReady } from './cells.ts'
import { ClientModel, QUOTA, isSame, runningMove, type Domain, type Modelled } from './model.ts'
import { Violation } from './violation.ts'

export interface Answer {
  readonly status: number
  readonly code: string | undefined
  readonly text: string
  readonly body: unknown
  /** What a refusal says about whether anything has changed. */
  readonly applied: string | undefined
  /** Request ids, the last of which was answered definitely. */
  readonly attempts: readonly string[]
}

/** What the audit log must say about one thing that was asked for. */
export interface ExpectedAudit {
  readonly account: string
  readonly action: string
  readonly attempts: readonly string[]
  /** Entries `ok` of all attempts together. */
  readonly least: number
  readonly most: number
  /** Of the last attempt. */
  readonly refusal?: string
  readonly resource?: string
}

/** Refusals that the log tells of. */
const AUDITED = new Set([
  'suspended',
  'quota_exceeded',
  'not_found',
  'already_exists',
  'delete_protected',
  'deleted',
  'precondition_failed',
])

/** A process that was killed is back within a second, and a machine may be busy. */
const PATIENCE_MS = 40_000
const ANSWER_TIMEOUT_MS = 20_000

export class Client {
  readonly model: ClientModel
  readonly server: TestServer
  readonly audits: ExpectedAudit[] = []
  /** Answers that are no definite ones, by code. */
  readonly trouble = new Map<string, number>()
  /** Whether nothing has been killed yet: then there is no reason not to be answered. */
  readonly isCalm: () => boolean
  /** Answers that were seen beside its operations. */
  watchedReads = 0
  #requests = 0
  #watching: Promise<void>[] = []

  constructor(server: TestServer, number: number, isCalm: () => boolean) {
    this.server = server
    this.isCalm = isCalm
    this.model = new ClientModel(number)
  }

  tenant({ account, plural }: Domain, role = 'admin'): Tenant {
    const isOwn = isSame({ account, plural }, this.model.ownDomain)
    return new Tenant(this.server, account, { role, ...(isOwn ? { limits: { resources: QUOTA } } : {}) })
  }

  /** A control plane request. @param isPending answers that only say: not yet */
  ask(
    domain: Domain,
    path: string,
    {
      method = 'GET',
      body,
      headers = {},
      role = 'admin',
      isPending = () => false,
    }: {
      readonly method?: string
      readonly body?: object
      readonly headers?: Readonly<Record<string, string>>
      readonly role?: string
      readonly isPending?: (status: number) => boolean
    } = {},
  ): Promise<Answer> {
    const tenant = this.tenant(domain, role)
    const send = (requestId: string): Promise<Response> => {
      const all = { ...headers, 'x-request-id': requestId }
      const init = body === undefined ? { method, headers: all } : json(method, body, all)
      return tenant.ask(path, { ...init, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })
    }
    return this.#until(`${method} ${path}`, send, isPending)
  }

  /** A request to the content. @param isRefusalEnough whether the first answer is one if it says that nothing has changed */
  askContent(
    one: Modelled,
    token: string,
    init: RequestInit = {},
    { isRefusalEnough = false }: { readonly isRefusalEnough?: boolean } = {},
  ): Promise<Answer> {
    const path = `/${one.domain.plural}/${one.id}/`
    const send = (requestId: string): Promise<Response> =>
      content(this.server, path, token, {
        ...init,
        headers: { 'x-request-id': requestId },
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      })
    // Killed at the very moment at which it lets a resource go, an object has forgotten it until it is told again where that went.
    const isPending = (status: number): boolean => status === 404 && runningMove(one) !== undefined && !this.isCalm()
    return this.#until(`${init.method ?? 'GET'} ${path}`, send, isPending, isRefusalEnough)
  }

  /** What goes on beside its operations. */
  watch(watching: Promise<void>): void {
    watching.catch(() => {})
    this.#watching.push(watching)
  }

  /** @throws Violation that somebody saw who watched */
  async watched(): Promise<void> {
    const watching = this.#watching
    this.#watching = []
    await Promise.all(watching)
  }

  /** The resource when its object knows all that was recorded. */
  settled(domain: Domain, id: string): Promise<ResourceJson> {
    return this.poll<ResourceJson>(
      domain,
      `${domain.plural}/${id}`,
      ({ state, applied_version, desired_version }) =>
        state !== 'creating' && state !== 'deleting' && applied_version === desired_version,
    )
  }

  /** The operation when it has ended. */
  ended(domain: Domain, id: string): Promise<OperationJson> {
    return this.poll<OperationJson>(domain, `operations/${id}`, ({ state }) => state !== 'running')
  }

  async poll<T>(domain: Domain, path: string, isDone: (value: T) => boolean): Promise<T> {
    const end = performance.now() + PATIENCE_MS
    for (;;) {
      const { status, body, text } = await this.ask(domain, path)
      if (status !== 200) throw new Violation(`[RC1] GET ${path} is answered ${status}: ${text}`)
      if (isDone(body as T)) return body as T
      if (performance.now() > end) throw new Violation(`[RC1] it does not come to its end: ${text}`)
      await wait(20)
    }
  }

  /** Notes what the audit log must say. @param ok entries of all attempts together, when it was not refused */
  expectAudit(
    account: string,
    action: string,
    { attempts, code }: Answer,
    ok: { readonly least: number; readonly most: number },
    resource?: string,
  ): void {
    const isRefused = code !== undefined
    const about = { account, action, attempts, ...(resource === undefined ? {} : { resource }) }
    if (!isRefused) this.audits.push({ ...about, ...ok })
    else if (AUDITED.has(code)) this.audits.push({ ...about, least: 0, most: 0, refusal: code })
  }

  async #until(
    what: string,
    send: (requestId: string) => Promise<Response>,
    isPending: (status: number) => boolean,
    isRefusalEnough = false,
  ): Promise<Answer> {
    const attempts: string[] = []
    const end = performance.now() + PATIENCE_MS
    for (;;) {
      const requestId = `${this.model.name}-${this.#requests++}`
      attempts.push(requestId)
      const answer = await received(send(requestId))
      if (typeof answer !== 'string' && isDefinite(answer) && !isPending(answer.status)) return { ...answer, attempts }
      if (isRefusalEnough && attempts.length === 1 && typeof answer !== 'string' && answer.applied === 'no')
        return { ...answer, attempts }
      const trouble = typeof answer === 'string' ? 'broken' : `${answer.status} ${answer.code ?? ''}`.trim()
      const isRead = what.startsWith('GET')
      if (isRead && typeof answer !== 'string' && answer.code === 'unavailable' && this.isCalm())
        throw new Violation(`[MV2] everything is up, and ${what} is answered ${answer.text}`)
      const key = isRead ? `${trouble} (read)` : trouble
      this.trouble.set(key, (this.trouble.get(key) ?? 0) + 1)
      if (performance.now() > end)
        throw new Violation(
          `[RC1] no definite answer to ${what}; at last: ${typeof answer === 'string' ? answer : answer.text}`,
        )
      await this.#patience(answer, attempts.length)
    }
  }

  async #patience(answer: Received | string, attempt: number): Promise<void> {
    const retryAfter = typeof answer === 'string' ? 0 : answer.retryAfterSeconds
    const isTooMuch = typeof answer !== 'string' && (answer.code === 'rate_limited' || answer.code === 'overloaded')
    await allReady(this.server)
    await wait(isTooMuch ? retryAfter * 1000 : Math.min(10 * attempt, 200))
  }
}

interface Received extends Omit<Answer, 'attempts'> {
  readonly retryAfterSeconds: number
}

/** @returns why there is no answer, when there is none */
async function received(response: Promise<Response>): Promise<Received | string> {
  try {
    const answer = await response
    const text = await answer.text()
    const isJson = (answer.headers.get('content-type') ?? '').includes('json')
    const body: unknown = isJson ? JSON.parse(text) : undefined
    const problem = answer.status < 400 ? undefined : ((body ?? { code: 'none' }) as Partial<Problem>)
    return {
      status: answer.status,
      code: problem?.code,
      applied: problem?.applied,
      text,
      body,
      retryAfterSeconds: Number(answer.headers.get('retry-after') ?? 0),
    }
  } catch (error) {
    return String(error)
  }
}

/** Whether it says what is: not that it is too busy, or under way, or that nobody knows. */
export function isDefinite({ status, code }: Pick<Answer, 'status' | 'code'>): boolean {
  return status < 500 && status !== 429 && code !== 'not_ready'
}
