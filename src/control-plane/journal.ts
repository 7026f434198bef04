// The two append-only logs of a shard, per account: who asked for which change, and what happened to resources. Every entry is written in
// the transaction of what it tells about, so that neither can be missing or too many. The only module that writes `audit` and `event`.

import type { AuditRecord, EventKind, EventRecord, JournalPage } from '../wire/journal.ts'
import type { Caller } from '../wire/planes.ts'
import { nextCounter } from './meta.ts'

export interface Journal {
  /** @param resource null when nothing came of it */
  audit(
    caller: Pick<Caller, 'account' | 'actor' | 'requestId' | 'role'>,
    action: string,
    resource: string | null,
    outcome?: AuditRecord['outcome'],
  ): void
  event(account: string, kind: EventKind, resource: string | null, data?: Readonly<Record<string, unknown>>): void
}

/** Whom the log names for what happens by itself. */
export const SYSTEM = 'system'

export function createJournal(sql: SqlStorage, now: () => number): Journal {
  return {
    audit({ account, actor, requestId, role }, action, resource, outcome = 'ok') {
      sql.exec(
        'INSERT INTO audit (account, seq, time, actor, action, resource, outcome, request_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        account,
        nextCounter(sql, 'journal_seq'),
        now(),
        actor ?? role,
        action,
        resource,
        outcome,
        requestId,
      )
    },
    event(account, kind, resource, data = {}) {
      sql.exec(
        'INSERT INTO event (account, seq, time, kind, resource, data) VALUES (?, ?, ?, ?, ?, ?)',
        account,
        nextCounter(sql, 'journal_seq'),
        now(),
        kind,
        resource,
        JSON.stringify(data),
      )
    },
  }
}

export function readAudit(sql: SqlStorage, account: string, after: number, limit: number): JournalPage<AuditRecord> {
  const rows = sql
    .exec<{
      seq: number
      time: number
      actor: string
      action: string
      resource: string | null
      outcome: string
      request_id: string
    }>('SELECT * FROM audit WHERE account = ? AND seq > ? ORDER BY seq LIMIT ?', account, after, limit + 1)
    .toArray()
  return toPage(
    rows.map(({ seq, time, actor, action, resource, outcome, request_id: requestId }) => ({
      seq,
      timeMs: time,
      actor,
      action,
      resource,
      outcome: outcome as AuditRecord['outcome'],
      requestId,
    })),
    limit,
  )
}

export function readEvents(sql: SqlStorage, account: string, after: number, limit: number): JournalPage<EventRecord> {
  const rows = sql
    .exec<{ seq: number; time: number; kind: string; resource: string | null; data: string }>(
      'SELECT * FROM event WHERE account = ? AND seq > ? ORDER BY seq LIMIT ?',
      account,
      after,
      limit + 1,
    )
    .toArray()
  return toPage(
    rows.map(({ seq, time, kind, resource, data }) => ({
      seq,
      timeMs: time,
      kind: kind as EventKind,
      resource,
      data: JSON.parse(data) as Record<string, unknown>,
    })),
    limit,
  )
}

function toPage<T extends { readonly seq: number }>(rows: readonly T[], limit: number): JournalPage<T> {
  const data = rows.slice(0, limit)
  const last = data.at(-1)
  return rows.length > limit && last !== undefined ? { data, next: last.seq } : { data }
}

/** Removes some entries that are older than the retention; bounded so that it never delays a request. */
export function expireJournals(sql: SqlStorage, beforeMs: number): void {
  for (const table of ['audit', 'event']) {
    sql.exec(
      `DELETE FROM ${table} WHERE (account, seq) IN (SELECT account, seq FROM ${table} WHERE time < ? LIMIT 500)`,
      beforeMs,
    )
  }
}
