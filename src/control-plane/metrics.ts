// What a shard can say about itself without reading its whole catalog: sums that are kept anyway, and the work table, which is short.

import type { ShardMetrics } from '../wire/planes.ts'
import type { ControlDeps } from './deps.ts'

export function readMetrics(deps: ControlDeps): ShardMetrics {
  const { sql } = deps
  const nowMs = deps.now()
  const sums = sql
    .exec<{ resources: number | null; deleted: number | null; bytes: number | null; accounts: number }>(
      'SELECT sum(resources) AS resources, sum(deleted) AS deleted, sum(bytes) AS bytes, count(*) AS accounts FROM quota',
    )
    .one()
  const work = sql
    .exec<{ kind: string; count: number }>('SELECT kind, count(*) AS count FROM work GROUP BY kind')
    .toArray()
  const { due } = sql.exec<{ due: number }>('SELECT count(*) AS due FROM work WHERE due <= ?', nowMs).one()
  const { oldest } = sql
    .exec<{ oldest: number | null }>(
      "SELECT min(r.update_time) AS oldest FROM work AS w JOIN resource AS r ON r.id = w.key WHERE w.kind IN ('apply', 'purge')",
    )
    .one()
  return {
    states: {
      listed: sums.resources ?? 0,
      deleted: sums.deleted ?? 0,
      bytes: sums.bytes ?? 0,
      accounts: sums.accounts,
      ...Object.fromEntries(work.map(({ kind, count }) => [`work_${kind}`, count])),
    },
    workDue: due,
    oldestUnfinishedMs: oldest === null ? 0 : Math.max(nowMs - oldest, 0),
    counters: Object.fromEntries(deps.counters.all),
  }
}

/** Counted in memory since this object woke up. */
export class Counters {
  readonly all: Map<string, number> = new Map()

  count(name: string, by = 1): void {
    this.all.set(name, (this.all.get(name) ?? 0) + by)
  }
}
