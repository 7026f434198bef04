// Deleting, restoring, purging.

import { requireEqual } from '../answer.ts'
import type { Check } from '../check.ts'
import { keepsItsName } from '../named.ts'

export const PURGED_AT_ONCE = 'this deployment purges at once what is deleted, and keeps nothing to restore'

export const deleting: readonly Check[] = [
  {
    id: 'CP8',
    title: 'a deletion is answered the same when it is repeated; the resource can still be got, and nothing else',
    async run(context) {
      const { id, name } = await context.create()
      await context.remove(id)
      const first = (await context.ask('DELETE', context.api(id), { note: 'again' })).requireStatus(200)
      const second = (await context.ask('DELETE', context.api(id), { note: 'and again' })).requireStatus(200)
      requireEqual(second.asked, second.json, first.json)
      const got = (await context.ask('GET', context.api(id))).requireStatus(200)
      got.require(got.json['state'] === 'deleted' && got.json['name'] === name, `"${name}", deleted`)
      got.require(typeof got.json['delete_time'] === 'string', 'a `delete_time`')
      for (const [method, rest, json] of [
        ['PATCH', '', { name: `${context.prefix} Risen` }],
        ['POST', '/tokens', {}],
        ['POST', '/links', {}],
      ] as const) {
        const refused = await context.ask(method, context.api(id, rest), { json, note: 'deleted' })
        refused.requireRefusal(410, 'deleted')
      }
    },
  },
  {
    id: 'CP13',
    title: 'a deleted resource is restored with its name, labels and mode, as often as anybody asks',
    async run(context) {
      const { id, name } = await context.create({ labels: { kept: 'yes' } })
      await context.update(id, { mode: 'read_only' })
      if (!(await context.remove(id)).isRestorable) context.skip(PURGED_AT_ONCE)
      for (const note of ['once', 'again']) {
        const answer = (await context.ask('POST', context.api(id, '/restore'), { json: {}, note })).requireStatus(
          200,
          202,
        )
        const got = (await context.ask('GET', context.api(id))).requireStatus(200)
        const { labels } = got.json as { readonly labels?: Record<string, string> }
        got.require(got.json['name'] === name && labels?.['kept'] === 'yes', `"${name}" with its labels`)
        answer.require(answer.status === 202 || answer.json['state'] === 'read_only', 'the state "read_only"')
        got.require(got.json['purge_time'] === undefined, 'no `purge_time`')
      }
    },
  },
  {
    id: 'CP13',
    title: 'a deleted resource whose name was given away is restored under another one only',
    async run(context) {
      const resource = await context.create()
      const { id, name } = resource
      if (!(await context.remove(id)).isRestorable) context.skip(PURGED_AT_ONCE)
      if (keepsItsName(resource)) {
        const json = { ...context.options.creation, name }
        const taken = await context.ask('POST', context.api(), { json, note: 'the name of what can be restored' })
        taken.requireRefusal(409, 'already_exists')
        return context.restore(id)
      }
      await context.create({ name })
      const refused = await context.ask('POST', context.api(id, '/restore'), { json: {}, note: 'its name is taken' })
      refused.requireRefusal(409, 'already_exists')
      const other = `${name} again`
      const answer = await context.ask('POST', context.api(id, '/restore'), { json: { name: other } })
      answer.requireStatus(200, 202).require(answer.json['name'] === other, `the name "${other}"`)
    },
  },
  {
    id: 'CP14',
    title: 'what is purged, at once or after its deletion, cannot be restored (410)',
    async run(context) {
      for (const isDeletedFirst of [false, true]) {
        const { id } = await context.create()
        if (isDeletedFirst) await context.remove(id)
        for (const note of ['once', 'again']) {
          const purged = await context.ask('DELETE', `${context.api(id)}?purge=true`, { note })
          purged.requireStatus(200, 202)
          purged.require(purged.json['purge_time'] === undefined, 'no `purge_time`')
        }
        const refused = await context.ask('POST', context.api(id, '/restore'), { json: {}, note: 'purged' })
        refused.requireRefusal(410, 'deleted')
      }
    },
  },
]
