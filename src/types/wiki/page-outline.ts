// Finds in a saved wiki what matters to us, in one pass over its bytes: the JSON stores (TiddlyWiki 5.2 and later), and what says that
// there is more in the page than them. Works on bytes: as text, a page of 30 MB would take twice its size again.

import { nextTurn, Slice } from './slices.ts'

export interface Span {
  readonly from: number
  readonly to: number
}

export interface PageOutline {
  /** The text of each JSON store. */
  readonly stores: readonly Span[]
  /** Text of the title element, as it stands in the page. */
  readonly title: string | undefined
  /** What the page says of the TiddlyWiki that saved it. */
  readonly version: string | undefined
  readonly isEncrypted: boolean
  /** Whether there are tiddlers, libraries or stores in places that the stores above do not cover. */
  readonly hasMore: boolean
}

const [LESS_THAN, GREATER_THAN, HYPHEN] = [0x3c, 0x3e, 0x2d]
/** Longer than any tag that is looked for; a title may be a sentence. */
const LOOK_AHEAD_BYTES = 1024
/** What looking at a tag costs beside its bytes, so that a page of nothing but tags is divided, too. */
const TAG_COST_BYTES = 64

const STORE = /^<script\b[^>]*class="tiddlywiki-tiddler-store"[^>]*>/i
/** The libraries and the kernel of every TiddlyWiki are script elements with these titles. */
const OWN_LIBRARY = /^<script\b[^>]*data-tiddler-title="(?!\$:\/boot\/|\$:\/library\/sjcl\.js")/i
/** Before 5.2 each tiddler was an element in here; since, it is empty. */
const ELEMENT_TIDDLERS = /^<div id="storeArea"[^>]*>\s*<(?!\/div)/i
const TITLE = /^<title>([^<]*)/i
const VERSION = /^<meta name="tiddlywiki-version" content="([^"]*)"/i

export async function outlinePage(html: Uint8Array): Promise<PageOutline> {
  const stores: Span[] = []
  let title: string | undefined
  let version: string | undefined
  let isEncrypted = false
  let hasMore = false
  let isInScript = false
  const slice = new Slice()
  for (let at = html.indexOf(LESS_THAN); at !== -1;) {
    let end = at + 1
    const tag = peekTag(html, at)
    const store = STORE.exec(tag)
    if (isInScript) {
      isInScript = !/^<\/script/i.test(tag)
      hasMore ||= store !== null
    } else if (store !== null) {
      const from = at + store[0].length
      end = indexOrEnd(html, LESS_THAN, from)
      // What holds another `<` is not as TiddlyWiki writes it, and not read as a store: it has no end.
      stores.push({ from, to: /^<\/script/i.test(peekTag(html, end)) ? end : html.length })
    } else if (tag.startsWith('<!--')) {
      end = await endOfComment(html, at, slice)
    } else {
      isInScript = /^<script\b/i.test(tag)
      title ??= TITLE.exec(tag)?.[1]
      version ??= VERSION.exec(tag)?.[1]
      isEncrypted ||= tag.startsWith('<pre id="encryptedStoreArea"')
      hasMore ||= OWN_LIBRARY.test(tag) || ELEMENT_TIDDLERS.test(tag)
    }
    const next = html.indexOf(LESS_THAN, end)
    if (slice.isFull((next === -1 ? html.length : next) - at + TAG_COST_BYTES)) await nextTurn()
    at = next
  }
  return { stores, title, version, isEncrypted, hasMore }
}

/** The beginning of a tag that may be one of those above; empty for all others, which are most. */
function peekTag(html: Uint8Array, at: number): string {
  // In lower case: script, /script, !--, pre, title, meta, div.
  const second = (html[at + 1] ?? 0) | 0x20
  if (!SECOND_BYTES.has(second)) return ''
  return decoder.decode(html.subarray(at, at + LOOK_AHEAD_BYTES))
}

const SECOND_BYTES: ReadonlySet<number> = new Set(Array.from('s/!ptmd', (letter) => letter.charCodeAt(0) | 0x20))
const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

async function endOfComment(html: Uint8Array, at: number, slice: Slice): Promise<number> {
  // `<!-->` is a whole comment, too.
  for (let end = html.indexOf(GREATER_THAN, at + 4); end !== -1; end = html.indexOf(GREATER_THAN, end + 1)) {
    if (html[end - 1] === HYPHEN && html[end - 2] === HYPHEN) return end + 1
    if (slice.isFull(TAG_COST_BYTES)) await nextTurn()
  }
  return html.length
}

function indexOrEnd(html: Uint8Array, byte: number, from: number): number {
  const index = html.indexOf(byte, from)
  return index === -1 ? html.length : index
}
