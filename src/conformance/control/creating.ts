// Creation: its answer, identifiers, idempotency keys, names, what is refused.

import { parseResourceId } from '../../identity/resource-id.ts'
import type { Answer } from '../answer.ts'
import type { Check } from '../check.ts'
import type { CheckContext } from '../context.ts'
import { keepsItsName } from '../named.ts'

/** Enough to meet each other, and few enough for a small quota. */
const AT_ONCE = 6

export const creating: readonly Check[] = [
  {
    id: 'CP2',
    title: 'a creation answers 201, where the resource is, and the resource, which can be got at once',
    async run(context) {
      const { creation } = context.options
      const json = { ...creation, name: `${context.prefix} First`, labels: { conformance: context.prefix } }
      const answer = (await context.ask('POST', context.api(), { json })).requireStatus(201, 202)
      const id = String(answer.json['id'])
      answer.requireHeader('location', context.api(id))
      if (answer.status === 202) {
        answer.requireHeader('retry-after', /^\d+$/)
        return
      }
      answer.requireHeader('etag', String(answer.json['etag']))
      answer.require(answer.json['name'] === json.name, `the name "${json.name}"`)
      answer.require(answer.json['state'] === 'active', 'the state "active"')
      const got = (await context.ask('GET', context.api(id))).requireStatus(200)
      // A type's own hook may have added to what was given.
      got.require(got.text === answer.text, `what the creation answered: ${answer.text}`)
    },
  },
  {
    id: 'ID1',
    title: 'an identifier says type, cell and tag, is short enough for a host name, and is new every time',
    async run(context) {
      const [one, other] = [await context.create(), await context.create()]
      for (const { id, type, cell } of [one, other]) {
        const answer = await context.ask('GET', context.api(id))
        const parsed = parseResourceId(id)
        answer.require(parsed?.type === type && parsed.cell === cell, `an identifier \`${type}-<label>-${cell}-<tag>\``)
      }
      const repeated = await context.ask('GET', context.api(other.id))
      repeated.require(one.id !== other.id, 'another identifier than that of the creation before', other.id)
    },
  },
  {
    id: 'CP3',
    title: 'one idempotency key and body make one resource, also at once',
    async run(context) {
      const json = { ...context.options.creation, name: `${context.prefix} Once` }
      const first = await createWithKey(context, 'once', json)
      const more = await Promise.all(Array.from({ length: AT_ONCE }, () => createWithKey(context, 'once', json)))
      for (const answer of more) {
        answer.requireStatus(201, 202)
        answer.require(answer.json['id'] === first.json['id'], `the resource of the first: ${String(first.json['id'])}`)
      }
    },
  },
  {
    id: 'CP3',
    title: 'an idempotency key with another body is refused (422), and makes nothing',
    async run(context) {
      const { creation } = context.options
      const first = await createWithKey(context, 'reused', { ...creation, name: `${context.prefix} This` })
      first.requireStatus(201, 202)
      const name = `${context.prefix} That`
      const refused = await createWithKey(context, 'reused', { ...creation, name })
      refused.requireRefusal(422, 'idempotency_key_reused')
      await context.create({ name })
    },
  },
  {
    id: 'CP3',
    title: 'a creation that is refused leaves its idempotency key free',
    async run(context) {
      const { creation } = context.options
      const { name } = await context.create()
      const refused = await createWithKey(context, 'free', { ...creation, name })
      refused.requireRefusal(409, 'already_exists')
      const answer = await createWithKey(context, 'free', { ...creation, name: `${context.prefix} Free` })
      answer.requireStatus(201, 202)
    },
  },
  {
    id: 'CP4',
    title: 'a name is taken in every spelling, until its holder is deleted',
    async run(context) {
      // Composed, decomposed, and in capitals.
      const spellings = ['Caf\u00e9', 'Cafe\u0301', 'CAF\u00c9'].map((name) => `${context.prefix} ${name}`)
      const holder = await context.create({ name: spellings[0] })
      for (const name of spellings) {
        const json = { ...context.options.creation, name }
        const refused = await context.ask('POST', context.api(), { json, note: `name ${JSON.stringify(name)}` })
        refused.requireRefusal(409, 'already_exists')
      }
      await context.remove(holder.id, keepsItsName(holder) ? 'purge' : undefined)
      await context.create({ name: spellings[2] })
    },
  },
  {
    id: 'CP4',
    title: 'creations of one name at once make one resource',
    async run(context) {
      const json = { ...context.options.creation, name: `${context.prefix} Wanted` }
      const answers = await Promise.all(
        Array.from({ length: AT_ONCE }, () => context.ask('POST', context.api(), { json, note: `${AT_ONCE} at once` })),
      )
      const [first, ...others] = answers.toSorted((a, b) => a.status - b.status)
      first?.requireStatus(201, 202)
      for (const answer of others) answer.requireRefusal(409, 'already_exists')
    },
  },
  {
    id: 'CE2',
    title: 'an unknown cell is refused (400) before anything is recorded',
    async run(context) {
      const json = { ...context.options.creation, name: `${context.prefix} Nowhere`, cell: 'nowhere9' }
      const refused = await context.ask('POST', context.api(), { json, note: 'cell "nowhere9"' })
      refused.requireRefusal(400, 'invalid_request')
      await context.create({ name: json.name })
    },
  },
]

function createWithKey(context: CheckContext, key: string, json: object): Promise<Answer> {
  const headers = { 'idempotency-key': `${context.prefix}-${key}` }
  return context.ask('POST', context.api(), { json, headers, note: `Idempotency-Key "${key}"` })
}
