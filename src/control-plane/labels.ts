// An index of labels, by which lists filter: one row per label of a resource. The only module that writes the table `label`. A row that is
// not listed any more may still be in it; who reads joins the catalog.

import type { CatalogRow } from './row.ts'

type Labelled = Pick<CatalogRow, 'id' | 'account' | 'labels' | 'createTimeMs'>

export function indexLabels(sql: SqlStorage, { id, account, labels, createTimeMs }: Labelled): void {
  for (const [key, value] of Object.entries(labels)) {
    sql.exec(
      'REPLACE INTO label (account, key, value, create_time, resource) VALUES (?, ?, ?, ?, ?)',
      account,
      key,
      value,
      createTimeMs,
      id,
    )
  }
}

export function dropLabels(sql: SqlStorage, { account, labels, createTimeMs }: Labelled): void {
  for (const [key, value] of Object.entries(labels)) {
    sql.exec(
      'DELETE FROM label WHERE account = ? AND key = ? AND value = ? AND create_time = ?',
      account,
      key,
      value,
      createTimeMs,
    )
  }
}
