// Single-file wikis as people bring them, made by the real TiddlyWiki of the package.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const require = createRequire(import.meta.url)

const STORE_OPEN = '<script class="tiddlywiki-tiddler-store" type="application/json">'

export type Fields = Readonly<Record<string, string>>

interface TiddlyWiki {
  readonly boot: { argv: string[]; disabledStartupModules: string[]; boot(): void }
  readonly wiki: {
    addTiddlers(tiddlers: readonly Fields[]): void
    renderTiddler(type: string, title: string): string
  }
}

/** One file with everything in it, as "save" writes it in a wiki that was never hosted. */
export function makeSingleFile(tiddlers: readonly Fields[]): string {
  const folder = mkdtempSync(join(tmpdir(), `biplane-test-${process.pid}-`))
  try {
    const themes = ['tiddlywiki/vanilla', 'tiddlywiki/snowwhite']
    writeFileSync(join(folder, 'tiddlywiki.info'), JSON.stringify({ plugins: [], themes }))
    const { TiddlyWiki } = require('tiddlywiki') as { TiddlyWiki: () => TiddlyWiki }
    const made = TiddlyWiki()
    made.boot.argv = [folder, '--version']
    made.boot.disabledStartupModules = ['commands']
    made.boot.boot()
    made.wiki.addTiddlers(tiddlers)
    return made.wiki.renderTiddler('text/plain', '$:/core/save/all').trim()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The same with thousands of tiddlers more, which TiddlyWiki would take half a minute to render. */
export function withMore(html: string, tiddlers: readonly Fields[]): string {
  const lines = tiddlers.map((fields) => `${JSON.stringify(fields).replaceAll('<', '\\u003C')},\n`)
  return html.replace(`${STORE_OPEN}[\n`, (open) => open + lines.join(''))
}

/** A page with these stores, as they are, and the version that its core claims. */
export function pageWithStores(...stores: readonly string[]): string {
  const scripts = stores.map((store) => `${STORE_OPEN}${store}</script>`)
  return `<!doctype html><html><head><title>Made</title></head><body>${scripts.join('')}</body></html>`
}

/** The core's tiddler, as small as it can be. */
export function core(version: string): string {
  return JSON.stringify({ title: '$:/core', version, text: '{}' })
}

/** Every store of a page, parsed as a browser would. */
export function tiddlersIn(html: string): Fields[] {
  return html
    .split(STORE_OPEN)
    .slice(1)
    .flatMap((part) => JSON.parse(part.slice(0, part.indexOf('</script>'))) as Fields[])
}
