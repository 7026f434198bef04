// `/v1/openapi.json` and `/v1/reference`: the two documents about the API, open to everybody. They are made when somebody first asks.

import type { Asset } from '../resource-type.ts'
import { serveKept } from './assets.ts'
import { describeApi, type Described } from './openapi.ts'
import type { OpenApi } from './openapi-parts.ts'
import { toReference } from './reference.ts'
import { keepFromPages } from './refusal.ts'

interface ApiDocument extends Asset {
  readonly policy: string
}

/** For an isolate: each document is made once. */
export class ApiDocuments {
  readonly #deployment: Described
  readonly #made = new Map<string, ApiDocument>()

  constructor(deployment: Described) {
    this.#deployment = deployment
  }

  /** Answers undefined for what is another path, or no question. */
  async serve(request: Request, path: string, requestId: string): Promise<Response | undefined> {
    const make = MAKERS[path]
    if (make === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return undefined
    // Two requests that come at once make it twice; a promise that they share would end with the first one's client.
    const document = this.#made.get(path) ?? (await make(describeApi(this.#deployment)))
    this.#made.set(path, document)
    const headers = new Headers({ 'content-security-policy': document.policy })
    headers.set('x-content-type-options', 'nosniff')
    headers.set('referrer-policy', 'no-referrer')
    headers.set('x-request-id', requestId)
    keepFromPages(headers)
    return serveKept(document, request, headers)
  }
}

const MAKERS: Readonly<Record<string, (api: OpenApi) => Promise<ApiDocument>>> = {
  '/v1/openapi.json': async (api) => ({
    body: await compress(JSON.stringify(api)),
    contentType: 'application/json',
    contentEncoding: 'gzip',
    policy: "default-src 'none'",
  }),
  '/v1/reference': async (api) => {
    const { page, style } = toReference(api)
    return {
      body: await compress(page),
      contentType: 'text/html; charset=utf-8',
      contentEncoding: 'gzip',
      // No script, no file, no form: its own style and nothing else.
      policy: `default-src 'none'; style-src 'sha256-${await hashOf(style)}'; form-action 'none'; base-uri 'none'`,
    }
  },
}

/** They are long and repeat themselves: a twelfth is left. */
async function compress(text: string): Promise<ArrayBuffer> {
  const compressed = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Response(compressed).arrayBuffer()
}

/** As a policy names a style. */
async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
}
