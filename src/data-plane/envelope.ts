// What goes with an object's content wherever it goes, and is the base class's own: the type's timers and the one-time codes that were
// used. Lines of JSON before whatever the type writes; equal state gives equal bytes, so no times but those that are state.
//
//     {"biplane":1,"form":1,"type_form":1,"schema_version":2}
//     {"timer":["remind",1790000000000]}
//     {"code":["0b9a...",1790000000000]}
//     {"content":true}
//     ... the type's own bytes, see dump-lines.ts for the usual ones

import { ResourceError } from '../wire/errors.ts'
import { LineReader } from './lines.ts'
import { SYSTEM_TIMER_PREFIX } from './timers.ts'

/** Of what can be read: another one is refused. */
const VERSION = 1
/**
 * How this release writes content: these lines, and the generic ones (dump.ts, dump-lines.ts, rows.ts, tables.ts). Raised by one whenever equal
 * content comes out as other bytes than before, also when both are read: what an import has stored is held to the bytes that came only where
 * they are of this form, so that archives of before stay importable. test/fixtures/dumps has content of every form there ever was; it must come
 * out as the one of this form, byte for byte.
 */
export const FORM = 1
/** Timers and codes in memory at once; a code lives for thirty days at most. */
const MAX_ENTRIES = 100_000
/** All of them: names are short. */
const MAX_CHARACTERS = 16 * 1024 ** 2
/** Small pieces are sent together: each costs a message between processes. */
const CHUNK_BYTES = 64 * 1024

export type Entry = readonly [name: string, timeMs: number]

const FORM_MEMBERS = ['form', 'type_form', 'schema_version'] as const

/** What decides as which bytes content is written: {@link FORM}, the number of a type's own `dump()`, the steps that its schema had. */
export type Form = Readonly<Record<(typeof FORM_MEMBERS)[number], number>>

export interface Belongings {
  /** Absent: not known. */
  readonly writtenAs?: Form
  readonly timers: readonly Entry[]
  readonly codes: readonly Entry[]
}

/** @param content the type's own */
export function wrap(
  { writtenAs, timers, codes }: Belongings,
  content: ReadableStream<Uint8Array>,
): ReadableStream<Uint8Array> {
  const lines = [
    { biplane: VERSION, ...writtenAs },
    ...timers.map((timer) => ({ timer })),
    ...codes.map((code) => ({ code })),
    { content: true },
  ]
  const reader = content.getReader()
  const head = new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(head),
    async pull(controller) {
      const parts: Uint8Array[] = []
      for (let size = 0; size < CHUNK_BYTES;) {
        const { value, done } = await reader.read()
        if (done) {
          if (size > 0) controller.enqueue(concat(parts, size))
          return controller.close()
        }
        parts.push(value)
        size += value.byteLength
      }
      controller.enqueue(concat(parts, sizeOf(parts)))
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

/**
 * Reads what {@link wrap} wrote, up to the content.
 *
 * @throws ResourceError `invalid_request` for what it did not write
 */
export async function unwrap(
  stream: ReadableStream<Uint8Array>,
): Promise<Belongings & { readonly content: ReadableStream<Uint8Array> }> {
  const lines = new LineReader(stream)
  const timers: Entry[] = []
  const codes: Entry[] = []
  let characters = 0
  const first = parse(await lines.next())
  if (first['biplane'] !== VERSION)
    throw new ResourceError('invalid_request', 'This is no content, or that of a newer release.')
  // What an older release wrote does not say it.
  const known = isForm(first) ? { writtenAs: first } : {}
  while (timers.length + codes.length <= MAX_ENTRIES) {
    const text = await lines.next()
    const line = parse(text)
    const { timer, code } = line
    characters += text?.length ?? 0
    if (characters > MAX_CHARACTERS) break
    if (line['content'] === true) return { ...known, timers, codes, content: lines.rest() }
    if (isEntry(timer) && !timer[0].startsWith(SYSTEM_TIMER_PREFIX)) timers.push(timer)
    else if (isEntry(code)) codes.push(code)
    else break
  }
  throw notOurs()
}

/**
 * Whether equal content is written as equal bytes by who wrote it and here.
 *
 * @throws ResourceError `invalid_request` for what a newer release has written: nobody here could tell what was lost of it
 */
export function isWrittenAlike(there: Form | undefined, here: Form): boolean {
  if (there === undefined) return false
  if (FORM_MEMBERS.some((name) => there[name] > here[name]))
    throw new ResourceError('invalid_request', 'The content was written by a newer release: upgrade the server.')
  return FORM_MEMBERS.every((name) => there[name] === here[name])
}

function isForm(line: Readonly<Record<string, unknown>>): line is Form {
  return FORM_MEMBERS.every((name) => isNumber(line[name]))
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function parse(line: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line ?? '')
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
  } catch {
    // Falls through to the one refusal.
  }
  throw notOurs()
}

function isEntry(value: unknown): value is Entry {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && isNumber(value[1])
}

function notOurs(): ResourceError {
  return new ResourceError('invalid_request', 'The beginning of the content is not valid.')
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { byteLength }) => sum + byteLength, 0)
}

function concat(parts: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return only
  const joined = new Uint8Array(size)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.byteLength
  }
  return joined
}
