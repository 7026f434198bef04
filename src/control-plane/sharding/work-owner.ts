// Whose work a work item is.

import type { WorkItem } from '../work.ts'

const HOLD = 'hold:'
const OPERATION = 'operation:'

/** undefined: the shard's own, or of a resource that is gone. */
export function accountOfWork(sql: SqlStorage, { kind, key, cursor }: WorkItem): string | undefined {
  if (kind === 'move') return undefined
  if (kind === 'hold') return key.slice(HOLD.length)
  if (kind === 'operation') return ownerOf(sql, 'operation', key.slice(OPERATION.length))
  // Of who gives: on one shard the row is the other account's before that has ended.
  if (kind === 'transfer') return (JSON.parse(cursor ?? '{}') as { readonly from?: string }).from
  return ownerOf(sql, 'resource', key)
}

function ownerOf(sql: SqlStorage, table: string, id: string): string | undefined {
  return sql.exec<{ account: string }>(`SELECT account FROM ${table} WHERE id = ?`, id).toArray()[0]?.account
}
