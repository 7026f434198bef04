// The wiki at its own address, as TiddlyWiki's PutSaver uses it (core/modules/savers/put.js of TiddlyWiki 5): GET the page, OPTIONS to
// learn that it may save, HEAD for the ETag, PUT the whole page with If-Match.

import { ResourceError } from '../../wire/errors.ts'
import { readHtml } from './body.ts'
import { currentPage, type WikiContent } from './content.ts'
import { namesEtag, toEtag } from './etag.ts'
import { gzip } from './gzip.ts'
import { toPageResponse } from './page.ts'
import { TEMPLATE } from './template.ts'
import { addVersion, currentVersion, type NewVersion, type Version } from './versions.ts'

const HTML = { 'content-type': 'text/html; charset=utf-8' }

export function servePage(request: Request, wiki: WikiContent): Response {
  return toPageResponse(request, currentPage(wiki), HTML)
}

/**
 * Without a `dav` header TiddlyWiki would download a file on "save" and call that saved. So everybody gets it, also those who may
 * only read: their saves are refused, and the refusal says why.
 */
export function serveOptions(): Response {
  return new Response(null, {
    status: 200,
    headers: { dav: '1', allow: 'GET, HEAD, OPTIONS, PUT', 'cache-control': 'no-store' },
  })
}

/**
 * Saves the page as the newest version. The body is complete, hashed and compressed before the one transaction in which conditions are
 * decided and everything is stored. Without If-Match it overwrites: API clients that send none mean that, and the version
 * before is kept.
 *
 * @throws ResourceError `precondition_failed`, `invalid_request`, `too_large`, `storage_full`
 */
export async function savePage(request: Request, wiki: WikiContent): Promise<Response> {
  const html = await readHtml(request)
  const content: NewVersion = { etag: await toEtag(html), sizeBytes: html.length, gzip: gzip(html) }
  await wiki.change((sql) => saveVersion(sql, wiki, content, request.headers))
  return new Response(null, { status: 204, headers: { etag: content.etag } })
}

function saveVersion(sql: SqlStorage, wiki: WikiContent, content: NewVersion, headers: Headers): Version {
  const current = currentVersion(sql)
  // The answer to this save was lost and it is being repeated, or nothing changed: either way it is what was asked for.
  if (current?.etag === content.etag) return current
  const ifMatch = headers.get('if-match')
  if (ifMatch !== null && !namesEtag(ifMatch, current?.etag ?? TEMPLATE.etag)) {
    throw new ResourceError(
      'precondition_failed',
      'This wiki was saved by somebody else, or in another tab, after you had opened it.',
    )
  }
  const ifNoneMatch = headers.get('if-none-match')
  if (ifNoneMatch !== null && current !== undefined && namesEtag(ifNoneMatch, current.etag)) {
    throw new ResourceError('precondition_failed', 'This wiki was saved before.')
  }
  return addVersion(sql, content, Date.now(), wiki.retention)
}
