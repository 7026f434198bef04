// A wiki that is stored by tiddlers, as its object sees it: what each path means in this mode.

import type { RequestContext } from '../../../data-plane/object.ts'
import { ResourceError } from '../../../wire/errors.ts'
import { isUpload, readHtml } from '../body.ts'
import type { WikiContent } from '../content.ts'
import { toExportResponse } from '../serve-export.ts'
import { toSlices } from '../gzip.ts'
import { serveRendered } from './pages.ts'
import { serveRevisions } from './revisions.ts'
import { readTiddlers } from './rows.ts'
import { renderJson, renderPage } from './shell.ts'
import { takePage } from './staging.ts'
import { serveTiddlyWeb } from './tiddlyweb.ts'

/** @returns undefined for a path that means the same in both modes, or nothing */
export function serveTiddlers(
  request: Request,
  context: RequestContext,
  wiki: WikiContent,
): Response | Promise<Response> | undefined {
  const { path } = context
  const { method } = request
  if (path === '/' || isUpload(request)) return serveRoot(request, wiki)
  if (method === 'GET' && path === '/tiddlers.json') {
    const type = 'application/json; charset=utf-8'
    return serveRendered(request, wiki, 'json', type, () => renderJson(readTiddlers(wiki.sql)))
  }
  if (method === 'GET' && path === '/export') return serveExport(wiki, context.descriptor.id)
  if (method === 'POST' && path === '/import') return importTiddlers(request, wiki)
  if (method === 'POST' && path.startsWith('/versions/')) {
    throw new ResourceError(
      'permission_denied',
      'This wiki is stored by tiddlers since: convert it to a file first, then this version can be restored.',
    )
  }
  return serveRevisions(request, path, wiki) ?? serveTiddlyWeb(request, context, wiki)
}

/** The tiddlers of a file join those of the wiki; of two with one title, the file's counts, and the other is in its revisions. */
async function importTiddlers(request: Request, wiki: WikiContent): Promise<Response> {
  const html = await readHtml(request)
  const tiddlers = await takePage(html, wiki, (_, takeTiddlers) => takeTiddlers())
  return Response.json({ converted: true, tiddlers, size_bytes: html.length })
}

/** Made while it is sent, from what the wiki is now. */
function serveExport({ sql }: WikiContent, name: string): Response {
  const slices = toSlices(renderPage(readTiddlers(sql), 'standalone'))
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { value, done } = slices.next()
      if (done === true) controller.close()
      else controller.enqueue(value)
    },
  })
  return toExportResponse(body, name)
}

/** A page that was open while its wiki became a file goes on sending its tiddlers. */
export function refuseTiddlyWeb(path: string): void {
  if (path !== '/status' && !path.startsWith('/recipes/') && !path.startsWith('/bags/')) return
  throw new ResourceError('not_found', 'This wiki is stored as a file, not by tiddlers. Reload the page.')
}

/** Without `dav` in the answer to OPTIONS the page does not try to save itself as a whole, and leaves saving to the syncer. */
function serveRoot(request: Request, wiki: WikiContent): Response | Promise<Response> {
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      return serveRendered(request, wiki, 'page', 'text/html; charset=utf-8', () =>
        renderPage(readTiddlers(wiki.sql), 'synced'),
      )
    case 'OPTIONS':
      return new Response(null, { headers: { allow: 'GET, HEAD, OPTIONS', 'cache-control': 'no-store' } })
    default:
      throw new ResourceError(
        'permission_denied',
        'This wiki is stored by tiddlers, and cannot be saved as a whole page. Reload it: then it saves each tiddler by itself.',
      )
  }
}
