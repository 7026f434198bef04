// A resource of the type under test, written and read through the builder's probe.

import type { Permission } from '../../identity/token.ts'
import type { ResourceJson } from '../../wire/resource.ts'
import { Violation, type Answer } from '../answer.ts'
import type { Ask, CheckContext, ConformanceOptions } from '../context.ts'
import { textProbe, type Probe } from '../probe.ts'

export interface TypeConformanceOptions extends ConformanceOptions {
  /** Default: `textProbe()`, a PUT and a GET of the resource's root. */
  readonly probe?: Probe | undefined
  /** The type's `limits.bodyBytes`. Default: the framework's, 16 MiB. */
  readonly bodyBytes?: number | undefined
  /** Stops the server in order and starts it again on the same data; resolves when it answers. */
  readonly restart?: (() => Promise<unknown>) | undefined
  /** The same with `kill -9` of every process. */
  readonly kill?: (() => Promise<unknown>) | undefined
}

export type TypeContext = CheckContext<TypeConformanceOptions>

interface As {
  /** Default: the token for everything that the resource was opened with. */
  readonly as?: Ask['as']
  readonly headers?: Readonly<Record<string, string>>
  /** Instead of what the probe sends. */
  readonly body?: RequestInit['body']
  readonly note?: string
}

/** What a read may show. */
interface Expected {
  /** These writes were acknowledged, in this order. */
  readonly acknowledged: readonly number[]
  /** These may have taken effect: their answers did not come. */
  readonly unknown?: readonly number[]
  /** Whether the writes had an order at all. */
  readonly isAtOnce?: boolean
}

export interface Probed {
  readonly resource: ResourceJson
  /** For everything; what its own requests use. */
  token: string
  /** Takes a new token. */
  renew(): Promise<void>
  write(n: number, as?: As): Promise<Answer>
  read(as?: As): Promise<Answer>
  /** Writes each and requires its success, one after the other. @throws Violation */
  writeAll(...numbers: readonly number[]): Promise<void>
  /** @throws Violation unless a read shows exactly these writes */
  requireShown(expected: readonly number[] | Expected, note?: string): Promise<void>
  mint(permission: Permission): Promise<string>
}

/** A new resource and a token that allows everything. */
export async function openProbed(context: TypeContext, body: Readonly<Record<string, unknown>> = {}): Promise<Probed> {
  const { options } = context
  const probe = options.probe ?? textProbe()
  const resource = await context.create(body)
  const base = `/${options.plural}/${resource.id}/`

  const probed: Probed = {
    resource,
    token: await context.token(resource.id, 'admin'),
    mint: (permission) => context.token(resource.id, permission),
    async renew() {
      probed.token = await probed.mint('admin')
    },
    write(n, { as = { token: probed.token }, headers, body: instead, note = `write ${n}` } = {}) {
      const { path = '', method = 'PUT', ...init } = probe.write(n)
      const merged = new Headers(init.headers)
      for (const [name, value] of Object.entries(headers ?? {})) merged.set(name, value)
      return context.ask(method, base + path, { as, headers: merged, body: instead ?? init.body ?? null, note })
    },
    read: ({ as = { token: probed.token }, headers, note } = {}) =>
      context.ask('GET', base + (probe.read ?? ''), { as, headers, ...(note === undefined ? {} : { note }) }),
    async writeAll(...numbers) {
      for (const n of numbers) (await probed.write(n)).requireDone('the write')
    },
    async requireShown(expected, note = 'what was written') {
      const answer = (await probed.read({ note })).requireStatus(200)
      const shown = await extractFrom(probe, answer)
      const all = 'acknowledged' in expected ? expected : { acknowledged: expected }
      const problem = problemOf(shown, all, probe.replaces === true)
      if (problem !== undefined) throw new Violation(answer.asked, problem, describe(shown))
    },
  }
  return probed
}

async function extractFrom(probe: Probe, answer: Answer): Promise<readonly number[] | number> {
  try {
    return await probe.extract(answer.toResponse())
  } catch (thrown) {
    throw new Violation(answer.asked, 'what the probe can extract from', `${String(thrown)}; ${answer.shown}`)
  }
}

/** What was expected instead; undefined when it is as it should be. */
function problemOf(shown: readonly number[] | number, expected: Expected, replaces: boolean): string | undefined {
  const { acknowledged, unknown = [], isAtOnce = false } = expected
  const isOpen = unknown.length > 0
  const maybe = isOpen ? `, and perhaps ${unknown.join(', ')}` : ''
  if (typeof shown === 'number') {
    const isWithin = shown >= acknowledged.length && shown <= acknowledged.length + unknown.length
    return isWithin ? undefined : `${acknowledged.length} writes${maybe}`
  }
  const counts = [...shown].toSorted((a, b) => a - b)
  if (replaces) {
    const last = isAtOnce ? acknowledged : acknowledged.slice(-1)
    const allowed = [...last, ...unknown]
    if (allowed.length === 0) return counts.length === 0 ? undefined : 'no write'
    const isOne = counts.length === 1 && allowed.includes(counts[0] ?? Number.NaN)
    return isOne || (acknowledged.length === 0 && counts.length === 0)
      ? undefined
      : `one of the writes ${allowed.join(', ')}`
  }
  const rest = counts.filter((n) => !acknowledged.includes(n))
  const once = acknowledged.length > 0 ? ', each once' : ''
  const isOnce = new Set(counts).size === counts.length
  const isAll = acknowledged.every((n) => counts.includes(n)) && rest.every((n) => unknown.includes(n))
  return isOnce && isAll ? undefined : `${describe(acknowledged)}${once}${maybe}`
}

function describe(shown: readonly number[] | number): string {
  if (typeof shown === 'number') return `${shown} writes`
  return shown.length === 0 ? 'no write' : `the writes ${shown.join(', ')}`
}
