// Reads and writes of a type's content, alone and at once; and that nothing of one resource is another's.

import type { Check } from '../check.ts'
import { neverIssued } from '../foreign.ts'
import { openProbed, type TypeConformanceOptions } from './probed.ts'

/** The framework's default for a type. */
const DEFAULT_BODY_BYTES = 16 * 1024 ** 2
const AT_ONCE = 16

export const writing: readonly Check<TypeConformanceOptions>[] = [
  {
    id: 'CF6',
    title: 'a read after an acknowledged write shows it, and a new resource shows nothing',
    async run(context) {
      const probed = await openProbed(context)
      await probed.requireShown([], 'a new resource')
      for (const written of [[1], [1, 2], [1, 2, 3]]) {
        await probed.writeAll(written.length)
        await probed.requireShown(written)
      }
    },
  },
  {
    id: 'DP5',
    title: 'of writes at once, every one that was acknowledged took effect, once',
    async run(context) {
      const probed = await openProbed(context)
      const numbers = Array.from({ length: AT_ONCE }, (_, index) => index + 1)
      const answers = await Promise.all(numbers.map((n) => probed.write(n, { note: `write ${n}, ${AT_ONCE} at once` })))
      const acknowledged = numbers.filter((_, index) => answers[index]?.isDone)
      // A type may refuse one for the sake of another, but not all of them.
      answers[0]?.require(acknowledged.length > 0, 'at least one of them to succeed')
      await probed.requireShown({ acknowledged, isAtOnce: true }, `after ${AT_ONCE} writes at once`)
    },
  },
  {
    id: 'CF7',
    title: 'nothing of one resource shows in another',
    async run(context) {
      const [one, other] = [await openProbed(context), await openProbed(context)]
      await one.writeAll(1)
      await other.requireShown([], 'a new resource beside one that was written')
      await other.writeAll(2)
      await one.requireShown([1], 'after another resource was written')
      await other.requireShown([2], 'after another resource was read')
      const [third] = await Promise.all([openProbed(context), one.writeAll(3), other.writeAll(4)])
      await Promise.all([one.requireShown([1, 3]), other.requireShown([2, 4]), third.requireShown([])])
    },
  },
  {
    id: 'ID4',
    title: 'an identifier that was never issued is 404 for reads and writes',
    async run(context) {
      const { resource, token } = await openProbed(context)
      for (const foreign of neverIssued(resource.id)) {
        for (const method of ['GET', 'PUT', 'POST']) {
          const path = `/${context.options.plural}/${foreign}/`
          const refused = await context.ask(method, path, { as: { token }, body: method === 'GET' ? null : 'x' })
          refused.requireStatus(404)
        }
      }
    },
  },
  {
    id: 'HT3',
    title: 'a body beyond the limit is refused (413), with and without a declared length, and writes nothing',
    async run(context) {
      const probed = await openProbed(context)
      await probed.writeAll(1)
      const { bodyBytes = DEFAULT_BODY_BYTES } = context.options
      const body = new Blob([new Uint8Array(bodyBytes + 1)])
      const note = `${bodyBytes + 1} bytes`
      // Refused before its body was sent, the connection may end, and `fetch` then has no answer: what counts is that nothing was written.
      const declared = await probed.write(2, { body, note: `${note}, declared` }).catch(() => undefined)
      declared?.requireStatus(413)
      const streamed = await probed.write(3, { body: body.stream(), note: `${note}, streamed` })
      streamed.requireStatus(413)
      await probed.requireShown([1])
    },
  },
  {
    id: 'HT6',
    title: 'other origins read the answers of the content only where they are allowed to',
    async run(context) {
      const allowed = 'https://allowed.example'
      const probed = await openProbed(context, { allowed_origins: [allowed] })
      await probed.writeAll(1)
      for (const [origin, granted] of [
        [allowed, allowed],
        ['https://other.example', null],
        ['http://allowed.example', null],
        ['https://allowed.example:8443', null],
        ['null', null],
      ] as const) {
        const { id } = probed.resource
        const headers = {
          origin,
          'access-control-request-method': 'PUT',
          'access-control-request-headers': 'authorization',
        }
        const path = `/${context.options.plural}/${id}/`
        const preflight = await context.ask('OPTIONS', path, { as: 'nobody', headers, note: `preflight of ${origin}` })
        preflight.requireHeader('access-control-allow-origin', granted)
        const read = await probed.read({ headers: { origin }, note: `from ${origin}` })
        read.requireHeader('access-control-allow-origin', granted)
      }
    },
  },
]
