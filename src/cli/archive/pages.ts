// The rows of a verified archive in pages, as they are sent to the server, and where the content of each is. The content itself is passed over,
// so that a page is small whatever its resources have.

import type { ArchivedResource } from '../../client/index.ts'
import { broken, type ContentEnd, type RowBody } from './format.ts'
import type { ArchiveReader } from './reader.ts'

/** Rows of one account and one type. */
export interface RowPage {
  readonly type: string
  readonly account: string
  readonly rows: readonly ArchivedResource[]
  readonly contents: readonly ArchivedContent[]
}

export interface ArchivedContent {
  readonly id: string
  /** Of its first record. */
  readonly at: number
  readonly bytes: number
  readonly sha256: string
}

/** The server's own limit, and as much JSON as a request should have. */
const MAX_ROWS = 50
const MAX_CHARACTERS = 2_000_000

interface Draft extends RowPage {
  readonly rows: ArchivedResource[]
  readonly contents: ArchivedContent[]
}

export async function* rowPages(reader: ArchiveReader): AsyncGenerator<RowPage> {
  let page: Draft | undefined
  let characters = 0
  let contentAt = 0
  for (let at = 0; at < reader.size;) {
    const record = await reader.line(at)
    if (record.record === 'row') {
      const { type, row } = await reader.json<RowBody>(record)
      // Accounts become the target's own, whoever's they were.
      const account = type === 'account' ? '' : row.account
      const isSame = page?.type === type && page.account === account
      if (page !== undefined && (!isSame || page.rows.length === MAX_ROWS || characters > MAX_CHARACTERS)) {
        yield page
        page = undefined
      }
      if (page === undefined) {
        page = { type, account, rows: [], contents: [] }
        characters = 0
      }
      page.rows.push(row)
      characters += record.bytes
      contentAt = record.next
    }
    if (record.record === 'content_end') {
      const { id, bytes, sha256 } = await reader.json<ContentEnd>(record)
      page?.contents.push({ id, bytes, sha256, at: contentAt })
    }
    at = record.next
  }
  if (page !== undefined) yield page
}

/** The content again, piece by piece, each held to its digest. */
export async function* contentParts(reader: ArchiveReader, { at, id }: ArchivedContent): AsyncGenerator<Buffer> {
  for (let position = at; ;) {
    const record = await reader.line(position)
    if (record.record === 'content_end') return
    if (record.record !== 'content') throw broken(position, `the content of ${id} has changed since it was verified`)
    yield await reader.body(record)
    position = record.next
  }
}
