// The page around the tiddlers: the template of every new wiki, whose store they are put into, one tiddler per line as TiddlyWiki does it.

import { toStandalone } from '../export.ts'
import syncing from '../generated/syncing.bin'
import {
  PLUGIN_TITLE,
  SAVE_TEMPLATE_TITLE,
  SYNCING_HASH,
  SYNCING_PLUGIN_TITLE,
  TEMPLATE_ETAG,
} from '../generated/assets.ts'
import { gunzip } from '../gzip.ts'
import { standaloneRuntime, TEMPLATE } from '../template.ts'
import { hasField, toNewTiddler, toServed, toFields, toStoreEntry, type NewTiddler } from './fields.ts'
import type { StoredTiddler } from './rows.ts'

/** A release with another shell serves another page of the same tiddlers. */
export const SHELL_VERSION: string = `${TEMPLATE_ETAG.slice(1, 9)}${SYNCING_HASH}`

/** `synced`: the page that exchanges tiddlers with this server. `file`: one that is saved as a whole; `standalone`: without this server. */
export type PageForm = 'synced' | 'file' | 'standalone'

const STORE_OPEN = '<script class="tiddlywiki-tiddler-store" type="application/json">'
const SCRIPT_CLOSE = '</script>'
const ADAPTOR_TITLE = '$:/plugins/tiddlywiki/tiddlyweb'

/** The shell's own, and what is true of one page or one browser only. */
const RESERVED: ReadonlySet<string> = new Set([
  ADAPTOR_TITLE,
  PLUGIN_TITLE,
  SYNCING_PLUGIN_TITLE,
  SAVE_TEMPLATE_TITLE,
  '$:/plugins/tiddlywiki/filesystem',
  '$:/core',
  '$:/isEncrypted',
  '$:/library/sjcl.js',
  // The syncer sends it at every page load: which tiddlers this person has open.
  '$:/StoryList',
])
const RESERVED_PREFIXES = ['$:/boot/', '$:/HistoryList', '$:/temp/', '$:/status/']

/** Whether a tiddler of this title is none of the wiki's content: never stored, whoever sends it. */
export function isReserved(title: string): boolean {
  return RESERVED.has(title) || RESERVED_PREFIXES.some((prefix) => title.startsWith(prefix))
}

interface Shell {
  readonly head: Uint8Array
  readonly tail: Uint8Array
  readonly own: readonly NewTiddler[]
  readonly syncing: readonly NewTiddler[]
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const SEPARATOR = encoder.encode(',\n')
const NEWLINE = encoder.encode('\n')

/** The same for every wiki of the process; made when the first one needs it. */
let shell: Shell | undefined

function getShell(): Shell {
  return (shell ??= readShell())
}

function toTiddlers(json: string): NewTiddler[] {
  return (JSON.parse(json) as unknown[]).map((tiddler) => toNewTiddler(toFields(tiddler)))
}

function readShell(): Shell {
  const html = decoder.decode(gunzip(TEMPLATE.gzip()))
  const start = html.indexOf(STORE_OPEN) + STORE_OPEN.length
  const end = html.indexOf(SCRIPT_CLOSE, start)
  return {
    head: encoder.encode(`${html.slice(0, start)}[`),
    tail: encoder.encode(`]${html.slice(end)}`),
    own: toTiddlers(html.slice(start, end)),
    syncing: toTiddlers(decoder.decode(gunzip(new Uint8Array(syncing)))),
  }
}

/** What the shell has of its own, such as themes: a wiki that holds exactly the same need not hold it. */
export function isInShell(tiddler: NewTiddler): boolean {
  const own = getShell().own.find(({ title }) => title === tiddler.title)
  return own !== undefined && own.fields === tiddler.fields && toString(own.text) === toString(tiddler.text)
}

function toString(text: Uint8Array | undefined): string | undefined {
  return text === undefined ? undefined : decoder.decode(text)
}

/** Titles of what the page of this form has beside the wiki's own tiddlers. */
export function shellTitles(): string[] {
  return [...getShell().own, ...getShell().syncing].map(({ title }) => title)
}

/** The page, part by part. A tiddler of the wiki takes the place of the shell's one with its title. */
export function* renderPage(tiddlers: readonly StoredTiddler[], form: PageForm): Generator<Uint8Array> {
  const { head, tail, own, syncing: added } = getShell()
  const titles = new Set(tiddlers.map(({ title }) => title))
  const isSynced = form === 'synced'
  const isHosted = form !== 'standalone'
  const shared = [...own, ...(isSynced ? added : [])].filter(
    ({ title }) => !titles.has(title) && (isHosted || title !== PLUGIN_TITLE),
  )
  let separator = NEWLINE
  yield head
  for (const { fields, text } of shared) {
    yield separator
    // Revision 0: known to the syncer, and never changed by it.
    yield* toStoreEntry(fields, text, isSynced ? ',"revision":"0"' : '')
    separator = SEPARATOR
  }
  for (const { fields, text, revision } of tiddlers) {
    yield separator
    yield* toStoreEntry(fields, text, isSynced ? toServed(revision) : '')
    separator = SEPARATOR
  }
  yield NEWLINE
  yield isHosted ? tail : encoder.encode(toStandalone(decoder.decode(tail), standaloneRuntime()))
}

/** All tiddlers as TiddlyWiki's JSON, part by part; without plugins and themes, which are programs. */
export function* renderJson(tiddlers: readonly StoredTiddler[]): Generator<Uint8Array> {
  let separator = encoder.encode('[\n')
  const content = tiddlers.filter(({ fields }) => !hasField(fields, 'plugin-type'))
  for (const { fields, text } of content) {
    yield separator
    yield* toStoreEntry(fields, text, '')
    separator = SEPARATOR
  }
  yield encoder.encode(content.length === 0 ? '[]\n' : '\n]\n')
}
