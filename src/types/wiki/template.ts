// What every wiki of a release shares: the page of a wiki that was never saved, and the core script. Both were compressed when the
// package was built.

import type { Asset } from '../../resource-type.ts'
import { TEMPLATE_ETAG } from './generated/assets.ts'
import { CORES } from './generated/cores.ts'
import standalone from './generated/standalone.bin'
import template from './generated/template.bin'
import { gunzip } from './gzip.ts'
import { toPageResponse, type Page } from './page.ts'

const JAVASCRIPT = 'text/javascript; charset=utf-8'

/** The core scripts under names that change with their content. New wikis name theirs in a tiddler, for ever. */
export const WIKI_ASSETS: Readonly<Record<string, Asset>> = Object.fromEntries(
  CORES.map(({ version, hash, body }) => [
    `tiddlywikicore-${version}.${hash}.js`,
    { body, contentType: JAVASCRIPT, contentEncoding: 'gzip' },
  ]),
)

/** The page of a wiki that was never saved. */
export const TEMPLATE: Page = { etag: TEMPLATE_ETAG, gzip: () => new Uint8Array(template) }

/** Where TiddlyWiki looks for its core, relative to the page, when nothing in the wiki says otherwise; and what it finds there. */
export const RELATIVE_CORES: ReadonlyMap<string, Page> = new Map(
  CORES.map(({ version, hash, body }) => [
    `/tiddlywikicore-${version}.js`,
    { etag: `"${hash}"`, gzip: () => new Uint8Array(body) },
  ]),
)

/** For wikis that lost the tiddler with the address, and those brought from elsewhere: the core is beside every page. */
export function serveRelativeCore(request: Request, path: string): Response | undefined {
  const core = RELATIVE_CORES.get(path.slice(path.lastIndexOf('/')))
  return core && toPageResponse(request, core, { 'content-type': JAVASCRIPT })
}

/** What an exported file has in place of the link to the core script. */
export function standaloneRuntime(): string {
  return new TextDecoder().decode(gunzip(new Uint8Array(standalone)))
}
