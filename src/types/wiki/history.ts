// The saved versions over HTTP: list them, fetch one, make one the current one again.

import { ResourceError } from '../../wire/errors.ts'
import { toPage, type WikiContent } from './content.ts'
import { toPageResponse } from './page.ts'
import { addVersion, currentVersion, getVersion, listVersions, readVersion, type Version } from './versions.ts'

/** `/versions/12` and `/versions/12/restore`. At most 15 digits: every such number is exact. */
const VERSION_PATH = /^\/versions\/([1-9][0-9]{0,14})(\/restore)?$/

/** Serves everything at and below `/versions`. @throws ResourceError `not_found`, `permission_denied` for a save onto a version */
export function serveHistory(
  request: Request,
  path: string,
  wiki: WikiContent,
  name: string,
): Response | Promise<Response> {
  if (path === '/versions' && request.method === 'GET') return serveList(wiki)
  const [, digits, restore] = VERSION_PATH.exec(path) ?? []
  const version = Number(digits)
  if (restore !== undefined) {
    if (request.method === 'POST') return restoreVersion(version, wiki)
  } else if (digits !== undefined) {
    if (request.method === 'GET' || request.method === 'HEAD') return serveVersion(request, version, wiki, name)
    // Somebody opened a version in a browser and saves there; see serveOptions for why that is not just left to fail.
    if (request.method === 'OPTIONS') {
      const headers = { dav: '1', allow: 'GET, HEAD, OPTIONS', 'biplane-permission': 'read', 'biplane-version': digits }
      return new Response(null, { headers })
    }
    if (request.method === 'PUT') {
      throw new ResourceError(
        'permission_denied',
        `This is version ${version}, and versions do not change. Restore it to go on from it.`,
      )
    }
  }
  throw new ResourceError('not_found', 'A wiki has nothing at this address.')
}

function serveList(wiki: WikiContent): Response {
  // A wiki that is stored by tiddlers is none of its versions.
  const newest = wiki.state().mode === 'file' ? wiki.current()?.version : undefined
  const data = listVersions(wiki.sql).map((version) => toVersionJson(version, newest))
  return Response.json({ data }, { headers: { 'cache-control': 'private, no-cache' } })
}

/** With `?download` the browser stores it as a file. */
function serveVersion(request: Request, number: number, wiki: WikiContent, name: string): Response {
  const version = requireVersion(getVersion(wiki.sql, number), number)
  const isDownload = new URL(request.url).searchParams.has('download')
  return toPageResponse(request, toPage(wiki, version), {
    'content-type': 'text/html; charset=utf-8',
    ...(isDownload ? { 'content-disposition': `attachment; filename="${name}-version-${number}.html"` } : {}),
  })
}

/** The old content becomes the newest version; nothing between them is lost. Restoring the newest one changes nothing. */
async function restoreVersion(number: number, wiki: WikiContent): Promise<Response> {
  const restored = await wiki.change((sql) => {
    const version = requireVersion(getVersion(sql, number), number)
    const current = currentVersion(sql)
    if (current?.etag === version.etag) return current
    return addVersion(sql, { ...version, gzip: readVersion(sql, number) }, Date.now(), wiki.retention)
  })
  return Response.json(toVersionJson(restored, restored.version), { headers: { etag: restored.etag } })
}

function requireVersion(version: Version | undefined, number: number): Version {
  if (version === undefined)
    throw new ResourceError('not_found', `There is no version ${number}, or it is no longer kept.`)
  return version
}

function toVersionJson(version: Version, newest: number | undefined): Record<string, string | number | boolean> {
  return {
    version: version.version,
    etag: version.etag,
    size_bytes: version.sizeBytes,
    stored_bytes: version.storedBytes,
    save_time: new Date(version.saveTimeMs).toISOString(),
    current: version.version === newest,
  }
}
