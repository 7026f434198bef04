// What an importing client sends, by hand: rows that were made up, and content that never was anybody's.

import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { FORMAT, formatJson, formatRecord } from '../../src/cli/archive/format.ts'
import { createKeyring } from '../../src/identity/keyring.ts'
import { mintResourceId } from '../../src/identity/resource-id.ts'
import { ARCHIVE_TIME, archivedRow } from './archives.ts'
import { json } from './http.ts'
import type { TestServer } from './server.ts'

export const ARCHIVE: string = 'a'.repeat(64)

/** Content with what comes before the type's own. */
export function wrapped(...lines: string[]): Buffer {
  return Buffer.from(['{"biplane":1}', '{"content":true}', ...lines].map((line) => `${line}\n`).join(''))
}

export const EMPTY_CASK: Buffer = wrapped(
  '{"schema_version":1}',
  '{"table":"draught","columns":["number","text"]}',
  '{"end":true}',
)

export class Imports {
  readonly #server: TestServer

  constructor(server: TestServer) {
    this.#server = server
  }

  rowOf(id: string): ReturnType<typeof archivedRow> {
    return archivedRow(id, this.#server.secrets.defaultAccount)
  }

  async issued(type: string, cell = 'local'): Promise<string> {
    return (await mintResourceId(createKeyring(this.#server.secrets.identifierKeys), type, cell)).id
  }

  importRows(plural: string, rows: object[], more: object = {}, account?: string): Promise<Response> {
    const query = account === undefined ? '' : `?account=${account}`
    return this.#server.fetch(`/v1/${plural}/import${query}`, json('POST', { archive: ARCHIVE, rows, ...more }))
  }

  load(
    plural: string,
    id: string,
    body: Buffer,
    account?: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const query = new URLSearchParams({
      archive: ARCHIVE,
      sha256: createHash('sha256').update(body).digest('hex'),
      bytes: String(body.byteLength),
      ...(account === undefined ? {} : { account }),
      ...more,
    })
    const path = `/v1/${plural}/${id}/archive?${query.toString()}`
    return this.#server.fetch(path, { method: 'PUT', body: new Uint8Array(body) })
  }

  /** A cask that is recorded and not filled. */
  async awaited(): Promise<string> {
    const id = await this.issued('cask')
    const response = await this.importRows('casks', [{ ...this.rowOf(id), labels: { from: 'elsewhere' } }])
    expect(await response.json()).toEqual({ data: [{ id, outcome: 'awaiting' }] })
    return id
  }
}

/** A file whose casks have no content at all. */
export function archiveOf(rows: readonly { readonly id: string }[]): Buffer {
  const sha256 = createHash('sha256').digest('hex')
  const header = { deployment: 'd', create_time: ARCHIVE_TIME, types: ['cask'] }
  const records = [
    formatJson(FORMAT, header),
    ...rows.flatMap((row) => [
      formatRecord('row', Buffer.from(JSON.stringify({ type: 'cask', row }))),
      formatJson('content_end', { id: row.id, bytes: 0, sha256 }),
    ]),
  ]
  const whole = Buffer.concat(records)
  const digest = createHash('sha256').update(whole).digest('hex')
  const end = { rows: rows.length, contents: rows.length, content_bytes: 0, sha256: digest }
  return Buffer.concat([whole, formatJson('end', end)])
}
