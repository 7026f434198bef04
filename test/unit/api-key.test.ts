import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  KEY_ID,
  hashApiKey,
  looksLikeApiKey,
  mintApiKey,
  parseApiKey,
  verifyApiKey,
} from '../../src/identity/api-key.ts'
import { createKeyring } from '../../src/identity/keyring.ts'
import { mintResourceId, verifyResourceId, parseResourceId } from '../../src/identity/resource-id.ts'

const keyOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64url')
const CHARACTERS = Array.from('0123456789abcdefghijklmnopqrstuvwxyz_-A. ')
const OLD = { id: '1', key: keyOf(1) }
const NEW = { id: '2', key: keyOf(2) }
const keyring = createKeyring([OLD, NEW])

test('[AC2] a minted key is parsed as it was made, and proves that it was made here', async () => {
  const account = await mintResourceId(keyring, 'account', 'local')
  const key = await mintApiKey(keyring, account.id)
  expect(parseApiKey(key.text)).toEqual(key)
  expect(key).toMatchObject({ account: account.id, keyId: expect.stringMatching(KEY_ID) })
  expect(looksLikeApiKey(key.text)).toBe(true)
  expect(await verifyApiKey(keyring, key)).toBe(true)
  expect(await hashApiKey(key)).toMatch(/^[0-9a-f]{64}$/)
  // An older key of the ring goes on verifying; another deployment's does not.
  const older = await mintApiKey(createKeyring([OLD]), account.id)
  expect(await verifyApiKey(keyring, older)).toBe(true)
  expect(await verifyApiKey(createKeyring([{ id: '2', key: keyOf(3) }]), key)).toBe(false)
})

test('[AC2] whatever is changed in a key, it is none any more', async () => {
  const account = await mintResourceId(keyring, 'account', 'local')
  const { text } = await mintApiKey(keyring, account.id)
  await fc.assert(
    fc.asyncProperty(fc.nat(text.length - 1), fc.constantFrom(...CHARACTERS), async (at, character) => {
      const changed = text.slice(0, at) + character + text.slice(at + 1)
      const parsed = parseApiKey(changed)
      expect(changed === text || parsed === undefined || !(await verifyApiKey(keyring, parsed))).toBe(true)
    }),
    { numRuns: 300 },
  )
  for (const other of ['', 'bp_', `${text}\n`, ` ${text}`, text.repeat(2), text.slice(1)])
    expect(parseApiKey(other)).toBeUndefined()
})

test('[AC2] no tag of an identifier is the mac of a key', async () => {
  const account = await mintResourceId(keyring, 'account', 'local')
  const { text } = await mintApiKey(keyring, account.id)
  // Whoever could have identifiers minted for texts of his choice would still get none with an underscore.
  expect(parseResourceId(text)).toBeUndefined()
  expect(await verifyResourceId(keyring, { ...account, tag: text.slice(-8) })).toBe(false)
})
