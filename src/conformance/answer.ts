// An answer, read to its end, that remembers what was asked; and what a check says when it is not what the rule expects.

import type { ErrorCode } from '../wire/errors.ts'

/** A rule that was not kept. The message is for whoever has to find out why. */
export class Violation extends Error {
  override readonly name = 'Violation'

  constructor(asked: string, expected: string, came: string) {
    super(`asked    ${asked}\nexpected ${expected}\ncame     ${came}`)
  }
}

/** What a deployment signs, and keys of accounts. */
const SECRET = /[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}|\bbp_[\w-]+/g
/** Enough of a body to recognise it. */
const SHOWN_LENGTH = 300

export class Answer {
  /** Method and path, and what was special about the request. */
  readonly asked: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly #bytes: ArrayBuffer

  constructor(asked: string, response: Response, bytes: ArrayBuffer) {
    this.asked = asked
    this.status = response.status
    this.headers = response.headers
    this.#bytes = bytes
    this.text = new TextDecoder().decode(bytes)
  }

  get isDone(): boolean {
    return this.status >= 200 && this.status < 300
  }

  /** As `fetch` gave it; every call gives a new one. */
  toResponse(): Response {
    const isEmpty = this.status === 204 || this.status === 304
    return new Response(isEmpty ? null : this.#bytes, { status: this.status, headers: this.headers })
  }

  /** The members of a JSON body; none for anything else. */
  get json(): Readonly<Record<string, unknown>> {
    try {
      const value: unknown = JSON.parse(this.text)
      return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
    } catch {
      return {}
    }
  }

  /** @throws Violation unless it has one of these */
  requireStatus(...statuses: readonly number[]): this {
    return this.require(statuses.includes(this.status), `status ${statuses.join(' or ')}`)
  }

  /** @throws Violation unless it is a success */
  requireDone(what: string): this {
    return this.require(this.isDone, `${what}: status 2xx`)
  }

  /** @throws Violation unless it is a refusal by the control plane with this status and code */
  requireRefusal(status: number, code: ErrorCode): this {
    return this.require(this.status === status && this.json['code'] === code, `${status} with code "${code}"`)
  }

  /** @param came default: status and body @throws Violation unless it is met */
  require(isMet: boolean, expected: string, came?: string): this {
    if (!isMet) throw new Violation(this.asked, expected, came ?? this.shown)
    return this
  }

  /** @throws Violation unless the header has this value, or one that matches */
  requireHeader(name: string, expected: string | RegExp | null): this {
    const value = this.headers.get(name)
    const isMet = expected instanceof RegExp ? expected.test(value ?? '') : value === expected
    const wanted = expected === null ? `no header ${name}` : `${name}: ${String(expected)}`
    return this.require(isMet, wanted, `status ${this.status}, ${value === null ? `no ${name}` : `${name}: ${value}`}`)
  }

  /** Status and the beginning of the body, without tokens. */
  get shown(): string {
    // Before it is cut: half a token looks like none, and holds as much.
    const body = this.text.replaceAll(SECRET, '(token)').slice(0, SHOWN_LENGTH)
    return `status ${this.status}${body === '' ? '' : ` ${body.trim()}`}`
  }
}

/** @throws Violation unless both are the same JSON */
export function requireEqual(asked: string, actual: unknown, expected: unknown): void {
  const [came, wanted] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (came !== wanted) throw new Violation(asked, wanted, came)
}
