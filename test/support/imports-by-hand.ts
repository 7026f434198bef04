// An import by hand: a row that waits for its content, and the sending of that, also in parts.

import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect } from 'vitest'
import { createKeyring } from '../../src/identity/keyring.ts'
import { mintResourceId } from '../../src/identity/resource-id.ts'
import { archivedRow } from './archives.ts'
import { json } from './http.ts'
import type { TestServer } from './server.ts'

/** Of every import by hand. */
export const ARCHIVE: string = 'a'.repeat(64)

export interface Upload {
  readonly send: (part: Buffer) => void
  readonly answer: Promise<{ readonly status: number; readonly body: string }>
}

export interface SendOptions {
  readonly plural?: string
  readonly account?: string
  /** The caller sends it, instead of all of it at once. */
  readonly isInParts?: boolean
}

/** Begins to send content. */
export function sendContent(
  server: TestServer,
  id: string,
  whole: Buffer,
  { plural = 'ledgers', account = server.secrets.defaultAccount, isInParts = false }: SendOptions = {},
): Upload {
  const sha256 = createHash('sha256').update(whole).digest('hex')
  const query = new URLSearchParams({ archive: ARCHIVE, sha256, bytes: String(whole.length), account })
  const call = request(`${server.url}/v1/${plural}/${id}/archive?${query}`, {
    method: 'PUT',
    headers: {
      authorization: `Bearer ${server.operatorKey}`,
      'content-type': 'application/octet-stream',
      'content-length': whole.length,
    },
  })
  const answer = new Promise<{ status: number; body: string }>((resolve, reject) => {
    call.on('response', (response) => {
      text(response).then((said) => resolve({ status: response.statusCode ?? 0, body: said }), reject)
    })
    // An answer that comes before all was sent may end the connection.
    call.on('error', () => resolve({ status: 599, body: '' }))
  })
  call.flushHeaders()
  if (!isInParts) call.end(whole)
  return { send: (part) => void call.write(part), answer }
}

export async function issuedId(server: TestServer, type: string): Promise<string> {
  return (await mintResourceId(createKeyring(server.secrets.identifierKeys), type, 'local')).id
}

/** A row that waits for its content. */
export async function awaitedId(
  server: TestServer,
  account: string,
  given?: string,
  plural = 'ledgers',
): Promise<string> {
  const id = given ?? (await issuedId(server, 'ledger'))
  const rows = [archivedRow(id, account)]
  const response = await server.fetch(
    `/v1/${plural}/import?account=${account}`,
    json('POST', { archive: ARCHIVE, rows }),
  )
  expect(await response.json()).toEqual({ data: [{ id, outcome: 'awaiting' }] })
  return id
}
