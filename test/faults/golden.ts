// Golden transcripts: what the two planes say to each other, as recorded once and committed. Identifiers of the recording deployment stand
// in them as placeholders, so that they can be said again to any other.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlCall, ControlMethod, DataCall, DataMethod } from '../../src/wire/planes.ts'
import { ROOT } from '../support/server.ts'

export const GOLDEN_FOLDER: string = join(ROOT, 'test/fixtures/planes')

/** In the order in which they can be said again. A name is `plane-method`, and what is special about it. */
export const CONTROL = [
  'control-policy',
  'control-create',
  'control-create-refused',
  'control-get',
  'control-get-moved',
  'control-list',
  'control-update',
  'control-grant',
  'control-revokeTokens',
  'control-inspect',
  'control-reportUsage',
  'control-remove',
  'control-restore',
  'control-useCode',
  'control-bulkCreate',
  'control-count',
  'control-purgeDeleted',
  'control-usage',
  'control-account',
  'control-audit',
  'control-events',
  'control-getOperation',
  'control-listOperations',
  'control-cancelOperation',
  'control-holdAccount',
  'control-metrics',
  'control-importRows',
  'control-openImport',
  'control-closeImport',
  'control-exportRows',
  'control-transfer',
  'control-receiveResource',
  'control-reshard',
  'control-moveOut',
  'control-reconcile',
  'control-retell',
  'control-receiveAccount',
  'control-move',
] as const
export const DATA = [
  'data-apply',
  'data-describe',
  'data-digest',
  'data-takeOver',
  'data-purge',
  'data-apply-refused',
  'data-forget',
  'data-leave',
] as const

/** Those that a real caller of ours makes at an HTTP request, or because of one. */
export const CALLED = [
  'control-policy',
  'control-create',
  'control-get',
  'control-list',
  'control-update',
  'control-grant',
  'control-revokeTokens',
  'control-inspect',
  'control-remove',
  'control-restore',
  'control-useCode',
  'control-bulkCreate',
  'control-count',
  'control-purgeDeleted',
  'control-usage',
  'control-account',
  'control-audit',
  'control-events',
  'control-getOperation',
  'control-listOperations',
  'control-cancelOperation',
  'control-metrics',
  'control-transfer',
  'control-receiveResource',
  'control-reshard',
  'control-receiveAccount',
  'control-reconcile',
  'control-move',
  'data-apply',
  'data-describe',
  'data-purge',
  'data-forget',
] as const

export type PlaneName = 'control' | 'data'

export interface Exchange {
  readonly call: ControlCall | DataCall
  readonly answer: unknown
}

export interface Golden extends Exchange {
  readonly plane: PlaneName
}

/** Every method of both faces: a new one does not compile until it stands here, and is not green until it has a transcript. */
const METHODS: { readonly control: Record<ControlMethod, true>; readonly data: Record<DataMethod, true> } = {
  control: {
    create: true,
    get: true,
    list: true,
    update: true,
    remove: true,
    restore: true,
    revokeTokens: true,
    grant: true,
    inspect: true,
    policy: true,
    useCode: true,
    reportUsage: true,
    bulkCreate: true,
    count: true,
    purgeDeleted: true,
    transfer: true,
    usage: true,
    account: true,
    holdAccount: true,
    audit: true,
    events: true,
    getOperation: true,
    listOperations: true,
    cancelOperation: true,
    metrics: true,
    reshard: true,
    moveOut: true,
    reconcile: true,
    retell: true,
    receiveAccount: true,
    receiveResource: true,
    exportRows: true,
    importRows: true,
    openImport: true,
    closeImport: true,
    move: true,
  },
  data: { apply: true, purge: true, forget: true, describe: true, takeOver: true, digest: true, leave: true },
}

export function allMethods(): string[] {
  return (['control', 'data'] as const).flatMap((plane) =>
    Object.keys(METHODS[plane]).map((method) => `${plane}-${method}`),
  )
}

export function readGolden(): Map<string, Golden> {
  return new Map(
    readdirSync(GOLDEN_FOLDER)
      .filter((file) => file.endsWith('.json'))
      .map((file): [string, Golden] => [
        file.slice(0, -'.json'.length),
        JSON.parse(readFileSync(join(GOLDEN_FOLDER, file), 'utf8')) as Golden,
      ]),
  )
}

export function writeGolden(name: string, golden: Golden): void {
  writeFileSync(join(GOLDEN_FOLDER, `${name}.json`), `${JSON.stringify(golden, undefined, 2)}\n`)
}

/** Replaces texts wherever they stand, inside other texts too. */
export function replaceAll<T>(value: T, texts: ReadonlyMap<string, string>): T {
  let text = JSON.stringify(value)
  for (const [from, to] of texts) text = text.replaceAll(from, to)
  return JSON.parse(text) as T
}

/** Members whose value decides what the others mean: the same answer must say the same here. */
const DECISIVE: ReadonlySet<string> = new Set([
  'ok',
  'outcome',
  'kind',
  'reason',
  'code',
  'applied',
  'state',
  'mode',
  'epoch',
])

/** What `answer` lacks of what was recorded: members may be added, none may go or change its type. @param decisive that must be the same */
export function missing(
  recorded: unknown,
  answer: unknown,
  path = 'answer',
  decisive: ReadonlySet<string> = DECISIVE,
): string[] {
  if (recorded === null) return answer === undefined ? [`${path} is gone`] : []
  if (typeof recorded !== typeof answer || answer === null || Array.isArray(recorded) !== Array.isArray(answer))
    return [`${path} was ${typeof recorded} and is ${answer === null ? 'null' : typeof answer}`]
  if (Array.isArray(recorded)) {
    const [first] = recorded
    return recorded.length === 0 ? [] : missing(first, (answer as unknown[])[0], `${path}[0]`, decisive)
  }
  if (typeof recorded !== 'object') return []
  const now = answer as Readonly<Record<string, unknown>>
  return Object.entries(recorded).flatMap(([key, value]) => {
    const at = `${path}.${key}`
    if (!Object.hasOwn(now, key)) return [`${at} is gone`]
    const isOther = decisive.has(key) && typeof value !== 'object' && now[key] !== value
    return isOther ? [`${at} was ${String(value)} and is ${String(now[key])}`] : missing(value, now[key], at, decisive)
  })
}
