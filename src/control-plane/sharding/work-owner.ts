// Whose work a work item is.

import type { WorkItem } from '../work.ts'

const HOLD = 'hold:'
const OPERATION = 'operation:'

/** undefined: the shard's own, or of a resource that is gone. */
export function accountOfWork(sql: SqlStorage, { kind, key }: WorkItem): string | undefined {
  if (kind === 'move') return undefined
  if (kind === 'hold') return key.slice(HOLD.length)
  const [table, id] = kind === 'operation' ? ['operation', key.slice(OPERATION.length)] : ['resource', key]
  return sql.exec<{ account: string }>(`SELECT account FROM ${table} WHERE id = ?`, id).toArray()[0]?.account
}
