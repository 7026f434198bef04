// Requests to the server of a data directory: sent where it listens, under the name that clients use. Behind a proxy it answers to no other,
// and `fetch` lets nobody set that name.

import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import type { ServerFile } from './server-file.ts'

/** As much of `fetch` as the client uses. */
export function fetchFrom({ publicUrl }: Pick<ServerFile, 'publicUrl'>): typeof fetch {
  const { host } = new URL(publicUrl)
  return async (url, init = {}) => {
    const headers = { ...(init.headers as Record<string, string>), host }
    const signal = init.signal ?? undefined
    const call = request(url as string, { method: init.method, headers, ...(signal === undefined ? {} : { signal }) })
    call.end(init.body as string | undefined)
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    const given = Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)])
    return new Response(Buffer.concat(chunks), { status: response.statusCode ?? 500, headers: given })
  }
}
