// What is made of all tiddlers at once: compressed in slices, kept in memory until something changes, and told apart by the wiki's
// revision alone, so that a client that has it already costs nothing.

import type { WikiContent } from '../content.ts'
import { gzipParts } from '../gzip.ts'
import { toPageResponse } from '../page.ts'
import { namesEtag } from '../etag.ts'
import { SHELL_VERSION } from './shell.ts'

/** Compressed, a page of some eight megabytes. Larger ones are made for every request: memory is for many wikis. */
const KEPT_BYTES = 2 * 1024 ** 2

/**
 * Answers a request for something that follows from the whole wiki.
 *
 * @param name tells apart what is made of the same revision
 * @param render reads the wiki, synchronously, so that what it yields is of one moment
 */
export async function serveRendered(
  request: Request,
  wiki: WikiContent,
  name: string,
  contentType: string,
  render: () => Iterable<Uint8Array>,
): Promise<Response> {
  const etag = `"${wiki.state().revision}-${name}-${SHELL_VERSION}"`
  const condition = request.headers.get('if-none-match')
  const isNeeded = request.method !== 'HEAD' && (condition === null || !namesEtag(condition, etag))
  const gzip = isNeeded ? await rendered(wiki, name, render) : new Uint8Array()
  return toPageResponse(request, { etag, gzip: () => gzip }, { 'content-type': contentType })
}

function rendered(
  wiki: WikiContent,
  name: string,
  render: () => Iterable<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  // Requests that come while it is being made wait for the same one.
  return wiki.cached(name, async (forget) => {
    try {
      const gzip = await gzipParts(render())
      if (gzip.length > KEPT_BYTES) forget()
      return gzip
    } catch (error) {
      forget()
      throw error
    }
  })
}
