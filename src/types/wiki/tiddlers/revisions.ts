// Earlier revisions of tiddlers over HTTP, at the addresses that TiddlyWeb has for them. One is restored by putting it again.

import { ResourceError } from '../../../wire/errors.ts'
import type { WikiContent } from '../content.ts'
import { listDeleted, listRevisions, type TiddlerRow } from './rows.ts'
import { toTiddlerResponse, toTitle } from './tiddlyweb.ts'

/** `.../tiddlers/{title}/revisions` and `.../revisions/12`. At most 15 digits: every such number is exact. */
const REVISIONS_PATH = /^\/bags\/default\/tiddlers\/([^/]+)\/revisions(?:\/([1-9][0-9]{0,14}))?$/

/** @returns undefined for another path */
export function serveRevisions(request: Request, path: string, { sql }: WikiContent): Response | undefined {
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined
  if (path === '/bags/default/deleted') return toList(listDeleted(sql))
  const [, encoded, number] = REVISIONS_PATH.exec(path) ?? []
  if (encoded === undefined) return undefined
  const title = toTitle(encoded)
  const rows = listRevisions(sql, title)
  if (number === undefined && rows.length > 0) return toList(rows)
  const row = rows.find(({ revision, fields }) => revision === Number(number) && fields !== '')
  if (row !== undefined) return toTiddlerResponse(request, row, sql)
  throw new ResourceError(
    'not_found',
    `There is no such revision of the tiddler ${JSON.stringify(title)}, or it is no longer kept.`,
  )
}

function toList(rows: readonly TiddlerRow[]): Response {
  const data = rows.map(({ title, revision, fields, bytes, saveTimeMs }) => ({
    title,
    revision,
    size_bytes: bytes,
    save_time: new Date(saveTimeMs).toISOString(),
    deleted: fields === '',
  }))
  return Response.json({ data }, { headers: { 'cache-control': 'private, no-cache' } })
}
