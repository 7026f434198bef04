// A saved wiki as one file that needs no server: the core goes in where the link to it was. Pure text in, text out.
//
// Two tiddlers stay behind, since with them the file's next save would again be a page without a core: the one that selects the
// save template, and our plugin with the core's address. (In an encrypted wiki nobody can take them out; there, a few lines in the
// inlined runtime remove them once the password was given.)

import { PLUGIN_TITLE, SAVE_TEMPLATE_TITLE } from './generated/assets.ts'

/** Written by TiddlyWiki's templates before the link to the core; nothing inside the store can contain it, as `<` is escaped there. */
const CORE_MARK = '<!--~~ Load external JavaScripts ~~-->'
const STORE_OPEN = '<script class="tiddlywiki-tiddler-store" type="application/json">'
const SCRIPT_CLOSE = '</script>'

/** The page with `runtime` inlined; unchanged when it has its core inside already. */
export function toStandalone(html: string, runtime: string): string {
  const mark = html.lastIndexOf(CORE_MARK)
  const end = mark === -1 ? -1 : html.indexOf(SCRIPT_CLOSE, mark)
  if (end === -1) return html
  return `${withoutHostingTiddlers(html.slice(0, mark))}${runtime}${html.slice(end + SCRIPT_CLOSE.length)}`
}

function withoutHostingTiddlers(html: string): string {
  const start = html.indexOf(STORE_OPEN)
  const end = start === -1 ? -1 : html.indexOf(SCRIPT_CLOSE, start)
  if (end === -1) return html
  const from = start + STORE_OPEN.length
  const store = filterStore(html.slice(from, end))
  return `${html.slice(0, from)}${store}${withoutHostingTiddlers(html.slice(end))}`
}

/** A store that does not parse is left as it is: it is the wiki's own, and the browser will say so. */
function filterStore(text: string): string {
  let tiddlers: unknown
  try {
    tiddlers = JSON.parse(text)
  } catch {
    return text
  }
  if (!Array.isArray(tiddlers)) return text
  const kept = tiddlers.filter((tiddler) => !isHosting(tiddler))
  return `[\n${kept.map(toSafeJson).join(',\n')}\n]`
}

function isHosting(tiddler: unknown): boolean {
  const title = typeof tiddler === 'object' && tiddler !== null && 'title' in tiddler ? tiddler.title : undefined
  return title === PLUGIN_TITLE || title === SAVE_TEMPLATE_TITLE
}

/** As TiddlyWiki writes it: no `<` at all, so that no text can end the script element. */
function toSafeJson(tiddler: unknown): string {
  return JSON.stringify(tiddler).replaceAll('<', '\\u003C')
}
