// What every wiki of a release shares: the page of a wiki that was never saved, and the core script. Both were compressed when the
// package was built.

import type { Asset } from '../../resource-type.ts'
import core from './generated/core.bin'
import standalone from './generated/standalone.bin'
import template from './generated/template.bin'
import { CORE_HASH, TEMPLATE_ETAG, TIDDLYWIKI_VERSION } from './generated/assets.ts'
import { gunzip } from './gzip.ts'
import type { Page } from './page.ts'

/** The name at which TiddlyWiki looks for its core, relative to the page, when nothing in the wiki says otherwise. */
export const CORE_FILE: string = `tiddlywikicore-${TIDDLYWIKI_VERSION}.js`

const coreAsset: Asset = {
  body: core,
  contentType: 'text/javascript; charset=utf-8',
  contentEncoding: 'gzip',
}

/** The core script under a name that changes with its content. New wikis name it in a tiddler. */
export const WIKI_ASSETS: Readonly<Record<string, Asset>> = {
  [`tiddlywikicore-${TIDDLYWIKI_VERSION}.${CORE_HASH}.js`]: coreAsset,
}

/** The page of a wiki that was never saved. */
export const TEMPLATE: Page = { etag: TEMPLATE_ETAG, gzip: () => new Uint8Array(template) }

/** The core script as a page of the wiki: for wikis that lost the tiddler with its address, and those brought from elsewhere. */
export const CORE: Page = { etag: `"${CORE_HASH}"`, gzip: () => new Uint8Array(core) }

/** What an exported file has in place of the link to the core script. */
export function standaloneRuntime(): string {
  return new TextDecoder().decode(gunzip(new Uint8Array(standalone)))
}
