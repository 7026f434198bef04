// Content between a file and a server, as a stream: the client of the API (src/client) has JSON only, and `fetch` can neither send a body of
// a known length piece by piece nor a name of its own choice to a local server.

import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { BiplaneError, toNetworkError, toRefusal } from '../../client/errors.ts'
import { ROW_MARK_HEADER } from '../../wire/archive.ts'
import type { Address } from '../connection.ts'

interface ContentRequest {
  readonly plural: string
  readonly id: string
  /** Default: the caller's own; accounts are always the deployment's. */
  readonly account?: string
}

/** Longer than anything that the server waits for by itself. Of silence, not of the whole. */
const SILENCE_MS = 120_000

interface FetchedContent {
  /** Of the row just before its content was read; a server of the release before does not say it. */
  readonly mark?: string
  /** @throws BiplaneError when it breaks off */
  readonly content: AsyncIterable<Uint8Array>
  /** For whoever does not want it. */
  readonly discard: () => void
}

/** @throws BiplaneError */
export async function fetchContent(address: Address, asked: ContentRequest): Promise<FetchedContent> {
  const response = await send(address, 'GET', asked, {}, undefined)
  const mark = response.headers[ROW_MARK_HEADER.toLowerCase()]
  return {
    ...(typeof mark === 'string' ? { mark } : {}),
    content: wholeOf(response, address.url),
    discard: () => void response.destroy(),
  }
}

async function* wholeOf(response: IncomingMessage, url: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of response) yield piece as Uint8Array
  } catch (thrown) {
    throw toNetworkError(thrown, url, true)
  }
}

/** @throws BiplaneError */
export async function sendContent(
  address: Address,
  asked: ContentRequest,
  { archive, sha256, bytes }: { readonly archive: string; readonly sha256: string; readonly bytes: number },
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  const response = await send(address, 'PUT', asked, { archive, sha256, bytes: String(bytes) }, { bytes, content })
  for await (const _ of response);
}

async function send(
  { url, key, server }: Address,
  method: 'GET' | 'PUT',
  { plural, id, account }: ContentRequest,
  query: Readonly<Record<string, string>>,
  body: { readonly bytes: number; readonly content: AsyncIterable<Uint8Array> } | undefined,
): Promise<IncomingMessage> {
  const to = `${url}/v1/${plural}/${encodeURIComponent(id)}/archive?${new URLSearchParams({ ...query, ...(account === undefined ? {} : { account }) }).toString()}`
  const headers = {
    authorization: `Bearer ${key}`,
    ...(server === undefined ? {} : { host: new URL(server.publicUrl).host }),
    ...(body === undefined ? {} : { 'content-type': 'application/octet-stream', 'content-length': body.bytes }),
  }
  const call = (to.startsWith('https:') ? httpsRequest : httpRequest)(to, { method, headers })
  call.setTimeout(SILENCE_MS, () => call.destroy(new Error(`nothing came for ${SILENCE_MS / 1000} s`)))
  const sent = body === undefined ? Promise.resolve(call.end()) : pipeline(Readable.from(body.content), call)
  // What goes wrong with it ends the call, and is told there; a server that refuses does not read to the end.
  void sent.catch(() => {})
  try {
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    if (response.statusCode === 200 || response.statusCode === 202) return response
    const given = Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)])
    const refusal = new Response(null, { status: response.statusCode ?? 500, headers: given })
    throw toRefusal(refusal, await text(response), method === 'GET')
  } catch (thrown) {
    if (thrown instanceof BiplaneError) throw thrown
    throw toNetworkError(thrown, url, method === 'GET')
  }
}
