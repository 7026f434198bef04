import { expect, test } from 'vitest'
import { formatPrincipal, parsePrincipal, type Principal } from '../../src/wire/principal.ts'

const NOBODY: Principal = { via: 'none', needs: 'read', requestId: 'r', basePath: '/', origin: 'http://x.localhost' }
const HOLDER: Principal = { ...NOBODY, via: 'bearer', permission: 'write', generation: 3, tokenId: 'a-b_c' }

test('[AU4] a principal comes back as it went, whatever of it is there', () => {
  for (const principal of [
    NOBODY,
    HOLDER,
    { ...NOBODY, customHost: 'notes.example.org' },
    { ...HOLDER, customHost: 'y' },
  ])
    expect(parsePrincipal(formatPrincipal(principal))).toEqual(principal)
})

test('[AU4] [FW5] edges of the releases before said less, and are understood', () => {
  const fields = formatPrincipal(HOLDER).split(' ')
  const { tokenId: _, ...before } = HOLDER
  expect(parsePrincipal(fields.slice(0, 8).join(' '))).toEqual(before)
  expect(parsePrincipal(fields.slice(0, 7).join(' '))).toEqual(before)
  for (const count of [0, 6, 10]) {
    const text = [...fields, 'more'].slice(0, count).join(' ')
    expect(() => parsePrincipal(count === 0 ? null : text)).toThrow('without passing the edge')
  }
})
