import { createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkCellTable, placeOf } from '../../src/identity/cell.ts'
import { randomCrockford, toCrockford } from '../../src/identity/crockford.ts'
import { formatCursor, parseCursor } from '../../src/identity/cursor.ts'
import { createKeyring, type IdentifierKey } from '../../src/identity/keyring.ts'
import { controlObjectName, dataObjectName } from '../../src/identity/object-name.ts'
import {
  MAX_ID_LENGTH,
  RESERVED_NAMES,
  mintResourceId,
  parseResourceId,
  toSlug,
  verifyResourceId,
} from '../../src/identity/resource-id.ts'
import { WHOLE_DEPLOYMENT, byAccount, isSamePolicy, shardOf, single } from '../../src/identity/shard.ts'
import { sourcesBelow } from '../structure/sources.ts'
import { defineResourceType } from '../../src/resource-type.ts'

const KEYS: IdentifierKey[] = [
  { id: '1', key: Buffer.alloc(32, 1).toString('base64url') },
  { id: '2', key: Buffer.alloc(32, 2).toString('base64url') },
]
const keyring = createKeyring(KEYS)
const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz'

const characters = (text: string): fc.Arbitrary<string> => fc.constantFrom(...text.split(''))
const lower = 'abcdefghijklmnopqrstuvwxyz'
const word = (least: number, most: number): fc.Arbitrary<string> =>
  fc
    .tuple(
      characters(lower),
      fc.string({ unit: characters(`${lower}0123456789`), minLength: least - 1, maxLength: most - 1 }),
    )
    .map((parts) => parts.join(''))
const typeName = word(2, 12)
const cellCode = word(2, 8)
const name = fc.option(fc.string({ unit: 'binary', maxLength: 60 }), { nil: undefined })

