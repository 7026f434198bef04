// What a client means to do next: chosen by its own chance from its own model alone, so that a seed repeats the same intents whatever
// the timing, the other clients and the kills.

import { CELLS, type Cell } from './cells.ts'
import type { ClientModel, Domain, Mode, Modelled } from './model.ts'
import type { Random } from './random.ts'

export interface NewResource {
  readonly name?: string
  readonly cell?: Cell
  readonly labels: Readonly<Record<string, string>>
  readonly delete_protection?: boolean
  /** The type refuses it. */
  readonly params?: { readonly refuse: true }
}

export interface Filter {
  readonly state?: Mode
  readonly name_prefix?: string
  readonly q?: string
  readonly shape?: string
  readonly cell?: Cell
  readonly deleted?: boolean
  readonly descending?: boolean
  readonly limit: number
  /** Created when this one was, or later. */
  readonly since?: number
}

/** `one` is the ordinal of the resource that it is about. */
export type Intent =
  | { readonly kind: 'create'; readonly domain: Domain; readonly body: NewResource; readonly repeat?: 'same' | 'other' }
  | { readonly kind: 'bulk'; readonly domain: Domain; readonly bodies: readonly NewResource[] }
  | { readonly kind: 'update'; readonly one: number; readonly changes: Changes; readonly isStale: boolean }
  | {
      readonly kind: 'write'
      readonly one: number
      readonly token: number
      readonly text: string
      readonly filler: number
    }
  | { readonly kind: 'read'; readonly one: number; readonly token: number }
  | { readonly kind: 'mint' | 'revoke' | 'get'; readonly one: number }
  | { readonly kind: 'delete'; readonly one: number; readonly purge: boolean }
  | { readonly kind: 'restore'; readonly one: number; readonly name?: string }
  | { readonly kind: 'purge_all' }
  | { readonly kind: 'transfer'; readonly one: number; readonly to: string }
  | { readonly kind: 'move'; readonly one: number; readonly to: Cell }
  | { readonly kind: 'cancel'; readonly one: number }
  | { readonly kind: 'list' | 'count'; readonly domain: Domain; readonly filter: Filter }

export interface Changes {
  readonly name?: string | null
  readonly labels?: Readonly<Record<string, string>>
  readonly mode?: Mode
  readonly settings?: { readonly color?: string }
  readonly delete_protection?: boolean
}

const WEIGHTS = {
  create: 10,
  bulk: 2,
  rename: 8,
  relabel: 6,
  mode: 8,
  settings: 4,
  protect: 4,
  write: 18,
  read: 8,
  mint: 4,
  revoke: 3,
  delete: 9,
  purge: 3,
  restore: 5,
  purge_all: 1,
  transfer: 6,
  move: 12,
  cancel: 2,
  list: 6,
  count: 3,
  get: 4,
} as const

export const SHAPES = ['round', 'square', 'flat'] as const
const COLORS = ['red', 'green', 'blue'] as const
const MODES: readonly Mode[] = ['active', 'active', 'read_only', 'suspended']
/** Bytes that take a moment to copy. */
const LARGE = 200_000
/** Few enough that they are often taken. */
const NAMES = 60

export function nextIntent(model: ClientModel, random: Random, number: number): Intent {
  const kind = random.weighted(WEIGHTS)
  if (kind === 'create' || model.resources.length === 0) return toCreate(model, random)
  if (kind === 'bulk') {
    const bodies = Array.from({ length: 2 + random.below(3) }, () => newResource(model, random))
    return { kind, domain: random.pick(model.domains), bodies }
  }
  if (kind === 'list' || kind === 'count')
    return { kind, domain: random.pick(model.domains), filter: toFilter(model, random) }
  if (kind === 'purge_all') return { kind }
  if (kind === 'restore') {
    const name = random.chance(0.4) ? { name: toName(model, random) } : {}
    return { kind, one: pickOne(model, random, 'kept'), ...name }
  }
  const one = pickMovedOr(model, random)
  switch (kind) {
    case 'rename':
    case 'relabel':
    case 'mode':
    case 'settings':
    case 'protect':
      return {
        kind: 'update',
        one,
        changes: toChanges(kind, model, model.at(one), random),
        isStale: random.chance(0.05),
      }
    case 'write':
      return {
        kind,
        one,
        token: random.below(100),
        text: `${model.name} wrote operation ${number}`,
        filler: random.chance(0.1) ? LARGE : 0,
      }
    case 'read':
      return { kind, one, token: random.below(100) }
    case 'mint':
    case 'revoke':
    case 'get':
      return { kind, one }
    case 'delete':
      return { kind, one, purge: false }
    case 'purge':
      return { kind: 'delete', one: pickOne(model, random, random.chance(0.5) ? 'kept' : 'live'), purge: true }
    case 'move':
      return { kind, one, to: toGoal(model, one, random) }
    case 'cancel':
      return { kind, one }
    case 'transfer': {
      const { plural } = model.at(one).domain
      const accounts = model.domains.filter((domain) => domain.plural === plural).map(({ account }) => account)
      return { kind, one, to: random.pick(accounts) }
    }
  }
}

