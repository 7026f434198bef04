// The two other ways to address a resource, as pure functions: by the name that its owner gave, and by the platform's identifier.

import { createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isAddressable, nameHomeOf, namedResourceId, toNameKey } from '../../src/identity/caller-name.ts'
import { fromCrockford, toCrockford } from '../../src/identity/crockford.ts'
import { createKeyring, type IdentifierKey } from '../../src/identity/keyring.ts'
import { BY_NAME, namedPath } from '../../src/identity/named-path.ts'
import { dataObjectAddress } from '../../src/identity/object-name.ts'
import {
  isPlatformMade,
  mintResourceId,
  parseResourceId,
  uniqueResourceId,
  verifyResourceId,
} from '../../src/identity/resource-id.ts'
import { defineResourceType, type ResourceTypeOptions } from '../../src/resource-type.ts'

const keyOf = (id: string, fill: number): IdentifierKey => ({ id, key: Buffer.alloc(32, fill).toString('base64url') })
const [first, second, foreign] = [keyOf('1', 1), keyOf('2', 2), keyOf('3', 3)]
const old = createKeyring([first])
const rotated = createKeyring([first, second])

async function idOf(keyring: typeof old, account: string, name: string): Promise<string> {
  return (await namedResourceId(keyring, 'wiki', await nameHomeOf(keyring, account, 'local'), name)).id
}

describe('names', () => {
  test('[AD1] fold to one form: case and normal form do not count, and folding twice is folding once', () => {
    expect(new Set(['Caf\u00e9', 'Cafe\u0301', 'CAF\u00c9'].map(toNameKey)).size).toBe(1)
    expect(toNameKey('STRA\u1E9EE')).toBe(toNameKey('strasse'))
    // Composed only after folding.
    expect(toNameKey('\u0390')).toBe(toNameKey('\u03AA\u0301'))
    const codePoint = fc.integer({ min: 0, max: 0x10ffff }).filter((code) => code < 0xd800 || code > 0xdfff)
    fc.assert(
      fc.property(fc.array(codePoint), (codes) => {
        const name = String.fromCodePoint(...codes)
        const key = toNameKey(name)
        expect([toNameKey(key), key.normalize('NFC')]).toEqual([key, key])
      }),
    )
  })

  test('[AD1] that only look alike are others: another alphabet, a ligature, full width', () => {
    const alike = ['paypal', 'p\u0430yp\u0430l', '\uFF50aypal', 'pay\u200Bpal']
    expect(new Set(alike.map(toNameKey)).size).toBe(alike.length)
  })

  test.each([['.'], ['..'], ['\u{E0FFF}'], ['a\uFFFF'], ['a\u0378']])('[AD4] %j can be no address', (name) => {
    expect(isAddressable(name)).toBe(false)
  })

  test('[AD2] stand in a path as one segment, whatever is in them', () => {
    expect(namedPath('wikis', 'a/b', '../%2F?#')).toBe(`/wikis/${BY_NAME}/a%2Fb/..%2F%252F%3F%23/`)
    expect(parseResourceId(BY_NAME)).toBeUndefined()
  })
})

