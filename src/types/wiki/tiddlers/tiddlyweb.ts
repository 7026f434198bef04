// TiddlyWeb's requests, as TiddlyWiki's adaptor makes them (plugins/tiddlywiki/tiddlyweb/tiddlywebadaptor.js) and its own server answers
// them (core-server/server/routes). Routed on the path as it came: a title may contain a slash, a percent sign, anything.

import type { RequestContext } from '../../../data-plane/object.ts'
import { includesPermission } from '../../../identity/token.ts'
import { ResourceError } from '../../../wire/errors.ts'
import type { WikiContent } from '../content.ts'
import { namesEtag } from '../etag.ts'
import { TIDDLYWIKI_VERSION } from '../generated/assets.ts'
import { deleteTiddler, putTiddler } from './changes.ts'
import { isSkinny, toFields, toNewTiddler, toSkinnyJson, toText, toTiddlerEtag, toTiddlyWebJson } from './fields.ts'
import { serveRendered } from './pages.ts'
import { getTiddler, listTiddlers, readText, type TiddlerRow } from './rows.ts'
import { isReserved, shellTitles } from './shell.ts'

const TIDDLER_PATH = /^\/(recipes|bags)\/default\/tiddlers\/(.+)$/
const JSON_TYPE = 'application/json; charset=utf-8'
/** Largest tiddler: a scanned document. Its JSON is parsed in one go, and everybody else waits. */
export const TIDDLER_BYTES: number = 16 * 1024 ** 2
/** The two that TiddlyWiki's server allows: what its own page asks for, and what it takes when nothing is asked for. */
const SYNC_FILTER =
  '[all[tiddlers]] -[[$:/isEncrypted]] -[prefix[$:/temp/]] -[prefix[$:/status/]] -[[$:/boot/boot.js]] -[[$:/boot/bootprefix.js]] ' +
  '-[has[plugin-type]field:platform[server]] -[[$:/library/sjcl.js]] -[[$:/core]]'
const DEFAULT_FILTER = '[all[tiddlers]!is[system]sort[title]]'
/** Told by a tiddler, as for TiddlyWiki's server: whether clients hear of system tiddlers that others have changed. */
const SYNC_SYSTEM_TITLE = '$:/config/SyncSystemTiddlersFromServer'
const SYSTEM_PREFIX = '$:/'

const encoder = new TextEncoder()

/** @returns undefined for a path that is none of TiddlyWeb's */
export function serveTiddlyWeb(
  request: Request,
  context: RequestContext,
  wiki: WikiContent,
): Response | Promise<Response> | undefined {
  const { path } = context
  const { method } = request
  const isRead = method === 'GET' || method === 'HEAD'
  if (isRead && path === '/status') return serveStatus(context)
  if (isRead && path === '/recipes/default/tiddlers.json') return serveList(request, wiki)
  const [, space, encoded] = TIDDLER_PATH.exec(path) ?? []
  if (encoded === undefined) return undefined
  if (method === 'DELETE') return removeTiddler(request, toTitle(encoded), wiki)
  if (space !== 'recipes') return undefined
  if (isRead) return serveTiddler(request, toTitle(encoded), wiki)
  return method === 'PUT' ? saveTiddler(request, toTitle(encoded), wiki) : undefined
}

/** @throws ResourceError `invalid_request` for a percent sign that begins no character */
export function toTitle(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    throw new ResourceError('invalid_request', 'The title in the address is not percent-encoded UTF-8.')
  }
}

function serveStatus({ principal: { permission }, descriptor }: RequestContext): Response {
  const mayWrite =
    permission === undefined ? descriptor.visibility === 'public' : includesPermission(permission, 'write')
  const status = {
    // Tokens name no person. Any name but GUEST counts as signed in, which the menu of the syncer needs.
    username: '',
    anonymous: true,
    read_only: !mayWrite || descriptor.mode !== 'active',
    logout_is_available: false,
    space: { recipe: 'default' },
    tiddlywiki_version: TIDDLYWIKI_VERSION,
  }
  return Response.json(status, { headers: { 'cache-control': 'no-store' } })
}

