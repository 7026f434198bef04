// What is not valid, or too large, is refused before anything happens.

import type { Check } from '../check.ts'
import type { CheckContext } from '../context.ts'

/** What a creation is refused for; names are the check's own unless the case is about them. */
const INVALID: Readonly<Record<string, unknown>> = {
  'an unknown member': { nmae: 'x' },
  'labels that are no object': { labels: 'x' },
  'a label that is no text': { labels: { a: 1 } },
  'a label with a key of 41 characters': { labels: { ['k'.repeat(41)]: 'v' } },
  'a label with a value of 501 characters': { labels: { k: 'v'.repeat(501) } },
  '51 labels': { labels: entries(51) },
  'a metadata value of 501 characters': { metadata: { k: 'v'.repeat(501) } },
  '51 metadata entries': { metadata: entries(51) },
  'a wildcard origin': { allowed_origins: ['*'] },
  'an origin with a path': { allowed_origins: ['https://app.example/x'] },
  'an empty name': { name: '' },
  'a name of 101 characters': { name: 'n'.repeat(101) },
  'a name with a control character': { name: 'a\u0007b' },
  'a name with white space at its end': { name: 'a ' },
}

/** Of a control plane request. */
const MAX_BODY_BYTES = 256 * 1024

export const validating: readonly Check[] = [
  {
    id: 'HT2',
    title: 'unknown members, and names, labels, metadata and origins beyond their limits are refused (400)',
    async run(context) {
      for (const [note, members] of Object.entries(INVALID)) {
        const json = { ...context.options.creation, name: `${context.prefix} Invalid`, ...(members as object) }
        const refused = await context.ask('POST', context.api(), { json, note })
        refused.requireRefusal(400, 'invalid_request')
      }
      // Nothing of it was recorded, and what is just within the limits is taken.
      const name = `${context.prefix} `.padEnd(100, 'n')
      const labels = { ...entries(49), ['k'.repeat(40)]: 'v'.repeat(500) }
      await context.create({ name: `${context.prefix} Invalid` })
      await context.create({ name, labels })
    },
  },
  {
    id: 'HT2',
    title: 'a body that is no JSON object is refused (400)',
    async run(context) {
      const headers = { 'content-type': 'application/json' }
      for (const body of ['{"name":', '[]', 'null', '1', '{} {}', ' ']) {
        const refused = await context.ask('POST', context.api(), {
          body,
          headers,
          note: `body ${JSON.stringify(body)}`,
        })
        refused.requireRefusal(400, 'invalid_request')
      }
    },
  },
  {
    id: 'HT2',
    title: 'a change names at least one thing that can be changed, and a token what it is for',
    async run(context) {
      const { id } = await context.create()
      for (const json of [{}, { id: 'x' }, { mode: 'deleted' }, { cell: 'local' }]) {
        const refused = await context.ask('PATCH', context.api(id), { json, note: JSON.stringify(json) })
        refused.requireRefusal(400, 'invalid_request')
      }
      for (const json of [{ permission: 'owner' }, { expires_in: 0 }, { expires_in: 1.5 }, { expires_in: 1e9 }]) {
        const refused = await context.ask('POST', context.api(id, '/tokens'), { json, note: JSON.stringify(json) })
        refused.requireRefusal(400, 'invalid_request')
      }
    },
  },
  {
    id: 'HT3',
    title: 'a body beyond the limit is refused (413), with and without a declared length',
    async run(context) {
      const body = JSON.stringify({ metadata: { a: 'x'.repeat(MAX_BODY_BYTES) } })
      for (const [note, sent] of [
        ['declared', body],
        ['streamed', new Blob([body]).stream()],
      ] as const) {
        const refused = await askWithBody(context, sent, note)
        refused.requireRefusal(413, 'too_large')
      }
    },
  },
]

function askWithBody(
  context: CheckContext,
  body: string | ReadableStream,
  note: string,
): ReturnType<CheckContext['ask']> {
  return context.ask('POST', context.api(), { body, headers: { 'content-type': 'application/json' }, note })
}

function entries(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']))
}
