// A token that was revoked alone, as the object decides about it.

import { expect, test } from 'vitest'
import { decideRedeem, reasonToCut, refusalOf, withoutStaleCookie } from '../../src/data-plane/lifecycle.ts'
import type { Descriptor, Held, RevokedToken } from '../../src/wire/descriptor.ts'
import type { Principal } from '../../src/wire/principal.ts'

const [A, B] = ['a', 'b'].map((tokenId) => ({ tokenId, expiresAtMs: 1 })) as [RevokedToken, RevokedToken]

function descriptor(version: number, revoked: readonly RevokedToken[] | undefined): Descriptor {
  return {
    id: 'cask-0000000000000000-local-00000000',
    type: 'cask',
    account: 'account',
    shard: 'control-plane-cask',
    incarnation: 5,
    version,
    mode: 'active',
    visibility: 'public-read',
    limits: { bytes: 1 },
    generation: 2,
    allowedOrigins: [],
    settings: {},
    ...(revoked === undefined ? {} : { revoked }),
  }
}

const held: Held = { kind: 'descriptor', descriptor: descriptor(5, [A, B]) }
const asked = { permission: 'read', generation: 2, needs: 'read', requestId: '', basePath: '/', origin: '' } as const

function answer(principal: Principal): string | undefined {
  return refusalOf(held, principal)?.code
}

test('[AU13] [DP1] those on the list are refused, those beside it are not', () => {
  const answers = ['a', 'b', 'c'].map((tokenId) => answer({ ...asked, via: 'bearer', tokenId }))
  expect(answers).toEqual(['unauthenticated', 'unauthenticated', undefined])
  // From an edge of the release before, which did not say.
  expect(answer({ ...asked, via: 'bearer' })).toBeUndefined()
  // The generation counts as ever.
  expect(answer({ ...asked, via: 'bearer', tokenId: 'c', generation: 1 })).toBe('unauthenticated')
})

test('[AU13] a cookie on the list is as good as none', () => {
  const cookie = withoutStaleCookie(held, { ...asked, via: 'cookie', tokenId: 'b' })
  expect([cookie.via, cookie.tokenId, answer(cookie)]).toEqual(['none', undefined, undefined])
  const good = { ...asked, via: 'cookie', tokenId: 'c' } as const
  expect(withoutStaleCookie(held, good)).toBe(good)
})

test('[AU13] a link on the list is not redeemed', () => {
  const outcomes = ['a', 'c'].map((tokenId) => decideRedeem(held, { generation: 2, tokenId }, true))
  expect(outcomes).toEqual(['revoked', undefined])
})

test('[AU13] [DP9] open sockets are cut by what is new on the list', () => {
  const lists = [undefined, [], [A], [B], [A, B]]
  const cuts = lists.map((before) =>
    lists.map((after) => (reasonToCut(descriptor(5, before), descriptor(6, after)) === undefined ? '-' : 'x')).join(''),
  )
  expect(cuts).toEqual(['--xxx', '--xxx', '---xx', '--x-x', '-----'])
})
