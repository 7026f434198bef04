// Whose work a work item is.

import { transferKey, type WorkItem } from '../work.ts'

const HOLD = 'hold:'
const OPERATION = 'operation:'

/** undefined: the shard's own, or of a resource that is gone. */
export function accountOfWork(sql: SqlStorage, { kind, key }: WorkItem): string | undefined {
  if (kind === 'move') return undefined
  if (kind === 'hold') return key.slice(HOLD.length)
  if (kind === 'operation') return ownerOf(sql, 'operation', key.slice(OPERATION.length))
  return ownerOf(sql, 'resource', kind === 'transfer' ? key.slice(transferKey('').length) : key)
}

function ownerOf(sql: SqlStorage, table: string, id: string): string | undefined {
  return sql.exec<{ account: string }>(`SELECT account FROM ${table} WHERE id = ?`, id).toArray()[0]?.account
}
