// The object of a wiki: a shell that sends each path to its module.

import { ResourceObject, type RequestContext } from '../../data-plane/object.ts'
import type { Migration } from '../../data-plane/storage.ts'
import { ResourceError } from '../../wire/errors.ts'
import type { Principal } from '../../wire/principal.ts'
import { currentPage, type WikiContent } from './content.ts'
import { dumpVersions, loadVersions } from './copy.ts'
import { toStandalone } from './export.ts'
import { gunzip } from './gzip.ts'
import { serveHistory } from './history.ts'
import { toPageResponse } from './page.ts'
import { savePage, serveOptions, servePage } from './put-saver.ts'
import { toRefusal } from './refusal.ts'
import { CORE, CORE_FILE, standaloneRuntime } from './template.ts'
import { createVersionTables, currentVersion, DEFAULT_RETENTION, retentionWithin, type Version } from './versions.ts'

/** Kept in memory: the newest version's row (without its content), so that a GET reads only what it sends. */
interface WikiMemory {
  readonly current: Version | undefined
}

/** One TiddlyWiki: a single HTML page that saves itself, with its earlier versions. */
export class Wiki extends ResourceObject<WikiMemory> {
  protected override readonly migrations: readonly Migration[] = [createVersionTables]

  protected override onRequest(
    request: Request,
    { path, principal, descriptor }: RequestContext,
  ): Response | Promise<Response> {
    const { method } = request
    const isRead = method === 'GET' || method === 'HEAD'
    if (!isRead && method !== 'OPTIONS') requireScript(request, principal)
    const wiki = this.#content(principal)
    if (path === '/') {
      if (isRead) return servePage(request, wiki)
      if (method === 'OPTIONS') return serveOptions(principal, descriptor)
      if (method === 'PUT') return savePage(request, wiki)
    }
    if (isRead && path.endsWith(`/${CORE_FILE}`)) {
      return toPageResponse(request, CORE, { 'content-type': 'text/javascript; charset=utf-8' })
    }
    if (method === 'GET' && path === '/export') return serveExport(wiki, descriptor.id)
    if (path === '/versions' || path.startsWith('/versions/')) return serveHistory(request, path, wiki, descriptor.id)
    throw new ResourceError(
      'not_found',
      'There is nothing at this address. The wiki itself is at the one that ends with its identifier and a slash.',
    )
  }

  protected override onRefusal(error: ResourceError, principal: Principal, request: Request): Response {
    return toRefusal(error, principal, request)
  }

  protected override dump(): ReadableStream<Uint8Array> {
    return dumpVersions(this.sql)
  }

  protected override load(stream: ReadableStream<Uint8Array>): Promise<void> {
    return loadVersions(stream, this.#content())
  }

  /** @param principal of the request that changes it */
  #content(principal?: Principal): WikiContent {
    return {
      sql: this.sql,
      retention: retentionWithin(DEFAULT_RETENTION, this.descriptor.limits.bytes),
      current: () => (this.memory ??= { current: currentVersion(this.sql) }).current,
      change: (change) =>
        this.write((sql) => {
          const value = change(sql)
          // Read again when asked for: correct whether this transaction is kept or rolled back.
          this.memory = undefined
          return value
        }, principal),
    }
  }
}

/**
 * A browser adds a cookie to whatever another site makes it send, but this header only to what a script of the same origin sends:
 * the second lock beside the edge's check of Origin.
 *
 * @throws ResourceError `permission_denied`
 */
function requireScript(request: Request, principal: Principal): void {
  if (principal.via === 'cookie' && request.headers.get('x-requested-with') === null) {
    throw new ResourceError('permission_denied', 'A change made with a cookie needs the header X-Requested-With.')
  }
}

/** The wiki as one file that boots from a disk and can save itself there. */
function serveExport(wiki: WikiContent, name: string): Response {
  const html = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(gunzip(currentPage(wiki).gzip()))
  return new Response(toStandalone(html, standaloneRuntime()), {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-disposition': `attachment; filename="${name}.html"`,
      'cache-control': 'private, no-cache',
    },
  })
}
