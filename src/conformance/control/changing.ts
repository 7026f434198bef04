// Changes: conditions, names, and the modes that a resource can be in.

import type { Check } from '../check.ts'
import { keepsItsName, otherName } from '../named.ts'

export const changing: readonly Check[] = [
  {
    id: 'CP7',
    title: 'a change with an outdated If-Match is refused (412) and changes nothing; with the current one it is made',
    async run(context) {
      const resource = await context.create()
      const { id, etag } = resource
      const name = otherName(context, resource, 'Renamed')
      const changed = await context.update(id, { name })
      for (const [method, rest, json] of [
        ['PATCH', '', { name: `${context.prefix} Lost` }],
        ['DELETE', '', undefined],
      ] as const) {
        const ask = {
          headers: { 'if-match': etag },
          note: 'outdated If-Match',
          ...(json === undefined ? {} : { json }),
        }
        const refused = await context.ask(method, context.api(id, rest), ask)
        refused.requireRefusal(412, 'precondition_failed')
      }
      const got = (await context.ask('GET', context.api(id))).requireStatus(200)
      got.require(got.json['name'] === name && got.json['state'] === 'active', `still "${name}", active`)
      for (const tag of [changed.etag, '*']) {
        const json = { labels: { tag: tag.replaceAll('"', '') } }
        const made = await context.ask('PATCH', context.api(id), {
          json,
          headers: { 'if-match': tag },
          note: `If-Match ${tag}`,
        })
        made.requireDone('the change')
      }
    },
  },
  {
    id: 'CP7',
    title: 'a change answers what the resource is now, with a new ETag, and leaves the rest as it was',
    async run(context) {
      const { id, ...before } = await context.create({ labels: { kept: 'yes' } })
      const name = otherName(context, before, 'New name')
      const answer = (await context.ask('PATCH', context.api(id), { json: { name } })).requireStatus(200, 202)
      answer.require(answer.json['name'] === name, `the name "${name}"`)
      answer.require(answer.json['etag'] !== before.etag, `another ETag than ${before.etag}`)
      const labels = answer.json['labels'] as Record<string, unknown> | undefined
      answer.require(labels?.['kept'] === 'yes', 'the labels that it had')
      answer.require(answer.json['create_time'] === before.create_time, `create_time ${before.create_time}`)
    },
  },
  {
    id: 'CP4',
    title: 'a resource cannot be given a name that another one has',
    async run(context) {
      const [one, other] = [await context.create(), await context.create()]
      const json = { name: one.name?.toUpperCase() }
      const refused = await context.ask('PATCH', context.api(other.id), { json, note: 'the name of another' })
      if (keepsItsName(other)) return void refused.requireRefusal(400, 'invalid_request')
      refused.requireRefusal(409, 'already_exists')
      await context.update(one.id, { name: null })
      await context.update(other.id, json)
    },
  },
  {
    id: 'DP1',
    title: 'a suspended resource refuses its content (403) until it is resumed',
    async run(context) {
      const { id } = await context.create()
      const token = await context.token(id, 'admin')
      const suspended = await context.update(id, { mode: 'suspended' })
      const got = await context.ask('GET', context.api(id))
      got.require(suspended.state === 'suspended' && got.json['state'] === 'suspended', 'the state "suspended"')
      const content = `/${context.options.plural}/${id}/`
      for (const method of ['GET', 'PUT']) {
        const refused = await context.ask(method, content, { as: { token }, note: 'suspended' })
        refused.requireStatus(403)
      }
      await context.update(id, { mode: 'active' })
      const resumed = await context.ask('GET', content, { as: { token }, note: 'resumed' })
      resumed.require(resumed.status !== 403, 'any status but 403')
    },
  },
  {
    id: 'DP1',
    title: 'a read-only resource refuses writes (403), whatever they are, until it is active',
    async run(context) {
      const { id } = await context.create()
      const token = await context.token(id, 'admin')
      await context.update(id, { mode: 'read_only' })
      const path = `/${context.options.plural}/${id}/conformance`
      for (const method of ['PUT', 'POST', 'PATCH', 'DELETE']) {
        const body = method === 'DELETE' ? null : 'x'
        const refused = await context.ask(method, path, { as: { token }, body, note: 'read-only' })
        refused.requireStatus(403)
      }
      const active = await context.update(id, { mode: 'active' })
      const got = await context.ask('GET', context.api(id))
      got.require(active.state === 'active' && got.json['state'] === 'active', 'the state "active"')
    },
  },
]
