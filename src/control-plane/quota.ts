// How many resources an account has in this shard, exact: counted in the transaction that creates or deletes one.

import { ResourceError } from '../wire/errors.ts'

export function countOf(sql: SqlStorage, account: string): number {
  return (
    sql.exec<{ resources: number }>('SELECT resources FROM quota WHERE account = ?', account).toArray()[0]?.resources ??
    0
  )
}

/** Takes one. @throws ResourceError `quota_exceeded` with limit and used */
export function takeOne(sql: SqlStorage, account: string, limit: number | undefined): void {
  const used = countOf(sql, account)
  if (limit !== undefined && used >= limit) {
    throw new ResourceError(
      'quota_exceeded',
      `This account may have ${limit} of these and has ${used}: delete one, or have the quota raised.`,
      {
        details: { limit, used },
      },
    )
  }
  addTo(sql, account, 1)
}

export function giveBackOne(sql: SqlStorage, account: string): void {
  addTo(sql, account, -1)
}

function addTo(sql: SqlStorage, account: string, delta: number): void {
  sql.exec(
    'INSERT INTO quota (account, resources) VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET resources = resources + excluded.resources',
    account,
    delta,
  )
}