/** Mostly what is useful; now and then one for which it is not meant. */
function pickOne(model: ClientModel, random: Random, life: Modelled['life']): number {
  const fitting = model.resources.filter((one) => one.life === life)
  const list = random.chance(0.9) && fitting.length > 0 ? fitting : model.resources
  return random.pick(list).ordinal
}

/** Mostly another cell than the one where it probably is. */
function toGoal(model: ClientModel, one: number, random: Random): Cell {
  const goal = random.chance(0.9) ? model.goals.get(one) : undefined
  return random.pick(CELLS.filter((cell) => cell !== goal))
}

/** Often one that may just be moving. */
function pickMovedOr(model: ClientModel, random: Random): number {
  const moving = random.chance(0.4) ? model.pending.at(-1) : undefined
  return moving?.ordinal ?? pickOne(model, random, 'live')
}

function toCreate(model: ClientModel, random: Random): Intent {
  const domain = random.pick(model.domains)
  const body = newResource(model, random)
  const repeat = random.chance(0.1) ? ({ repeat: random.chance(0.5) ? 'same' : 'other' } as const) : {}
  return { kind: 'create', domain, body, ...repeat }
}

function newResource(model: ClientModel, random: Random): NewResource {
  return {
    ...(random.chance(0.8) ? { name: toName(model, random) } : {}),
    ...(random.chance(0.8) ? { cell: random.pick(CELLS) } : {}),
    labels: toLabels(model, random),
    ...(random.chance(0.1) ? { delete_protection: true } : {}),
    ...(random.chance(0.06) ? { params: { refuse: true } as const } : {}),
  }
}

/** Two names that differ in case are one. */
function toName(model: ClientModel, random: Random): string {
  const name = `${model.name} name ${random.below(NAMES)}`
  return random.chance(0.3) ? name.toUpperCase() : name
}

function toLabels(model: ClientModel, random: Random): Record<string, string> {
  return { client: model.name, ...(random.chance(0.7) ? { shape: random.pick(SHAPES) } : {}) }
}

function toChanges(
  kind: 'rename' | 'relabel' | 'mode' | 'settings' | 'protect',
  model: ClientModel,
  one: Modelled,
  random: Random,
): Changes {
  switch (kind) {
    case 'rename':
      return { name: random.chance(0.1) ? null : toName(model, random) }
    case 'relabel':
      return { labels: toLabels(model, random) }
    case 'mode':
      return { mode: random.pick(MODES) }
    case 'settings':
      return { settings: random.chance(0.2) ? {} : { color: random.pick(COLORS) } }
    case 'protect':
      return { delete_protection: !one.isProtected }
  }
}

function toFilter(model: ClientModel, random: Random): Filter {
  return {
    limit: random.pick([20, 50, 200]),
    ...(random.chance(0.3) ? { state: random.pick(MODES) } : {}),
    ...(random.chance(0.2) ? { name_prefix: `${model.name.toUpperCase()} Name 1` } : {}),
    ...(random.chance(0.2) ? { q: 'NAME 2' } : {}),
    ...(random.chance(0.4) ? { shape: random.pick(SHAPES) } : {}),
    ...(random.chance(0.2) ? { cell: random.pick(CELLS) } : {}),
    ...(random.chance(0.3) ? { deleted: true } : {}),
    ...(random.chance(0.3) ? { descending: true } : {}),
    ...(random.chance(0.2) ? { since: random.below(model.resources.length) } : {}),
  }
}
