// The wiki at its own address, as TiddlyWiki's PutSaver uses it (core/modules/savers/put.js of TiddlyWiki 5): GET the page, OPTIONS to
// learn that it may save, HEAD for the ETag, PUT the whole page with If-Match.

import { includesPermission } from '../../identity/token.ts'
import type { Descriptor } from '../../wire/descriptor.ts'
import { ResourceError } from '../../wire/errors.ts'
import type { Principal } from '../../wire/principal.ts'
import { readHtml } from './body.ts'
import { currentPage, type WikiContent } from './content.ts'
import { namesEtag } from './etag.ts'
import { toPageResponse } from './page.ts'
import { packPage } from './page-writer.ts'
import { TEMPLATE } from './template.ts'
import { addVersion, currentVersion, type NewVersion, type Version } from './versions.ts'

const HTML = { 'content-type': 'text/html; charset=utf-8' }

/**
 * The tag goes twice: a page's script cannot read the headers with which the page itself came, except this one. So it knows what it has
 * loaded, where TiddlyWiki alone would ask afterwards, and could be told the tag of somebody else's save.
 */
export function servePage(request: Request, wiki: WikiContent): Response {
  const page = currentPage(wiki)
  return toPageResponse(request, page, { ...HTML, 'server-timing': `biplane-page;desc=${page.etag}` })
}

/**
 * Without a `dav` header TiddlyWiki would download a file on "save" and call that saved. So everybody gets it, also those who may
 * only read: the hosting plugin tells them by the permission, and should a save come all the same, its refusal says why.
 */
export function serveOptions(principal: Principal, descriptor: Descriptor): Response {
  return new Response(null, {
    status: 200,
    headers: {
      dav: '1',
      allow: 'GET, HEAD, OPTIONS, PUT',
      'biplane-permission': mayWrite(principal, descriptor) ? 'write' : 'read',
      'cache-control': 'no-store',
    },
  })
}

function mayWrite({ permission }: Principal, { mode, visibility }: Descriptor): boolean {
  if (mode !== 'active') return false
  return permission === undefined ? visibility === 'public' : includesPermission(permission, 'write')
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
  const content = await packPage(html)
  await wiki.change((sql) => saveVersion(sql, wiki, content, request.headers))
  return new Response(null, { status: 204, headers: { etag: content.etag } })
}

/** One save, decided and stored in its transaction. */
export function saveVersion(sql: SqlStorage, wiki: WikiContent, content: NewVersion, headers: Headers): Version {
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
