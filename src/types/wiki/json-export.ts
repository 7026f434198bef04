// All tiddlers of a wiki as JSON: the form in which TiddlyWiki itself exports and imports them.

import { currentPage, type WikiContent } from './content.ts'
import { gunzipSliced } from './gzip.ts'
import { LEFT_BEHIND } from './import.ts'
import { readPageTiddlers } from './stored-tiddlers.ts'

/**
 * `GET /tiddlers.json`: without plugins, themes and the core, which are programs and come with a wiki, not with its content.
 *
 * @throws ResourceError `invalid_request` for a page whose tiddlers cannot be read here: an encrypted or an old one
 */
export async function serveJson(wiki: WikiContent, name: string): Promise<Response> {
  const page = currentPage(wiki)
  const tiddlers = readPageTiddlers(await gunzipSliced(page.gzip()))
  // A refusal comes before the first tiddler or not at all, unless a store is broken in the middle: so everything is read first.
  const byTitle = new Map<string, Uint8Array>()
  for await (const { fields, json } of tiddlers) {
    const isProgram = fields['plugin-type'] !== undefined || LEFT_BEHIND.has(fields.title)
    if (!isProgram) byTitle.set(fields.title, json)
  }
  return new Response(toJsonStream(byTitle.values()), {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': `attachment; filename="${name}.json"`,
      'cache-control': 'private, no-cache',
    },
  })
}

/** Grows by one tiddler at a time, however slowly somebody reads. */
function toJsonStream(tiddlers: Iterator<Uint8Array>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let separator = '[\n'
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const { value, done } = tiddlers.next()
      if (done !== true) {
        controller.enqueue(encoder.encode(separator))
        controller.enqueue(value)
        separator = ',\n'
        return
      }
      controller.enqueue(encoder.encode(separator === '[\n' ? '[]\n' : '\n]\n'))
      controller.close()
    },
  })
}
