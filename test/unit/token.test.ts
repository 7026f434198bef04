import * as fc from 'fast-check'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  PERMISSIONS,
  createTokenSigner,
  includesPermission,
  type Permission,
  type TokenClaims,
  type TokenUse,
} from '../../src/identity/token.ts'

const OLD = { id: '1', key: Buffer.alloc(32, 1).toString('base64url') }
const NEW = { id: '2', key: Buffer.alloc(32, 2).toString('base64url') }
const signer = createTokenSigner('deployment', [OLD, NEW])
const USES: readonly TokenUse[] = ['resource', 'code', 'session', 'operator-code', 'operator-session']

const now = Math.floor(Date.now() / 1000)
const claims = fc.record<Omit<TokenClaims, 'tokenId'>>({
  use: fc.constantFrom(...USES),
  type: fc.string(),
  resource: fc.string(),
  permission: fc.constantFrom<Permission>(...PERMISSIONS),
  generation: fc.nat(),
  expiresAt: fc.integer({ min: now + 60, max: now + 10_000 }),
  endsAt: fc.integer({ min: now, max: now + 100_000 }),
})

describe('tokens', () => {
  test('[AU3] come back as they went, for their own use and no other', async () => {
    await fc.assert(
      fc.asyncProperty(claims, fc.constantFrom(...USES), async (given, use) => {
        const token = await signer.mint(given)
        const verified = await signer.verify(token, use)
        if (use === given.use) expect(verified).toEqual({ ...given, tokenId: expect.stringMatching(/^[0-9a-f-]{36}$/) })
        else expect(verified).toBeUndefined()
      }),
      { numRuns: 60 },
    )
  })

  test('[AU3] are signed by the newest key, and verified by every one of the deployment', async () => {
    const given = { use: 'resource', type: 'wiki', resource: 'x', permission: 'read', generation: 1 } as const
    const times = { expiresAt: now + 60, endsAt: now + 60 }
    const before = await createTokenSigner('deployment', [OLD]).mint({ ...given, ...times })
    expect(await signer.verify(before, 'resource')).toMatchObject(given)
    const after = await signer.mint({ ...given, ...times })
    expect(decodeProtectedHeader(after)).toEqual({ alg: 'HS256', typ: 'biplane-resource+jwt', kid: '2' })
    expect(decodeJwt(after)).toMatchObject({ iss: 'deployment', aud: 'wiki', sub: 'x', perm: 'read', gen: 1 })
    expect(await createTokenSigner('deployment', [OLD]).verify(after, 'resource')).toBeUndefined()
    expect(await createTokenSigner('other', [OLD, NEW]).verify(after, 'resource')).toBeUndefined()
    expect(() => createTokenSigner('deployment', [])).toThrow(TypeError)
  })

  test('[AU3] no text that is none is taken for one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect(await signer.verify(text, 'resource')).toBeUndefined()
      }),
    )
  })

  test('[AU3] each permission includes the ones before it', () => {
    const table = PERMISSIONS.map((held) => PERMISSIONS.map((needed) => includesPermission(held, needed)))
    expect(table).toEqual([
      [true, false, false],
      [true, true, false],
      [true, true, true],
    ])
  })
})
