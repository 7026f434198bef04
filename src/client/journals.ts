// What is told about an account as a whole: usage, audit log, feed of events, and who is asking.

import type { CapabilitiesJson } from '../wire/capabilities.ts'
import type { Visibility } from '../wire/descriptor.ts'
import type { AuditJson, EventJson } from '../wire/journal.ts'
import { Listing, type Page } from './listing.ts'
import type { CallOptions, Query, Transport } from './transport.ts'

export interface Session {
  readonly account: string
  readonly role: 'operator' | 'admin' | 'member' | 'read'
  readonly types: readonly {
    readonly name: string
    readonly plural: string
    readonly visibility: readonly Visibility[]
  }[]
  /** Of the operator: the deployment's own account, and those of deployments whose resources were imported. */
  readonly own_accounts?: readonly string[]
  /** Where new resources can be. */
  readonly cells: readonly string[]
  /** 0: a deletion cannot be undone. */
  readonly delete_retention_seconds: number
}

/** One resource on one UTC day. */
export interface UsageRow {
  readonly type: string
  readonly resource: string
  /** `YYYY-MM-DD` */
  readonly day: string
  /** Largest size that was reported. */
  readonly bytes: number
  /** Approximate. */
  readonly requests: number
  readonly writes: number
}

/** Beside the rows of a page: what the account has now. */
export interface UsageNow {
  readonly account: string
  /** Resources report by themselves, at most this often. */
  readonly report_interval_seconds: number
  /** By type. */
  readonly now: Readonly<Record<string, AccountUsage>>
}

export interface AccountUsage {
  readonly resources: number
  /** Deleted ones that can be restored. */
  readonly deleted: number
  readonly bytes: number
  /** Other than `active`: what the account as a whole is held to. */
  readonly hold: string
}

export interface UsageQuery {
  /** Default: 30 days before `until`. */
  readonly from?: Date | string | undefined
  /** Default: now. */
  readonly until?: Date | string | undefined
  /** One resource alone. */
  readonly resource?: string | undefined
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}

export interface PageOptions extends CallOptions {
  /** Of one page: 1 to 200, default 50. */
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}

export interface EventOptions extends CallOptions {
  readonly limit?: number | undefined
  /** `next_cursor` of a page of events: only what happened since. Default: from the oldest that is kept. */
  readonly after?: string | undefined
  /** Go on for ever, asking for what is new, until `signal` ends it. */
  readonly follow?: boolean | undefined
  /** Between two questions without news. Default: 2,000. */
  readonly pollMs?: number | undefined
}

/** A person sees what happens as it happens; a day of it costs 43,200 requests that read nothing. */
const DEFAULT_POLL_MS = 2_000

/** The client's methods that belong to no collection. */
export interface Journals {
  /** Who is asking, and what there is to manage. */
  session(options?: CallOptions): Promise<Session>
  /** What the engine and each cell can do, and where resources of each type can be. */
  capabilities(options?: CallOptions): Promise<CapabilitiesJson>
  /** By day and resource; a page also says what the account has now. */
  usage(query?: UsageQuery, options?: CallOptions): Listing<UsageRow, UsageNow>
  /** Who asked for which change, oldest first of each type. */
  audit(options?: PageOptions): Listing<AuditJson>
  /**
   * What happened to resources, oldest first of each type.
   *
   * @example
   * for await (const page of client.events({ after: cursor, follow: true }).pages()) cursor = page.next_cursor
   */
  events(options?: EventOptions): Listing<EventJson>
}

export function createJournals(send: Transport): Journals {
  function reader<P>(path: string, query: Query, signal: AbortSignal | undefined) {
    return async (cursor: string | undefined): Promise<P> =>
      (await send<P>({ method: 'GET', path, query: { ...query, cursor }, repeatable: 'always', signal })).body
  }
  return {
    session: async ({ signal } = {}) =>
      (await send<Session>({ method: 'GET', path: '/session', repeatable: 'always', signal })).body,
    capabilities: async ({ signal } = {}) =>
      (await send<CapabilitiesJson>({ method: 'GET', path: '/capabilities', repeatable: 'always', signal })).body,
    usage: ({ cursor, ...query } = {}, { signal } = {}) =>
      new Listing<UsageRow, UsageNow>(reader<Page<UsageRow> & UsageNow>('/usage', query, signal), { cursor }),
    audit: ({ limit, cursor, signal } = {}) =>
      new Listing<AuditJson>(reader<Page<AuditJson>>('/audit', { limit }, signal), { cursor }),
    events: ({ limit, after, follow = false, pollMs = DEFAULT_POLL_MS, signal } = {}) =>
      new Listing<EventJson>(reader<Page<EventJson>>('/events', { limit }, signal), {
        cursor: after,
        feed: { pollMs: follow ? pollMs : undefined, signal },
      }),
  }
}
