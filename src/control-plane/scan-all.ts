// The operator's list of all that a shard has, over its accounts.

import { toRow, type CatalogRow, type Stored } from './row.ts'

/**
 * The next page in the order (account, create_time), of accounts whose copy here is complete. While one moves, both shards may have it for
 * a moment: whoever merges their lists sees the same row twice in a row.
 */
export function scanEveryAccount(
  sql: SqlStorage,
  { from, after, limit }: { readonly from: string; readonly after: number; readonly limit: number },
): { readonly rows: CatalogRow[]; readonly next?: { readonly account: string; readonly after: number } } {
  const rows = sql
    .exec<Stored>(
      `SELECT r.* FROM resource AS r LEFT JOIN account AS a ON a.account = r.account
       WHERE r.listed = 1 AND (r.account, r.create_time) > (?, ?) AND coalesce(a.place, 'here') NOT IN ('arriving', 'gone')
       ORDER BY r.account, r.create_time LIMIT ?`,
      from,
      after,
      limit + 1,
    )
    .toArray()
    .map(toRow)
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  if (rows.length <= limit || last === undefined) return { rows: page }
  return { rows: page, next: { account: last.account, after: last.createTimeMs } }
}
