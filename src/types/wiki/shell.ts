// A page around any tiddlers, in the form of a new wiki: the page that every new wiki has, with other tiddlers and another title. What
// TiddlyWiki renders into a page beside its store (metadata, a list for browsers without scripts) is left out; its first save brings it.

import { PLUGIN_TITLE } from './generated/assets.ts'
import { gunzip } from './gzip.ts'
import { TEMPLATE } from './template.ts'

export interface Shell {
  /** The page up to its first tiddler, which is the hosting plugin: every further one goes behind a comma. */
  readonly before: string
  readonly after: string
}

/** Where the build has looked for each of them: see the expectations of scripts/wiki-assets.mjs. */
const MARKS = {
  metadata: ['<!--~~ Raw markup ~~-->', '</head>'],
  title: ['<title>', '</title>'],
  noScript: ['<noscript>', '</noscript>'],
  store: ['<script class="tiddlywiki-tiddler-store" type="application/json">[', '\n]</script>'],
} as const

/** @param title text of the title element, as it stands in a page; undefined: that of a new wiki */
export function toShell(title: string | undefined): Shell {
  const page = new TextDecoder().decode(gunzip(TEMPLATE.gzip()))
  const [before = '', store = '', after = ''] = cut(page, 'store')
  const plugin = store.split('\n').find((line) => line.startsWith(`{"title":"${PLUGIN_TITLE}"`)) ?? ''
  let head = replaceBetween(replaceBetween(before, 'noScript', ''), 'metadata', '\n')
  if (title !== undefined) head = replaceBetween(head, 'title', title.replaceAll('<', '&lt;'))
  return { before: `${head}\n${plugin.replace(/,$/, '')}`, after }
}

function replaceBetween(text: string, mark: keyof typeof MARKS, content: string): string {
  const [before = '', , after = ''] = cut(text, mark)
  return before + content + after
}

/** Before, between and behind the two marks, which stay with what is around. */
function cut(text: string, mark: keyof typeof MARKS): readonly string[] {
  const [open, close] = MARKS[mark]
  const from = text.indexOf(open) + open.length
  const to = text.indexOf(close, from)
  return [text.slice(0, from), text.slice(from, to), text.slice(to)]
}
