// The tiddlers of a saved wiki, one after the other. A store of TiddlyWiki 5.2 and later is a JSON array of flat objects of strings,
// in which `<` is written as an escape. Anything else is refused before it is parsed: no depth, no other values, no surprises.

import { ResourceError } from '../../wire/errors.ts'
import { outlinePage, type PageOutline, type Span } from './page-outline.ts'
import { nextTurn, Slice } from './slices.ts'

/** One tiddler as it is stored. */
export interface StoredTiddler {
  readonly fields: Readonly<Record<string, string>> & { readonly title: string }
  /** The same as JSON, on one line and without `<`: as it goes into a store. */
  readonly json: Uint8Array
}

const [LINE_FEED, QUOTE, COMMA, BACKSLASH] = [0x0a, 0x22, 0x2c, 0x5c]
const [ARRAY_BEGIN, ARRAY_END, OBJECT_BEGIN, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d]
/** What an object costs beside its bytes, and a step inside of one. */
const [OBJECT_COST_BYTES, STEP_COST_BYTES] = [128, 8]

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lenient = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })
const encoder = new TextEncoder()

/**
 * Reads the tiddlers of all stores in the order in which TiddlyWiki loads them: of two with one title, the later counts.
 *
 * @throws ResourceError `invalid_request` when the page cannot be taken apart without losing something; the message says why
 */
export async function* readTiddlers(html: Uint8Array, outline: PageOutline): AsyncGenerator<StoredTiddler> {
  requireStores(outline)
  for (const store of outline.stores) yield* readStore(html, store)
}

/** The same for a page of which nothing else is wanted. */
export async function* readPageTiddlers(html: Uint8Array): AsyncGenerator<StoredTiddler> {
  yield* readTiddlers(html, await outlinePage(html))
}

function requireStores({ stores, isEncrypted, hasMore }: PageOutline): void {
  if (isEncrypted) throw refusal('The wiki is encrypted: only a browser with its password can read its tiddlers.')
  if (hasMore)
    throw refusal('The wiki has tiddlers outside of its JSON stores, as those saved before TiddlyWiki 5.2 have.')
  if (stores.length === 0) throw refusal('The page has no store of tiddlers as TiddlyWiki 5.2 and later write it.')
}

async function* readStore(html: Uint8Array, { from, to }: Span): AsyncGenerator<StoredTiddler> {
  const slice = new Slice()
  let at = skipSpace(html, from)
  if (html[at] !== ARRAY_BEGIN) throw irregular()
  at = skipSpace(html, at + 1)
  while (at < to && html[at] !== ARRAY_END) {
    const end = await findEnd(html, at, to, slice)
    yield toTiddler(html.subarray(at, end))
    if (slice.isFull(end - at + OBJECT_COST_BYTES)) await nextTurn()
    at = skipSpace(html, end)
    if (html[at] === COMMA) at = skipSpace(html, at + 1)
    else if (html[at] !== ARRAY_END) throw irregular()
  }
  if (skipSpace(html, at + 1) !== to) throw irregular()
}

/** Behind the object that begins at `at`. Everything with a depth ends here. */
async function findEnd(html: Uint8Array, at: number, to: number, slice: Slice): Promise<number> {
  if (html[at] !== OBJECT_BEGIN) throw irregular()
  let isInString = false
  for (let index = at + 1; index < to;) {
    if (isInString) {
      const quote = html.indexOf(QUOTE, index)
      if (quote === -1) break
      isInString = isEscaped(html, quote)
      index = quote + 1
    } else {
      const byte = html[index++]
      if (byte === OBJECT_END) return index
      if (byte === OBJECT_BEGIN || byte === ARRAY_BEGIN) break
      isInString = byte === QUOTE
    }
    if (slice.isFull(STEP_COST_BYTES)) await nextTurn()
  }
  throw irregular()
}

/** Whether an odd number of backslashes is before it. */
function isEscaped(html: Uint8Array, at: number): boolean {
  let first = at
  while (html[first - 1] === BACKSLASH) first -= 1
  return (at - first) % 2 === 1
}

function toTiddler(bytes: Uint8Array): StoredTiddler {
  const [text, isValid] = decode(bytes)
  const fields = parse(text)
  if (!isTiddler(fields)) throw irregular()
  const isOneLine = bytes.indexOf(LINE_FEED) === -1
  return { fields, json: isValid && isOneLine ? bytes : toStoreJson(fields) }
}

/** A tiddler as JSON for a store: nothing in it can end the script element around it. */
export function toStoreJson(fields: Readonly<Record<string, string>>): Uint8Array {
  return encoder.encode(JSON.stringify(fields).replaceAll('<', '\\u003C'))
}

/** What is no UTF-8 is read as a browser reads it. */
function decode(bytes: Uint8Array): readonly [text: string, isValid: boolean] {
  try {
    return [strict.decode(bytes), true]
  } catch {
    return [lenient.decode(bytes), false]
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw irregular()
  }
}

function isTiddler(fields: unknown): fields is StoredTiddler['fields'] {
  const { title } = fields as { title?: unknown }
  if (typeof title !== 'string' || title === '') return false
  return Object.values(fields as object).every((value) => typeof value === 'string')
}

function skipSpace(html: Uint8Array, from: number): number {
  let at = from
  while (html[at] === 0x20 || html[at] === LINE_FEED || html[at] === 0x0d || html[at] === 0x09) at += 1
  return at
}

function irregular(): ResourceError {
  return refusal('A store of the page is not as TiddlyWiki writes it.')
}

function refusal(message: string): ResourceError {
  return new ResourceError('invalid_request', message)
}
