// A type's content through the life of its resource: suspended, read-only, deleted, restored, purged.

import type { Check } from '../check.ts'
import { PURGED_AT_ONCE } from '../control/deleting.ts'
import { openProbed, type Probed, type TypeConformanceOptions } from './probed.ts'

export const living: readonly Check<TypeConformanceOptions>[] = [
  {
    id: 'DP1',
    title: 'suspended: reads and writes are refused (403); resumed: the content is as it was',
    async run(context) {
      const probed = await openProbed(context)
      await probed.writeAll(1)
      await context.update(probed.resource.id, { mode: 'suspended' })
      ;(await probed.read({ note: 'suspended' })).requireStatus(403)
      ;(await probed.write(2, { note: 'suspended' })).requireStatus(403)
      await context.update(probed.resource.id, { mode: 'active' })
      await probed.requireShown([1], 'resumed')
      await probed.writeAll(3)
      await probed.requireShown([1, 3])
    },
  },
  {
    id: 'DP1',
    title: 'read-only: reads go on, writes are refused (403) and change nothing; active: they are back',
    async run(context) {
      const probed = await openProbed(context)
      await probed.writeAll(1)
      await context.update(probed.resource.id, { mode: 'read_only' })
      await probed.requireShown([1], 'read-only')
      ;(await probed.write(2, { note: 'read-only' })).requireStatus(403)
      await probed.requireShown([1], 'read-only, after a refused write')
      await context.update(probed.resource.id, { mode: 'active' })
      await probed.requireShown([1], 'active again')
      await probed.writeAll(3)
      await probed.requireShown([1, 3])
    },
  },
  {
    id: 'CP8',
    title: 'deleted: reads and writes are refused (410)',
    async run(context) {
      const probed = await openProbed(context)
      await probed.writeAll(1)
      await context.remove(probed.resource.id)
      await requireGone(probed, 'deleted')
    },
  },
  {
    id: 'CP13',
    title: 'restored: the content, and the tokens, are as they were before the deletion',
    async run(context) {
      const probed = await openProbed(context)
      const { id } = probed.resource
      await probed.writeAll(1, 2)
      if (!(await context.remove(id)).isRestorable) context.skip(PURGED_AT_ONCE)
      ;(await probed.write(3, { note: 'deleted' })).requireStatus(410)
      await context.restore(id)
      await probed.requireShown([1, 2], 'restored')
      await probed.writeAll(4)
      await probed.requireShown([1, 2, 4])
    },
  },
  {
    id: 'CP14',
    title: 'purged: a write that was on its way is refused (410), and leaves nothing',
    async run(context) {
      const probed = await openProbed(context)
      const { id } = probed.resource
      await probed.writeAll(1)
      const late = lateBody()
      const writing = probed.write(2, { body: late.stream, note: 'its body ends after the purge' })
      await late.isRead
      await context.remove(id, 'purge')
      const [refused] = await Promise.all([writing, late.end()])
      refused.requireStatus(410)
      await requireGone(probed, 'purged')
      const restored = await context.ask('POST', context.api(id, '/restore'), { json: {}, note: 'purged' })
      restored.requireRefusal(410, 'deleted')
      await requireGone(probed, 'purged, after late writes')
    },
  },
]

async function requireGone(probed: Probed, note: string): Promise<void> {
  ;(await probed.read({ note })).requireStatus(410)
  ;(await probed.write(9, { note })).requireStatus(410)
}

/** A body of which the client sends one part, and the end only when it is told to. */
function lateBody(): {
  readonly stream: ReadableStream
  readonly isRead: Promise<void>
  readonly end: () => Promise<void>
} {
  const { readable, writable } = new TransformStream()
  const writer = writable.getWriter()
  return { stream: readable, isRead: writer.write(new TextEncoder().encode('late')), end: () => writer.close() }
}
