// What the HTTP modules see of a wiki: its content, and one way to change it. The object implements it.

import type { Page } from './page.ts'
import { TEMPLATE } from './template.ts'
import type { StorageState } from './tiddlers/rows.ts'
import { readVersion, type Retention, type Version } from './versions.ts'

export interface WikiContent {
  readonly sql: SqlStorage
  readonly retention: Retention
  /** How much is kept of earlier tiddlers. */
  readonly history: Retention
  /** The newest version; undefined when the wiki was never saved. */
  current(): Version | undefined
  /** How it is stored, and the counter of its changes. */
  state(): StorageState
  /** Kept in memory until the wiki changes. @param make gets a way to have it forgotten at once */
  cached<T>(name: string, make: (forget: () => void) => T): T
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
