// What the HTTP modules see of a wiki: its content, and one way to change it. The object implements it.

import type { Page } from './page.ts'
import { TEMPLATE } from './template.ts'
import { readVersion, type Retention, type Version } from './versions.ts'

export interface WikiContent {
  readonly sql: SqlStorage
  readonly retention: Retention
  /** The newest version; undefined when the wiki was never saved. */
  current(): Version | undefined
  /** Runs a synchronous read, check and write as one transaction; see `ResourceObject.write`. */
  change<T>(change: (sql: SqlStorage) => T): Promise<T>
}

/** The wiki as it is served now: the newest version, or the page that every new wiki has. */
export function currentPage(wiki: WikiContent): Page {
  const current = wiki.current()
  return current === undefined ? TEMPLATE : toPage(wiki, current)
}

export function toPage({ sql }: WikiContent, { version, etag }: Version): Page {
  return { etag, gzip: () => readVersion(sql, version) }
}
