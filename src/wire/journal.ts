// Two append-only logs that a shard keeps per account: who asked for which change (audit), and what became of resources (events).

import type { ErrorCode } from './errors.ts'

/** One change that somebody asked for. */
export interface AuditRecord {
  /** Grows in a shard; position of a cursor. */
  readonly seq: number
  readonly timeMs: number
  /** `operator`, `key:<id>`, `system`, or what a builder's `authenticate` calls its caller. */
  readonly actor: string
  /** As in the route table: `create`, `update`, `delete` ... */
  readonly action: string
  /** Identifier of a resource, key or operation; null when nothing came of it. */
  readonly resource: string | null
  /** `ok`, or the refusal's code. */
  readonly outcome: 'ok' | ErrorCode
  readonly requestId: string
}

export type EventKind =
  | 'created'
  | 'create_failed'
  | 'updated'
  | 'deleted'
  | 'restored'
  | 'purged'
  | 'transferred'
  | 'imported'
  | 'moved'
  | 'limit_reached'
  | 'limit_cleared'

/** One thing that happened to a resource. */
export interface EventRecord {
  readonly seq: number
  readonly timeMs: number
  readonly kind: EventKind
  readonly resource: string | null
  readonly data: Readonly<Record<string, unknown>>
}

export interface JournalPage<T> {
  readonly data: readonly T[]
  /** Position after the last row; absent at the end. */
  readonly next?: number
}

export interface AuditJson {
  readonly time: string
  readonly account: string
  readonly actor: string
  readonly action: string
  readonly type: string
  readonly resource: string | null
  readonly outcome: 'ok' | ErrorCode
  readonly request_id: string
}

export interface EventJson {
  /** Unique in the feed: `<type>-<shard position>`. */
  readonly id: string
  readonly time: string
  readonly account: string
  readonly kind: EventKind
  readonly type: string
  readonly resource: string | null
  readonly data: Readonly<Record<string, unknown>>
}

export function toAuditJson(type: string, account: string, record: AuditRecord): AuditJson {
  const { timeMs, actor, action, resource, outcome, requestId } = record
  return {
    time: new Date(timeMs).toISOString(),
    account,
    actor,
    action,
    type,
    resource,
    outcome,
    request_id: requestId,
  }
}

export function toEventJson(type: string, account: string, record: EventRecord): EventJson {
  const { seq, timeMs, kind, resource, data } = record
  return { id: `${type}-${seq}`, time: new Date(timeMs).toISOString(), account, kind, type, resource, data }
}
