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
  const parts: string[] = []
  let position = 0
  for (;;) {
    const start = html.indexOf(STORE_OPEN, position)
    const end = start === -1 ? -1 : html.indexOf(SCRIPT_CLOSE, start)
    if (end === -1) break
    const from = start + STORE_OPEN.length
    parts.push(html.slice(position, from), filterStore(html.slice(from, end)))
    position = end
  }
  parts.push(html.slice(position))
  return parts.join('')
}

/**
 * TiddlyWiki writes a store with one tiddler per line. Only lines that name one of the two titles are parsed: a page of 30 MB is filtered
 * in milliseconds, while everybody else waits for this thread. A store in any other form is left as it is.
 */
function filterStore(text: string): string {
  const lines = text.split('\n')
  const kept = lines.filter((line) => !isHostingLine(line))
  if (kept.length === lines.length) return text
  // The last tiddler has no comma behind it.
  const last = kept.findLastIndex((line) => line.startsWith('{'))
  return kept.map((line, index) => (index === last ? line.replace(/,\s*$/, '') : line)).join('\n')
}

function isHostingLine(line: string): boolean {
  if (!line.includes(PLUGIN_TITLE) && !line.includes(SAVE_TEMPLATE_TITLE)) return false
  try {
    return isHosting(JSON.parse(line.replace(/,\s*$/, '')))
  } catch {
    return false
  }
}

function isHosting(tiddler: unknown): boolean {
  const title = typeof tiddler === 'object' && tiddler !== null && 'title' in tiddler ? tiddler.title : undefined
  return title === PLUGIN_TITLE || title === SAVE_TEMPLATE_TITLE
}