/** What clients poll: every tiddler without its text. A client that has the present list is answered from memory. */
function serveList(request: Request, wiki: WikiContent): Promise<Response> {
  const { searchParams } = new URL(request.url)
  const filter = searchParams.get('filter') ?? DEFAULT_FILTER
  if (filter !== SYNC_FILTER && filter !== DEFAULT_FILTER) {
    throw new ResourceError(
      'permission_denied',
      `This server lists by two filters: ${SYNC_FILTER} and ${DEFAULT_FILTER}.`,
    )
  }
  if ((searchParams.get('exclude') ?? 'text') !== 'text') {
    throw new ResourceError(
      'invalid_request',
      'The list has all fields but the text. All tiddlers are at /tiddlers.json.',
    )
  }
  const isSystemShown = filter === SYNC_FILTER && wiki.cached('sync-system', () => isSystemSynced(wiki))
  return serveRendered(request, wiki, isSystemShown ? 'list-system' : 'list', JSON_TYPE, () => {
    const rows = listTiddlers(wiki.sql).filter(({ title }) => isSystemShown || !title.startsWith(SYSTEM_PREFIX))
    const titles = new Set(rows.map(({ title }) => title))
    // Whatever is missing from the list is deleted in the page; revision 0 is what the page has of these.
    const shell = isSystemShown ? shellTitles().filter((title) => !titles.has(title)) : []
    const lines = [
      ...shell.map((title) => toSkinnyJson(JSON.stringify({ title }), 0)),
      ...rows.map(({ fields, revision }) => toSkinnyJson(fields, revision)),
    ]
    return [encoder.encode(`[${lines.join(',\n')}]`)]
  })
}

function isSystemSynced({ sql }: WikiContent): boolean {
  const row = getTiddler(sql, SYNC_SYSTEM_TITLE)
  const text = row === undefined ? undefined : readText(sql, row.id)
  return text !== undefined && toText(text).trim() === 'yes'
}

function serveTiddler(request: Request, title: string, { sql }: WikiContent): Response {
  const row = getTiddler(sql, title)
  if (row === undefined) throw new ResourceError('not_found', `There is no tiddler ${JSON.stringify(title)}.`)
  return toTiddlerResponse(request, row, sql)
}

export function toTiddlerResponse(request: Request, row: TiddlerRow, sql: SqlStorage): Response {
  const etag = toTiddlerEtag(row.title, row.revision)
  const headers = { etag, 'content-type': JSON_TYPE, 'cache-control': 'private, no-cache' }
  const condition = request.headers.get('if-none-match')
  if (condition !== null && namesEtag(condition, etag)) return new Response(null, { status: 304, headers })
  if (request.method === 'HEAD') return new Response(null, { headers })
  const text = readText(sql, row.id)
  return new Response(toTiddlyWebJson(row.fields, text && toText(text), row.revision), { headers })
}

/** @throws ResourceError `precondition_failed`, `invalid_request`, `too_large`, `storage_full` */
async function saveTiddler(request: Request, title: string, wiki: WikiContent): Promise<Response> {
  const value = await readJson(request)
  // The client must believe it is saved: it sends again what is refused, for ever, and nothing else meanwhile.
  if (isReserved(title)) return toSaved(title, 0)
  const tiddler = toNewTiddler(toFields(value, title))
  const revision = await wiki.change((sql) => {
    requireMatch(request, getTiddler(sql, title))
    return putTiddler(sql, tiddler, isSkinny(value), { nowMs: Date.now(), history: wiki.history })
  })
  return toSaved(title, revision)
}

/** What is not there is as good as deleted. @throws ResourceError `precondition_failed` */
async function removeTiddler(request: Request, title: string, wiki: WikiContent): Promise<Response> {
  await wiki.change((sql) => {
    requireMatch(request, getTiddler(sql, title))
    deleteTiddler(sql, title, { nowMs: Date.now(), history: wiki.history })
  })
  return new Response(null, { status: 204 })
}

function toSaved(title: string, revision: number): Response {
  return new Response(null, { status: 204, headers: { etag: toTiddlerEtag(title, revision) } })
}

/** TiddlyWiki sends no conditions: the last one to save a tiddler wins, and what was before is in its revisions. */
function requireMatch({ headers }: Request, current: TiddlerRow | undefined): void {
  const [ifMatch, ifNoneMatch] = [headers.get('if-match'), headers.get('if-none-match')]
  const names = (header: string): boolean =>
    current !== undefined && namesEtag(header, toTiddlerEtag(current.title, current.revision))
  if ((ifMatch !== null && !names(ifMatch)) || (ifNoneMatch !== null && names(ifNoneMatch))) {
    throw new ResourceError('precondition_failed', 'This tiddler was changed by somebody else meanwhile.')
  }
}

async function readJson(request: Request): Promise<unknown> {
  // Read whatever its length: a client that is still sending does not hear the refusal.
  const body = await request.arrayBuffer()
  if (body.byteLength > TIDDLER_BYTES) {
    throw new ResourceError('too_large', `A tiddler may have at most ${TIDDLER_BYTES} bytes.`, {
      details: { limit: TIDDLER_BYTES },
    })
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body))
  } catch {
    throw new ResourceError('invalid_request', 'The body is no JSON. Send the tiddler as a JSON object of its fields.')
  }
}
