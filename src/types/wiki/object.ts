// The object of a wiki: a shell that sends each path to its module.

import { ResourceObject, type RequestContext } from '../../data-plane/object.ts'
import type { Migration } from '../../data-plane/storage.ts'
import { ResourceError } from '../../wire/errors.ts'
import type { Principal } from '../../wire/principal.ts'
import { isUpload } from './body.ts'
import { currentPage, type WikiContent } from './content.ts'
import { WIKI_FORM, dumpWiki, loadWiki } from './copy.ts'
import { toExport } from './serve-export.ts'
import { gunzip } from './gzip.ts'
import { serveHistory } from './history.ts'
import { importWiki } from './import.ts'
import { serveInfo } from './info.ts'
import { serveJson } from './json-export.ts'
import { savePage, serveOptions, servePage } from './put-saver.ts'
import { toRefusal } from './refusal.ts'
import { serveRelativeCore } from './template.ts'
import { convert } from './tiddlers/convert.ts'
import { HISTORY, setMode } from './tiddlers/changes.ts'
import { createTiddlerTables, readState, type StorageMode, type StorageState } from './tiddlers/rows.ts'
import { refuseTiddlyWeb, serveTiddlers } from './tiddlers/serve.ts'
import { saveUpload, UPLOAD_PATHS } from './upload-saver.ts'
import { createVersionTables, currentVersion, DEFAULT_RETENTION, retentionWithin, type Retention } from './versions.ts'

/** Kept in memory until something changes: what a GET would otherwise read or make again. */
type WikiMemory = Map<string, unknown>

/** What is given at the creation of a wiki. */
export type WikiParams = { readonly storage: StorageMode } | undefined

/** One TiddlyWiki: a single HTML page that saves itself, with its earlier versions; or its tiddlers, each with its own. */
export class Wiki extends ResourceObject<WikiMemory> {
  protected override readonly migrations: readonly Migration[] = [createVersionTables, createTiddlerTables]

  /** How much history is kept, where the resource's byte limit allows it. */
  protected readonly retention: Retention = DEFAULT_RETENTION

  protected override onCreate(params: WikiParams): void {
    if (params?.storage === 'tiddlers') setMode(this.sql, 'tiddlers')
  }

  protected override onRequest(request: Request, context: RequestContext): Response | Promise<Response> {
    const { path, principal, descriptor } = context
    const { method } = request
    const isRead = method === 'GET' || method === 'HEAD'
    const isUploading = isUpload(request) && UPLOAD_PATHS.includes(path)
    if (!isRead && method !== 'OPTIONS' && !isUploading) requireScript(request, principal)
    const wiki = this.#content(principal)
    if (method === 'GET' && path === '/info') return serveInfo(wiki)
    if (method === 'POST' && path === '/convert') return convert(request, wiki)
    if (wiki.state().mode === 'tiddlers') {
      const answer = serveTiddlers(request, context, wiki)
      if (answer !== undefined) return answer
    }
    if (isUploading) return saveUpload(request, wiki)
    if (path === '/') {
      if (isRead) return servePage(request, wiki)
      if (method === 'OPTIONS') return serveOptions(principal, descriptor)
      if (method === 'PUT') return savePage(request, wiki)
    }
    const core = isRead ? serveRelativeCore(request, path) : undefined
    if (core !== undefined) return core
    if (method === 'GET' && path === '/export') return serveExport(wiki, descriptor.id)
    if (method === 'GET' && path === '/tiddlers.json') return serveJson(wiki, descriptor.id)
    if (method === 'POST' && path === '/import') return importWiki(request, wiki)
    if (path === '/versions' || path.startsWith('/versions/')) return serveHistory(request, path, wiki, descriptor.id)
    refuseTiddlyWeb(path)
    throw new ResourceError(
      'not_found',
      'There is nothing at this address. The wiki itself is at the one that ends with its identifier and a slash.',
    )
  }

  protected override onRefusal(error: ResourceError, principal: Principal, request: Request): Response {
    return toRefusal(error, principal.requestId, request)
  }

  protected override readonly dumpForm: number = WIKI_FORM

  protected override dump(): ReadableStream<Uint8Array> {
    return dumpWiki(this.sql)
  }

  protected override load(stream: ReadableStream<Uint8Array>): Promise<void> {
    return loadWiki(stream, this.#content())
  }

  /** @param principal of the request that changes it */
  #content(principal?: Principal): WikiContent {
    const { mode } = this.#state
    const retention = retentionWithin(this.retention, this.descriptor.limits.bytes)
    return {
      sql: this.sql,
      retention,
      // A wiki that was converted has both.
      history: retentionWithin(HISTORY, this.descriptor.limits.bytes / 2),
      current: () => this.#cached('current', () => currentVersion(this.sql)),
      state: () => this.#state,
      cached: (name, make) => this.#cached(name, make),
      change: (change) =>
        this.write((sql) => {
          // Between a request's beginning and its end a wiki may become what the request was not meant for.
          if (readState(sql).mode !== mode) throw converted()
          const value = change(sql)
          // Read again when asked for: correct whether this transaction is kept or rolled back.
          this.memory = undefined
          return value
        }, principal),
    }
  }

  get #state(): StorageState {
    return this.#cached('state', () => readState(this.sql))
  }

  #cached<T>(name: string, make: (forget: () => void) => T): T {
    const memory = (this.memory ??= new Map())
    if (!memory.has(name))
      memory.set(
        name,
        make(() => memory.delete(name)),
      )
    return memory.get(name) as T
  }
}

/**
 * A browser adds a cookie to whatever another site makes it send, but this header only to what a script of the same origin sends:
 * the second lock beside the edge's check of Origin. UploadSaver does not send it, and has the first lock alone.
 *
 * @throws ResourceError `permission_denied`
 */
function requireScript(request: Request, principal: Principal): void {
  if (principal.via === 'cookie' && request.headers.get('x-requested-with') === null) {
    throw new ResourceError('permission_denied', 'A change made with a cookie needs the header X-Requested-With.')
  }
}

function converted(): ResourceError {
  return new ResourceError('precondition_failed', 'This wiki was converted to another storage meanwhile.')
}

function serveExport(wiki: WikiContent, name: string): Response {
  const html = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(gunzip(currentPage(wiki).gzip()))
  return toExport(html, name)
}
