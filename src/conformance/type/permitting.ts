// Who may read and write a type's content, and that what is refused has no effect.

import { otherName } from '../named.ts'
import type { Check } from '../check.ts'
import { NOT_PRIVATE } from '../control/tokens.ts'
import { openProbed, type TypeConformanceOptions } from './probed.ts'

export const permitting: readonly Check<TypeConformanceOptions>[] = [
  {
    id: 'AU3',
    title: 'a token for reading reads, and is refused to write (403)',
    async run(context) {
      const probed = await openProbed(context)
      await probed.writeAll(1)
      const as = { token: await probed.mint('read') }
      ;(await probed.read({ as, note: 'read token' })).requireStatus(200)
      ;(await probed.write(2, { as, note: 'read token' })).requireStatus(403)
      await probed.requireShown([1])
      await probed.writeAll(3)
      await probed.requireShown([1, 3])
    },
  },
  {
    id: 'AU3',
    title: "another resource's token neither reads nor writes (401)",
    async run(context) {
      const [one, other] = [await openProbed(context), await openProbed(context)]
      await one.writeAll(1)
      const as = { token: other.token }
      ;(await one.read({ as, note: "another resource's token" })).requireStatus(401)
      ;(await one.write(2, { as, note: "another resource's token" })).requireStatus(401)
      await one.requireShown([1])
      await other.requireShown([])
    },
  },
  {
    id: 'AU2',
    title: 'a private resource is neither read nor written without a token (401)',
    async run(context) {
      const probed = await openProbed(context)
      if (probed.resource.visibility !== 'private') context.skip(NOT_PRIVATE)
      await probed.writeAll(1)
      ;(await probed.read({ as: 'nobody', note: 'no token' })).requireStatus(401)
      ;(await probed.write(2, { as: 'nobody', note: 'no token' })).requireStatus(401)
      await probed.requireShown([1])
    },
  },
  {
    id: 'CP11',
    title: 'a revoked token neither reads nor writes (401), and a new one does',
    async run(context) {
      const probed = await openProbed(context)
      await probed.writeAll(1)
      await context.revoke(probed.resource.id)
      ;(await probed.read({ note: 'revoked token' })).requireStatus(401)
      ;(await probed.write(2, { note: 'revoked token' })).requireStatus(401)
      await probed.renew()
      await probed.requireShown([1])
      await probed.writeAll(3)
      await probed.requireShown([1, 3])
    },
  },
  {
    id: 'CP7',
    title: 'a new name changes neither content nor tokens',
    async run(context) {
      const probed = await openProbed(context)
      await probed.writeAll(1)
      await context.update(probed.resource.id, { name: otherName(context, probed.resource, 'Renamed') })
      await probed.requireShown([1], 'renamed')
      await probed.writeAll(2)
      await probed.requireShown([1, 2])
    },
  },
]