describe('identifiers', () => {
  test('[ID1] what is minted parses to its parts, and is a DNS label', async () => {
    await fc.assert(
      fc.asyncProperty(typeName, cellCode, name, async (type, cell, text) => {
        const id = await mintResourceId(keyring, type, cell, text)
        expect(parseResourceId(id.id)).toEqual(id)
        expect([id.type, id.cell, `${id.type}-${id.label}-${id.cell}-${id.tag}`]).toEqual([type, cell, id.id])
        expect(id.id).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/)
        expect(id.id.length).toBeLessThanOrEqual(MAX_ID_LENGTH)
        expect(await verifyResourceId(keyring, id)).toBe(true)
      }),
    )
  })

  test('[ID1] whatever parses is its own spelling', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: characters(`${CROCKFORD}-ilou`), minLength: 20, maxLength: 70 }),
      fc
        .tuple(typeName, fc.string({ unit: characters(`${CROCKFORD}-`), minLength: 12, maxLength: 30 }), cellCode)
        .map(([type, label, cell]) => `${type}-${label}-${cell}-0123456789abcdef`.slice(0, 70)),
    )
    fc.assert(
      fc.property(text, (given) => {
        const id = parseResourceId(given)
        if (id?.format === 'named') expect(`${id.type}-${id.label}-${id.cell}-${id.tag}`).toBe(given)
      }),
    )
  })

  test.each([
    ['nothing', ''],
    ['upper case', 'Wiki-4k7t0qj9m2xdpw3r-local-1vhz01ab'],
    ['i for 1', 'wiki-4k7t0qj9m2xdpw3i-local-1vhz01ab'],
    ['l for 1', 'wiki-4k7t0qj9m2xdpw3l-local-1vhz01ab'],
    ['o for 0', 'wiki-4k7toqj9m2xdpw3r-local-1vhz01ab'],
    ['u', 'wiki-4k7t0qj9m2xdpw3u-local-1vhz01ab'],
    ['a look-alike in the tag', 'wiki-4k7t0qj9m2xdpw3r-local-ivhz01ab'],
    ['underscores', 'wiki_4k7t0qj9m2xdpw3r_local_1vhz01ab'],
    ['a space before', ' wiki-4k7t0qj9m2xdpw3r-local-1vhz01ab'],
    ['a line feed after', 'wiki-4k7t0qj9m2xdpw3r-local-1vhz01ab\n'],
    ['a label that is too short', 'wiki-4k7t0qj9m2xdpw3-local-1vhz01ab'],
    ['a label that is too long', 'wiki-4k7t0qj9m2xdpw3r0-local-1vhz01ab'],
    ['a tag that is too short', 'wiki-4k7t0qj9m2xdpw3r-local-1vhz01a'],
    ['a tag that is too long', 'wiki-4k7t0qj9m2xdpw3r-local-1vhz01abc'],
    ['a type of one letter', 'w-4k7t0qj9m2xdpw3r-local-1vhz01ab'],
    ['a type that begins with a digit', '1wiki-4k7t0qj9m2xdpw3r-local-1vhz01ab'],
    ['a type of thirteen letters', 'abcdefghijklm-4k7t0qj9m2xdpw3r-local-1vhz01ab'],
    ['a cell of one letter', 'wiki-4k7t0qj9m2xdpw3r-l-1vhz01ab'],
    ['two hyphens', 'wiki--4k7t0qj9m2xdpw3r-local-1vhz01ab'],
    ['a slug of 17 characters', 'wiki-abcdefghijklmnopq-4k7t0qj9m2xd-local-1vhz01ab'],
    ['a slug that ends with a hyphen', 'wiki-abc--4k7t0qj9m2xd-local-1vhz01ab'],
    ['a full-width letter', 'wiki-4k7t0qj9m2xdpw3r-local-1vhz01aｂ'],
  ])('[ID2] %s is no identifier', (_what, text) => {
    expect(parseResourceId(text)).toBeUndefined()
  })

  test('[ID2] the examples of the design are identifiers', () => {
    expect(parseResourceId('wiki-4k7t0qj9m2xdpw3r-local-1vhz01ab')).toMatchObject({ cell: 'local', tag: '1vhz01ab' })
    expect(parseResourceId('wiki-handbook-4k7t0qj9m2xd-weur-1k2m9qx4')).toMatchObject({
      label: 'handbook-4k7t0qj9m2xd',
    })
  })

  test('[ID5] a label is new every time, with 80 random bits or 60 behind a slug', async () => {
    const ids = await Promise.all(
      Array.from({ length: 2_000 }, () => mintResourceId(keyring, 'wiki', 'local', 'Notes')),
    )
    expect(new Set(ids.map(({ label }) => label)).size).toBe(2_000)
    expect(ids.every(({ label }) => /^notes-[0-9a-hjkmnp-tv-z]{12}$/.test(label))).toBe(true)
    expect((await mintResourceId(keyring, 'wiki', 'local')).label).toMatch(/^[0-9a-hjkmnp-tv-z]{16}$/)
    // Every character takes every value: no bit is stuck.
    const seen = new Set(Array.from({ length: 500 }, () => randomCrockford(16)).join(''))
    expect([...seen].toSorted().join('')).toBe(CROCKFORD)
  })

  test.each([
    ['Notes', 'notes'],
    ['Café & Bar', 'cafe-bar'],
    ['  --x--  ', 'x'],
    ['日本', ''],
    ['🦆', ''],
    ['a'.repeat(40), 'a'.repeat(16)],
    ['fifteen letters or more', 'fifteen-letters'],
    ['ﬁne', 'fine'],
  ])('[ID1] the slug of %j is %j', (text, slug) => {
    expect(toSlug(text)).toBe(slug)
  })

  test('[ID1] Crockford text holds the first bits, most significant first', () => {
    expect(toCrockford(new Uint8Array([0xff, 0xff, 0xff, 0xff, 0xff]), 8)).toBe('zzzzzzzz')
    expect(toCrockford(new Uint8Array([0b00001_000, 0b10_00011_0]), 3)).toBe('123')
    expect(() => toCrockford(new Uint8Array(4), 7)).toThrow(RangeError)
  })
})

describe('tags', () => {
  test('[ID3] the newest key that may sign signs, and every key verifies', async () => {
    const [first, second] = KEYS as [IdentifierKey, IdentifierKey]
    const old = await mintResourceId(createKeyring([first]), 'wiki', 'local')
    expect(old.tag).toMatch(/^1/)
    expect((await mintResourceId(keyring, 'wiki', 'local')).tag).toMatch(/^2/)
    expect(await verifyResourceId(keyring, old)).toBe(true)
    expect(await verifyResourceId(createKeyring([second]), old)).toBe(false)
    const imported = createKeyring([first, { ...second, verifyOnly: true }])
    expect((await mintResourceId(imported, 'wiki', 'local')).tag).toMatch(/^1/)
    expect(await verifyResourceId(imported, await mintResourceId(keyring, 'wiki', 'local'))).toBe(true)
    expect(() => createKeyring([{ ...first, verifyOnly: true }])).toThrow(TypeError)
    expect(() => createKeyring([first, first])).toThrow(TypeError)
    expect(() => createKeyring([])).toThrow(TypeError)
  })

  test('[ID3] one changed character anywhere is noticed', async () => {
    const id = await mintResourceId(keyring, 'wiki', 'local')
    await fc.assert(
      fc.asyncProperty(fc.nat(id.id.length - 1), characters(CROCKFORD), async (index, character) => {
        fc.pre(id.id.charAt(index) !== character)
        const parsed = parseResourceId(id.id.slice(0, index) + character + id.id.slice(index + 1))
        if (parsed?.format === 'named') expect(await verifyResourceId(keyring, parsed)).toBe(false)
      }),
    )
  })

  test('[ID3] is the one that HMAC-SHA-256 gives', async () => {
    const mac = createHmac('sha256', Buffer.alloc(32, 2)).update('wiki-0000000000000000-local').digest()
    expect(await keyring.sign('wiki-0000000000000000-local')).toBe(`2${toCrockford(mac.subarray(0, 5), 7)}`)
  })
})