describe('identifiers of names', () => {
  test("[AD1] are made and signed by the account's key: rotating keys changes none, and another deployment makes the same", async () => {
    const account = (await mintResourceId(old, 'account', 'weur')).id
    const id = await idOf(old, account, 'Notes')
    expect(parseResourceId(id)).toMatchObject({ format: 'named', type: 'wiki', cell: 'weur' })
    expect(await idOf(rotated, account, 'NOTES')).toBe(id)
    const elsewhere = createKeyring([foreign, { ...first, verifyOnly: true }])
    expect(await idOf(elsewhere, account, 'notes')).toBe(id)
    const parsed = parseResourceId(id)
    if (parsed?.format !== 'named') throw new Error('not parsed')
    expect(await verifyResourceId(elsewhere, parsed)).toBe(true)
    // Of an account that came after the rotation the newer key's.
    const newer = (await mintResourceId(rotated, 'account', 'weur')).id
    expect((await idOf(rotated, newer, 'Notes')).slice(-8)).toMatch(/^2/)
  })

  test('[AD1] are others for another type, account, name or cell, and for one text in two parts', async () => {
    const [one, other] = await Promise.all(['local', 'weur'].map((cell) => mintResourceId(old, 'account', cell)))
    const ids = await Promise.all([
      idOf(old, one?.id ?? '', 'Notes'),
      idOf(old, other?.id ?? '', 'Notes'),
      idOf(old, one?.id ?? '', 'Notes2'),
      idOf(old, 'somebody', 'Notes'),
      idOf(old, 'somebody\nelse', 'Notes'),
      idOf(old, 'somebody', 'else\nNotes'),
      namedResourceId(old, 'page', await nameHomeOf(old, 'somebody', 'local'), 'Notes').then(({ id }) => id),
    ])
    expect(new Set(ids.map((id) => id.split('-')[1])).size).toBe(ids.length - 1)
    expect(ids[4]).toBe(ids[5])
  })

  test("[AD1] of accounts that are no identifiers of ours have the deployment's first key, and its root cell", async () => {
    const strange = (await mintResourceId(createKeyring([foreign]), 'account', 'weur')).id
    for (const account of ['acme', strange, (await mintResourceId(old, 'wiki', 'weur')).id]) {
      expect(await nameHomeOf(rotated, account, 'local')).toEqual({
        account,
        cell: 'local',
        key: '1',
        isIssued: false,
      })
    }
  })

  test('[AD1] are the ones that HMAC-SHA-256 gives', async () => {
    const mac = createHmac('sha256', Buffer.alloc(32, 1)).update('biplane name\nwiki\nacme\nnotes').digest()
    expect((await idOf(rotated, 'acme', 'Notes')).split('-')[1]).toBe(toCrockford(mac, 16))
  })
})

describe("the platform's identifiers", () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })

  test('[AD6] carry all 256 bits and have one spelling', () => {
    fc.assert(
      fc.property(bytes, (given) => {
        const objectId = Buffer.from(given).toString('hex')
        const made = uniqueResourceId('ab', 'ab', objectId)
        expect(parseResourceId(made.id)).toEqual(made)
        expect(made.objectId).toBe(objectId)
        expect(isPlatformMade(made.id)).toBe(true)
        expect(dataObjectAddress(made)).toEqual({ objectId })
        expect(parseResourceId(made.id.toUpperCase())).toBeUndefined()
      }),
    )
  })

  test('[AD6] have no bits that no byte fills, and no character too few', () => {
    const { id } = uniqueResourceId('leaf', 'local', 'f'.repeat(64))
    const characters = id.split('-')[1] ?? ''
    const others = Array.from(
      '0123456789abcdefghjkmnpqrstvwxyz',
      (last) => `leaf-${characters.slice(0, -1)}${last}-local`,
    )
    expect(others.filter((other) => parseResourceId(other) !== undefined)).toHaveLength(2)
    expect(parseResourceId(`leaf-${characters.slice(0, -1)}-local`)).toBeUndefined()
    expect(parseResourceId(`leaf-${characters}0-local`)).toBeUndefined()
    expect(fromCrockford('il', 1)).toBeUndefined()
  })

  test('[ID1] [AD6] no identifier of one format is one of the other', async () => {
    for (const name of ['u', 'u0000000000000000', `u-${'0'.repeat(12)}`, undefined]) {
      const { id } = await mintResourceId(old, 'leaf', 'local', name)
      expect([parseResourceId(id)?.format, isPlatformMade(id)]).toEqual(['named', false])
    }
  })
})

describe('declarations', () => {
  const OBJECT = Object as unknown as ResourceTypeOptions['object']
  test.each([
    [{ naming: 'caller', addressing: 'unique' }],
    [{ naming: 'caller', identifiers: 'slug' }],
    [{ addressing: 'unique', identifiers: 'slug' }],
    [{ addressing: 'unique', credentials: ['bearer', 'cookie'] }],
  ] as const)('[AD8] %j contradicts itself', (options) => {
    expect(() => defineResourceType({ name: 'leaf', object: OBJECT, ...options })).toThrow(TypeError)
    expect(() => defineResourceType({ name: 'leaf', object: OBJECT, ...options })).toThrow(/cannot have/)
  })

  test('[AD8] what has no own origin has no cookies', () => {
    expect(defineResourceType({ name: 'leaf', object: OBJECT, addressing: 'unique' }).credentials).toEqual(['bearer'])
    expect(defineResourceType({ name: 'leaf', object: OBJECT }).credentials).toEqual(['bearer', 'cookie'])
  })
})
