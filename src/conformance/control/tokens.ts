// Tokens for a resource's content: what each opens, and for how long.

import type { Check } from '../check.ts'
import { PRINCIPAL_HEADER, formatPrincipal } from '../../wire/principal.ts'

export const NOT_PRIVATE =
  'resources of this type are not private at their creation: `creation: { visibility: "private" }`'

export const tokens: readonly Check[] = [
  {
    id: 'AU3',
    title: 'a token opens the resource that it was minted for, and no other (401)',
    async run(context) {
      const [own, other] = [await context.create(), await context.create()]
      const token = await context.token(own.id, 'admin')
      const opened = await context.ask('GET', contentOf(context.options.plural, own.id), {
        as: { token },
        note: 'its token',
      })
      opened.require(opened.status !== 401 && opened.status !== 403, 'neither 401 nor 403')
      const path = contentOf(context.options.plural, other.id)
      for (const [note, wrong] of [
        ["another resource's token", token],
        ['a token that is none', 'garbage'],
        ['a token with another signature', `${token.slice(0, -4)}${token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`],
      ] as const) {
        const refused = await context.ask('GET', path, { as: { token: wrong }, note })
        refused.requireStatus(401)
      }
    },
  },
  {
    id: 'AU3',
    title: 'a token for reading does not write (403)',
    async run(context) {
      const { id } = await context.create()
      const token = await context.token(id, 'read')
      const path = `${contentOf(context.options.plural, id)}conformance`
      for (const method of ['PUT', 'POST', 'PATCH']) {
        const refused = await context.ask(method, path, { as: { token }, body: 'x', note: 'read token' })
        refused.requireStatus(403)
      }
    },
  },
  {
    id: 'CP11',
    title: 'a revoked token is refused at once (401), and a new one is good',
    async run(context) {
      const { id } = await context.create()
      const path = contentOf(context.options.plural, id)
      const [token, reading] = [await context.token(id, 'admin'), await context.token(id, 'read')]
      await context.revoke(id)
      for (const old of [token, reading]) {
        const refused = await context.ask('GET', path, { as: { token: old }, note: 'revoked' })
        refused.requireStatus(401)
      }
      const fresh = await context.token(id, 'read')
      const opened = await context.ask('GET', path, { as: { token: fresh }, note: 'minted after the revocation' })
      opened.require(opened.status !== 401 && opened.status !== 403, 'neither 401 nor 403')
    },
  },
  {
    id: 'AU4',
    title: 'nobody becomes somebody by a header that the edge alone may set (401)',
    async run(context) {
      const { id, visibility } = await context.create()
      if (visibility !== 'private') context.skip(NOT_PRIVATE)
      const basePath = contentOf(context.options.plural, id)
      const origin = new URL(context.options.baseUrl).origin
      const who = { via: 'bearer', permission: 'admin', generation: 1_000, needs: 'read' } as const
      const forged = formatPrincipal({ ...who, requestId: 'forged', basePath, origin })
      const headers = { [PRINCIPAL_HEADER]: forged }
      const refused = await context.ask('GET', basePath, { as: 'nobody', headers, note: `forged ${PRINCIPAL_HEADER}` })
      refused.requireStatus(401)
    },
  },
]

function contentOf(plural: string, id: string): string {
  return `/${plural}/${id}/`
}