describe('declarations', () => {
  // The declaration is looked at, never made an object of.
  const object = Object
  test.each(['', 'w', 'Wiki', '1wiki', 'wi-ki', 'wi ki', 'wíki', 'abcdefghijklm', ...RESERVED_NAMES])(
    '[ID6] a type or plural named %j fails when it is declared',
    (bad) => {
      expect(() => defineResourceType({ name: bad, plural: 'fine', object })).toThrow(TypeError)
      expect(() => defineResourceType({ name: 'fine', plural: bad, object })).toThrow(TypeError)
    },
  )

  test('[ID6] a plural that would hide a route of the API fails when it is declared', () => {
    expect(() => defineResourceType({ name: 'fine', plural: 'session', object })).toThrow('reserved')
    expect(defineResourceType({ name: 'session', object }).plural).toBe('sessions')
  })

  test('[ID6] a declaration gets every default', () => {
    expect(defineResourceType({ name: 'box', object })).toMatchObject({
      plural: 'boxs',
      shards: { kind: 'single' },
      visibility: ['private'],
      identifiers: 'random',
      credentials: ['bearer', 'cookie'],
    })
  })
})

describe('names of objects', () => {
  test('[ID7] are computed from type, shard and identifier', () => {
    expect(controlObjectName('wiki')).toBe('control-plane-wiki')
    expect(controlObjectName('wiki', 'weur')).toBe('control-plane-wiki-weur')
    expect(dataObjectName('wiki-x')).toBe('data-plane-wiki-x')
  })

  test('[ID7] are written in one file, and given to the engine in one other', () => {
    const writers = sourcesBelow('src').filter(({ text }) => /[`'"](control|data)-plane-/.test(text))
    expect(writers.map(({ path }) => path)).toEqual(['src/identity/object-name.ts'])
    const makers = sourcesBelow('src').filter(({ text }) =>
      /\.(getByName|idFromName|newUniqueId|idFromString)\(/.test(text),
    )
    expect(makers.map(({ path }) => path)).toEqual(['src/object/stub.ts'])
  })
})

describe('cells', () => {
  test.each([
    [{}],
    [{ l: {} }],
    [{ Local: {} }],
    [{ 'lo-cal': {} }],
    [{ ninechars: {} }],
    [{ local: {}, '1st': {} }],
    [{ 'local ': {} }],
  ])('[CE1] %j is no cell table', (table) => {
    expect(() => checkCellTable(table)).toThrow(TypeError)
  })

  test('[CE1] a table answers its own codes only', () => {
    const table = checkCellTable({ local: {}, weur: { hint: 'weur' } })
    expect(placeOf(table, 'weur')).toEqual({ hint: 'weur' })
    for (const code of ['enam', 'constructor', 'toString', '__proto__', ''])
      expect(placeOf(table, code)).toBeUndefined()
  })
})

describe('shards', () => {
  test('[SH1] are a function of the account and of nothing else', () => {
    fc.assert(
      fc.property(fc.string(), (account) => {
        fc.pre(account !== WHOLE_DEPLOYMENT)
        expect(shardOf(single(), account)).toBeUndefined()
        expect(shardOf(byAccount(), account)).toBe(account)
      }),
    )
    expect(shardOf.length).toBe(2)
  })

  test('[SH1] two policies are the same when they decide the same', () => {
    expect(isSamePolicy(single(), single())).toBe(true)
    expect(isSamePolicy(single(), byAccount())).toBe(false)
  })
})

describe('cursors', () => {
  test('[CP6] come back as they went', () => {
    const positions = fc.dictionary(fc.string(), fc.nat(Number.MAX_SAFE_INTEGER), { noNullPrototype: true })
    fc.assert(
      fc.property(positions, (given) => {
        fc.pre(!Object.hasOwn(given, '__proto__'))
        expect(parseCursor(formatCursor(given))).toEqual(given)
      }),
    )
  })

  test('[CP6] that were never given out are refused, whatever they are', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseCursor(text)))
    for (const bad of [[], [1], null, 1, 'x', { a: -1 }, { a: 1.5 }, { a: '1' }, { a: null }, { a: 2 ** 53 }])
      expect([bad, parseCursor(encode(bad))]).toEqual([bad, undefined])
  })
})

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
