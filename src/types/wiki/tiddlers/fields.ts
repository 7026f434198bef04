// A tiddler as text, pure: what clients send, what is stored, what is served. Every field is a string, as in TiddlyWiki's own stores.
//
// Stored are two texts that are JSON already: all fields but `text` as an object, and `text` as a string literal. A page of ten thousand
// tiddlers is then made by joining what is stored, without parsing any of it.

import { ResourceError } from '../../../wire/errors.ts'

/** Field name -> value. A map, since a field may be called `__proto__`. */
export type Fields = ReadonlyMap<string, string>

/** A tiddler that is ready to be stored. */
export interface NewTiddler {
  readonly title: string
  /** Canonical JSON of the fields but `text`, without `<`. */
  readonly fields: string
  /** JSON literal of `text`, without `<`; undefined when there is no such field. */
  readonly text: Uint8Array<ArrayBuffer> | undefined
  /** An edited tiddler that nobody has confirmed yet; it comes every few seconds while somebody types. */
  readonly isDraft: boolean
}

/** What TiddlyWeb has at the top of a tiddler's JSON; everything else is inside `fields`. */
const TOP_LEVEL: ReadonlySet<string> = new Set([
  'bag',
  'created',
  'creator',
  'modified',
  'modifier',
  'permissions',
  'recipe',
  'revision',
  'tags',
  'text',
  'title',
  'type',
  'uri',
])
/** The server's alone; what a client says about them is only what it was told. */
const SERVED: ReadonlySet<string> = new Set(['bag', 'revision', '_is_skinny'])
const DEFAULT_TYPE = 'text/vnd.tiddlywiki'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * The fields of a tiddler in TiddlyWeb's format, or in the one of TiddlyWiki's stores.
 *
 * @throws ResourceError `invalid_request` naming the field that is no text
 */
export function toFields(value: unknown, title?: string): Fields {
  if (!isObject(value)) throw new ResourceError('invalid_request', 'A tiddler is a JSON object of its fields.')
  const fields = new Map<string, string>()
  for (const [name, field] of Object.entries(value)) {
    if (name === 'fields' && isObject(field)) continue
    addField(fields, name, field)
  }
  // Inner fields win, as in the reference server.
  if (isObject(value['fields']))
    for (const [name, field] of Object.entries(value['fields'])) addField(fields, name, field)
  const own = title ?? fields.get('title') ?? ''
  if (own === '') throw new ResourceError('invalid_request', 'A tiddler needs a title.')
  return fields.set('title', own.toWellFormed())
}

/** Whether a client sends all but a text that it never got. */
export function isSkinny(value: unknown): boolean {
  if (!isObject(value)) return false
  return '_is_skinny' in value || (isObject(value['fields']) && '_is_skinny' in value['fields'])
}

export function toNewTiddler(fields: Fields): NewTiddler {
  const title = fields.get('title') ?? ''
  const text = fields.get('text')
  return {
    title,
    fields: toJson(fields),
    isDraft: fields.has('draft.of'),
    text: text === undefined ? undefined : new Uint8Array(encoder.encode(escape(JSON.stringify(text)))),
  }
}

/** A stored text as the string that it is. */
export function toText(literal: Uint8Array): string {
  return JSON.parse(decoder.decode(literal)) as string
}

/** A tiddler in a store of a page. @param extra JSON members, each with a comma before it */
export function toStoreEntry(fields: string, text: Uint8Array | undefined, extra: string): Uint8Array[] {
  const end = encoder.encode(`${extra}}`)
  return text === undefined
    ? [encoder.encode(fields.slice(0, -1)), end]
    : [encoder.encode(`${fields.slice(0, -1)},"text":`), text, end]
}

/** What the server adds to a tiddler in a page, so that the syncer knows what it has. */
export function toServed(revision: number): string {
  return `,"bag":"default","revision":"${revision}"`
}

/** Whether the stored JSON has this field, which is not the title. Quotes inside a value are escaped, so this is never part of one. */
export function hasField(fields: string, name: string): boolean {
  return fields.includes(`,"${name}":`)
}

/** A tiddler of the list that clients poll: all but its text. */
export function toSkinnyJson(fields: string, revision: number): string {
  const type = hasField(fields, 'type') ? '' : `,"type":"${DEFAULT_TYPE}"`
  return `${fields.slice(0, -1)}${type},"bag":"default","revision":${revision}}`
}

/** A tiddler as TiddlyWeb sends a single one. */
export function toTiddlyWebJson(fields: string, text: string | undefined, revision: number): string {
  const all = Object.entries(JSON.parse(fields) as Record<string, string>)
  if (text !== undefined) all.push(['text', text])
  if (!all.some(([name]) => name === 'type')) all.push(['type', DEFAULT_TYPE])
  const inner = all.filter(([name]) => !TOP_LEVEL.has(name))
  const members = [
    ...all.filter(([name]) => TOP_LEVEL.has(name)).map(toMember),
    ...(inner.length === 0 ? [] : [`"fields":{${inner.map(toMember).join(',')}}`]),
    '"bag":"default"',
    `"revision":${revision}`,
  ]
  return `{${members.join(',')}}`
}

/** `"default/<title>/<revision>:"`, as the adaptor takes it apart. */
export function toTiddlerEtag(title: string, revision: number): string {
  return `"default/${encodeURIComponent(title)}/${revision}:"`
}

/** Canonical: the title first, the rest by name, so that the same tiddler is always the same text. */
function toJson(fields: Fields): string {
  const rest = [...fields].filter(([name]) => name !== 'title' && name !== 'text')
  rest.sort(([a], [b]) => (a < b ? -1 : 1))
  return escape(`{${[['title', fields.get('title') ?? ''] as [string, string], ...rest].map(toMember).join(',')}}`)
}

function addField(fields: Map<string, string>, name: string, value: unknown): void {
  if (SERVED.has(name) || value === null) return
  const text = toFieldText(value)
  if (text === undefined) throw new ResourceError('invalid_request', `The field ${JSON.stringify(name)} is no text.`)
  fields.set(name, text)
}

function toFieldText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.map(toListItem).join(' ')
  return undefined
}

/** As TiddlyWiki writes lists: an item with white space (a no-break space is none) is in double brackets. */
function toListItem(item: string): string {
  return /[^\S\u00a0]/.test(item) ? `[[${item}]]` : item
}

function toMember([name, value]: readonly [string, string]): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value)}`
}

/** Inside a page nothing of a tiddler may end its script element; `<` occurs in JSON inside of strings only. */
function escape(json: string): string {
  return json.replaceAll('<', '\\u003C')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
