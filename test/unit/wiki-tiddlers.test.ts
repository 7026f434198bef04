// Tiddlers as text: what clients send, what is stored, what is served.

import { assert, dictionary, integer, array, property, string, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  hasField,
  isSkinny,
  toFields,
  toNewTiddler,
  toServed,
  toSkinnyJson,
  toStoreEntry,
  toText,
  toTiddlyWebJson,
} from '../../src/types/wiki/tiddlers/fields.ts'
import { toSlices } from '../../src/types/wiki/gzip.ts'

/** Any UTF-16, also half of a character. */
const anyText = string({ unit: 'binary' })
const RESERVED = ['title', 'text', 'fields', 'bag', 'revision', '_is_skinny']
const anyFields = dictionary(anyText, anyText).map((fields) => {
  const entries = Object.entries(fields).filter(([name]) => !RESERVED.includes(name))
  return new Map(entries)
})

const decode = (parts: Uint8Array[]): string => parts.map((part) => new TextDecoder().decode(part)).join('')

describe('a stored tiddler', () => {
  test('[WK11] is the same tiddler again in a page, in a list and alone, whatever it contains', () => {
    assert(
      property(anyText, anyText, anyFields, (title, text, more) => {
        const fields = new Map([['title', `t${title}`.toWellFormed()], ['text', text], ...more])
        const stored = toNewTiddler(toFields(Object.fromEntries(fields)))
        const entry = decode(toStoreEntry(stored.fields, stored.text, toServed(7)))
        expect(entry).not.toContain('<')
        expect(new Map(Object.entries(JSON.parse(entry) as object))).toEqual(
          new Map([...fields, ['bag', 'default'], ['revision', '7']]),
        )
        const skinny = new Map(Object.entries(JSON.parse(toSkinnyJson(stored.fields, 7)) as object))
        expect(skinny.has('text')).toBe(false)
        expect(skinny.get('type')).toBe(more.get('type') ?? 'text/vnd.tiddlywiki')
        const alone = JSON.parse(toTiddlyWebJson(stored.fields, toText(stored.text ?? new Uint8Array()), 7)) as unknown
        expect(toNewTiddler(toFields({ ...(alone as object), type: more.get('type') ?? null }))).toEqual(stored)
      }),
    )
  })

  test('[WK11] has one form, whatever the order of its fields', () => {
    const forms = [
      { title: 'A', b: '1', a: '2', text: 'x' },
      { text: 'x', a: '2', title: 'A', fields: { b: '1' } },
    ]
    const [first, second] = forms.map((fields) => toNewTiddler(toFields(fields)))
    expect(first).toEqual(second)
    expect(first?.fields).toBe('{"title":"A","a":"2","b":"1"}')
  })

  test('[WK11] a name inside of a value is no field', () => {
    const { fields } = toNewTiddler(toFields({ title: 'A', note: ',"type":"x"' }))
    expect([hasField(fields, 'type'), hasField(fields, 'note')]).toEqual([false, true])
  })
})

test.each([
  [{ tags: ['a', 'b c', '', 'd\u00a0e'] }, { tags: 'a [[b c]]  d\u00a0e' }],
  [
    { count: 1, done: true, gone: null },
    { count: '1', done: 'true' },
  ],
  [{ bag: 'b', revision: 3, _is_skinny: '' }, {}],
  [{ a: 'outer', fields: { a: 'inner', title: 'other' } }, { a: 'inner' }],
  [{ fields: 'a text' }, { fields: 'a text' }],
])('[WK11] of %j the fields %j are stored', (sent, stored) => {
  expect(Object.fromEntries(toFields(sent, 'T'))).toEqual({ title: 'T', ...stored })
})

test.each([null, [], 'text', 1, {}, { title: '' }, { title: 'T', a: {} }, { title: 'T', a: [1] }])(
  '[WK11] %j is no tiddler',
  (value) => {
    expect(() => toFields(value)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  },
)

test('[WK11] a tiddler without its text says so at the top or among its fields', () => {
  expect([{ _is_skinny: '' }, { fields: { _is_skinny: '' } }, { text: '' }, null].map(isSkinny)).toEqual([
    true,
    true,
    false,
    false,
  ])
})

test('[WK11] slices have one size, and are the whole content', () => {
  assert(
    property(array(uint8Array({ maxLength: 50 }), { maxLength: 20 }), integer({ min: 1, max: 40 }), (parts, size) => {
      const slices = [...toSlices(parts, size)]
      expect(Buffer.concat(slices)).toEqual(Buffer.concat(parts))
      expect(slices.slice(0, -1).every(({ length }) => length === size)).toBe(true)
    }),
  )
})
