// What the server should hold, as plainly as it can be said: per client the resources that it made, with what was last acknowledged of
// each. Clients share accounts, shards and counts; names and resources are each client's own, so that its model needs nobody else's.

import type { OperationState } from '../../src/wire/operation.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import type { Cell } from './cells.ts'

export const ACCOUNTS = ['acme', 'beta', 'gamma'] as const
/** Of test/support/apps/tenants.ts: one shard for all, four shards, a shard for each account. */
export const PLURALS = ['files', 'spreads', 'owns'] as const

/** The resources of one type of one account. */
export interface Domain {
  readonly account: string
  readonly plural: string
}

export type Mode = 'active' | 'read_only' | 'suspended'
/** `kept`: deleted, and can be restored. */
export type Life = 'live' | 'kept' | 'purged'

export interface ModelToken {
  readonly token: string
  readonly generation: number
}

/** One entry of the feed that must come, or one for each attempt that nobody heard of. */
export interface ExpectedEvent {
  readonly account: string
  readonly kind: string
  readonly most: number
}

/** A move that has begun. Who began it goes on with other things meanwhile. */
export interface Move {
  readonly operation: string
  /** Whose the resource was. */
  readonly domain: Domain
  readonly from: Cell
  readonly to: Cell
  /** `running`: nobody has looked whether it has ended. */
  state: OperationState
  /** Something that may have ended it: a deletion, or somebody who cancelled it. */
  mayBeCancelled: boolean
  /** As the answer said: it is in the other cell. */
  isFlipped: boolean
  /** It was purged meanwhile: the feed may say nothing of the move. */
  isCutShort: boolean
}

export interface Modelled {
  readonly id: string
  readonly url: string
  /** Of its client, in the order of creation: what intents call it. */
  readonly ordinal: number
  domain: Domain
  name: string | null
  labels: Readonly<Record<string, string>>
  mode: Mode
  color: string | undefined
  isProtected: boolean
  life: Life
  content: string
  /** Everything that ever was its content. */
  readonly written: string[]
  generation: number
  readonly tokens: ModelToken[]
  /** As the server told it: its place in lists. */
  createTime: string
  readonly events: ExpectedEvent[]
  /** Where it is, or was before the move that is running. */
  cell: Cell
  /** In the order in which they began. */
  readonly moves: Move[]
}

/** So many live ones, and so many kept ones, in a domain that is one client's alone. */
export const QUOTA = 8

/** What touches a whole domain needs one that nobody else uses; one for each client. The other five are everybody's. */
const OF_ONE_CLIENT: readonly Domain[] = [
  { account: 'acme', plural: 'spreads' },
  { account: 'beta', plural: 'owns' },
  { account: 'gamma', plural: 'files' },
  { account: 'acme', plural: 'owns' },
]

export const CLIENTS: number = OF_ONE_CLIENT.length

export function isSame(a: Domain, b: Domain): boolean {
  return a.account === b.account && a.plural === b.plural
}

export const DOMAINS: readonly Domain[] = ACCOUNTS.flatMap((account) => PLURALS.map((plural) => ({ account, plural })))

export class ClientModel {
  readonly name: string
  readonly resources: Modelled[] = []
  /** Where it may create. */
  readonly domains: readonly Domain[]
  /** Nobody else's: with a quota, and everything deleted in it may be purged at once. */
  readonly ownDomain: Domain
  /** Ordinal -> where it last meant it to be, whatever has come of that. */
  readonly goals: Map<number, Cell> = new Map()
  /** What it meant to move, and at which operation, until it looks how that has ended. */
  readonly pending: { readonly ordinal: number; readonly number: number }[] = []

  constructor(number: number) {
    this.name = `c${number}`
    this.ownDomain = OF_ONE_CLIENT[number] as Domain
    this.domains = DOMAINS.filter(
      (domain) => isSame(domain, this.ownDomain) || !OF_ONE_CLIENT.some((other) => isSame(domain, other)),
    )
  }

  add(
    made: Pick<Modelled, 'id' | 'domain' | 'url' | 'name' | 'labels' | 'isProtected' | 'createTime' | 'cell'>,
  ): Modelled {
    const resource: Modelled = {
      ...made,
      ordinal: this.resources.length,
      mode: 'active',
      color: undefined,
      life: 'live',
      content: '',
      written: [],
      generation: 1,
      tokens: [],
      events: [],
      moves: [],
    }
    this.resources.push(resource)
    record(resource, 'created')
    return resource
  }

  /** Means to move it: what is done next to the same resource meets the move. */
  meets(ordinal: number, to: Cell, number: number): void {
    this.pending.push({ ordinal, number })
    this.goals.set(ordinal, to)
  }

  at(ordinal: number): Modelled {
    return this.resources[ordinal] as Modelled
  }

  in(domain: Domain, life: Life = 'live'): Modelled[] {
    return this.resources.filter((one) => one.life === life && isSame(one.domain, domain))
  }

  /** Whether another live one there has the name, whatever its case. */
  isTaken(domain: Domain, name: string | null | undefined, except?: Modelled): boolean {
    if (typeof name !== 'string') return false
    const key = name.toLowerCase()
    return this.in(domain).some((one) => one !== except && one.name?.toLowerCase() === key)
  }

  /** Whether the quota has room for so many more of them. */
  hasRoom(domain: Domain, count = 1, life: Life = 'live'): boolean {
    return !isSame(domain, this.ownDomain) || this.in(domain, life).length + count <= QUOTA
  }
}

export function record(resource: Modelled, kind: string, most = 1): void {
  resource.events.push({ account: resource.domain.account, kind, most })
}

/** The last one, as long as nobody has seen its end. */
export function runningMove({ moves }: Modelled): Move | undefined {
  const last = moves.at(-1)
  return last?.state === 'running' ? last : undefined
}

/** Every cell that has something of it, if only the word where it went. The first is home: its identifier says so. */
export function placesOf(one: Modelled): Cell[] {
  const home = one.moves[0]?.from ?? one.cell
  return [...new Set([home, ...one.moves.map(({ to }) => to)])]
}

/**
 * What the API must show of it.
 *
 * @param shown what it does show: while a move is running, that is one of several things
 */
export function expectedJson(one: Modelled, shown: ResourceJson): object {
  const move = runningMove(one)
  const state = one.life === 'live' ? one.mode : 'deleted'
  const isPaused = move !== undefined && state === 'active' && shown.state === 'read_only'
  return {
    id: one.id,
    url: one.url,
    account: one.domain.account,
    name: one.name,
    state: isPaused ? 'read_only' : state,
    labels: one.labels,
    delete_protection: one.isProtected,
    color: one.color,
    isRestorable: one.life === 'kept',
    isApplied: move === undefined || shown.applied_version === shown.desired_version,
    cell: move?.to === shown.cell ? move.to : one.cell,
  }
}

/** The same members of what it shows. */
export function shownJson(shown: ResourceJson): object {
  const { id, url, account, name, state, labels, delete_protection, settings, purge_time, cell } = shown
  return {
    id,
    url,
    account,
    name,
    state,
    labels,
    delete_protection,
    color: settings?.['color'],
    isRestorable: purge_time !== undefined,
    isApplied: shown.applied_version === shown.desired_version,
    cell,
  }
}
