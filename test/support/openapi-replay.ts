// Sends the examples of the API's document to a running server, and holds answers to the document.

import type { OpenApi, Operation } from '../../src/edge/openapi-parts.ts'
import { answersOf, faultOf, parametersOf, resolve, type Entry } from './openapi.ts'
import type { TestServer } from './server.ts'

/** What stands in the document's examples -> what the server has made instead. */
export class Values {
  readonly #api: OpenApi
  readonly #real = new Map<string, string>()

  constructor(api: OpenApi) {
    this.#api = api
  }

  /** The identifiers of an answer, by where they would be in a path. */
  learn({ operation }: Entry, answer: unknown): void {
    const example = Object.values(operation.responses)
      .map((each) => resolve(this.#api, each).content?.['application/json']?.example)
      .find((each) => each !== undefined)
    for (const member of ['id', 'account', 'token_id']) {
      const [stands, real] = [example, answer].map((each) => (each as Record<string, unknown> | undefined)?.[member])
      if (typeof stands === 'string' && typeof real === 'string') this.#real.set(stands, real)
    }
  }

  put(text: string): string {
    return Array.from(this.#real).reduce((so, [stands, real]) => so.replaceAll(stands, real), text)
  }

  quoted(value: unknown): string {
    return this.put(JSON.stringify(value))
  }
}

/** The operation's example as a request. */
export async function sendExample(
  server: TestServer,
  api: OpenApi,
  { method, path, operation }: Entry,
  made: Values,
): Promise<Response> {
  const given = parametersOf(api, operation).flatMap(({ example, ...each }) =>
    example === undefined || each.name === 'account' ? [] : [{ ...each, example: made.put(String(example)) }],
  )
  const filled = given
    .filter((each) => each.in === 'path')
    .reduce((so, { name, example }) => so.replace(`{${name}}`, example), path)
  const inQuery = given.flatMap((each) => (each.in === 'query' ? [[each.name, each.example]] : []))
  const headers = new Headers(
    given.flatMap((each) => (each.in === 'header' ? [[each.name, each.example]] : [])) as never,
  )
  // Another body under the same key would be refused.
  if (headers.has('idempotency-key')) headers.set('idempotency-key', operation.operationId)
  if (headers.has('if-match'))
    headers.set('if-match', (await server.fetch(toResource(filled))).headers.get('etag') ?? '*')
  const body = operation.requestBody?.content['application/json']?.example
  if (body !== undefined) headers.set('content-type', 'application/json')
  const init = { method, headers, ...(body === undefined ? {} : { body: made.quoted(body) }) }
  return server.fetch(`${filled}?${new URLSearchParams(inQuery).toString()}`, init)
}

/** `/v1/wikis/ID/restore` -> `/v1/wikis/ID` */
function toResource(path: string): string {
  return path.split('/').slice(0, 4).join('/')
}

/** What an answer has that the document does not say, or the other way round; undefined = nothing. */
export function undocumented(
  api: OpenApi,
  operation: Operation,
  response: Response,
  body: unknown,
): string | undefined {
  const [, answer] = answersOf(api, operation).find(([status]) => status === String(response.status)) ?? []
  if (answer === undefined) return `${response.status} is not in the document: ${JSON.stringify(body)}`
  const missing = Object.keys(answer.headers ?? {})
    // Only where there is a time to tell.
    .filter((name) => name !== 'Retry-After' || response.status === 202)
    .filter((name) => !response.headers.has(name))
  if (missing.length > 0) return `${response.status} without ${missing.join(', ')}`
  const [type, content] = Object.entries(answer.content ?? {})[0] ?? []
  if (type !== response.headers.get('content-type'))
    return `${response.status} as ${response.headers.get('content-type')}`
  return content === undefined ? undefined : faultOf(api, content.schema, body)
}
