// The keys of an imported deployment beside one's own.

import { expect, test } from 'vitest'
import { nameHomeOf, namedResourceId } from '../../src/identity/caller-name.ts'
import { createKeyring, type IdentifierKey } from '../../src/identity/keyring.ts'
import { mintResourceId, verifyResourceId, type NamedResourceId } from '../../src/identity/resource-id.ts'

test('[AR9] keys of an imported deployment that share an id with ours verify, each of them, and none of them signs', async () => {
  const ours: IdentifierKey = { id: '1', key: 'A'.repeat(43) }
  const theirs: IdentifierKey[] = ['B', 'C'].map((letter) => ({ id: '1', key: letter.repeat(43) }))
  const imported = theirs.map((key) => ({ ...key, verifyOnly: true }))
  const issued = await Promise.all(
    [ours, ...theirs].map((key) => mintResourceId(createKeyring([key]), 'wiki', 'local')),
  )
  for (const keys of [
    [ours, ...imported],
    [...imported, ours],
  ]) {
    const ring = createKeyring(keys)
    expect(await Promise.all(issued.map((id) => verifyResourceId(ring, id)))).toEqual([true, true, true])
    const made = await mintResourceId(ring, 'wiki', 'local')
    expect(await verifyResourceId(createKeyring([ours]), made)).toBe(true)
  }
  // What an account of theirs calls something leads where it led there.
  const account = await mintResourceId(createKeyring(theirs.slice(0, 1)), 'account', 'local')
  const [here, there] = await Promise.all(
    [createKeyring([ours, ...imported]), createKeyring(theirs.slice(0, 1))].map(async (ring) =>
      namedResourceId(ring, 'wiki', await nameHomeOf(ring, account.id, 'local'), 'Notes'),
    ),
  )
  expect(here).toEqual(there)
  expect(await verifyResourceId(createKeyring([ours]), issued[1] as NamedResourceId)).toBe(false)
  expect(() => createKeyring([ours, { ...ours, key: 'D'.repeat(43) }])).toThrow('share an id')
  expect(() => createKeyring(imported)).toThrow('no identifier key that may sign')
})
