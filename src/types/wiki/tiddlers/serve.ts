// A wiki that is stored by tiddlers, as its object sees it: what each path means in this mode.

import type { RequestContext } from '../../../data-plane/object.ts'
import { ResourceError } from '../../../wire/errors.ts'
import { isUpload } from '../body.ts'
import type { WikiContent } from '../content.ts'
import { serveRendered } from './pages.ts'
import { serveRevisions } from './revisions.ts'
import { readTiddlers } from './rows.ts'
import { renderJson, renderPage } from './shell.ts'
import { serveTiddlyWeb } from './tiddlyweb.ts'

/** @returns undefined for a path that means the same in both modes, or nothing */
export function serveTiddlers(
  request: Request,
  context: RequestContext,
  wiki: WikiContent,
): Response | Promise<Response> | undefined {
  const { path } = context
  if (path === '/' || isUpload(request)) return serveRoot(request, wiki)
  if (request.method === 'GET' && path === '/tiddlers.json') {
    const type = 'application/json; charset=utf-8'
    return serveRendered(request, wiki, 'json', type, () => renderJson(readTiddlers(wiki.sql)))
  }
  return serveRevisions(request, path, wiki) ?? serveTiddlyWeb(request, context, wiki)
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
