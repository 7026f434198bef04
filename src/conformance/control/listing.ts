// Lists: order, pages while others create, cursors, deleted ones.

import type { Answer } from '../answer.ts'
import type { Check } from '../check.ts'
import type { CheckContext } from '../context.ts'

/** A page may be short or empty; a list of this many pages of what one check made has no end. */
const MAX_PAGES = 1_000

export const listing: readonly Check[] = [
  {
    id: 'CP6',
    title:
      'what exists during the whole listing is listed exactly once, in the order of creation, while more is created',
    async run(context) {
      const before: string[] = []
      for (let count = 0; count < 5; count++) before.push((await context.create()).id)
      const creating = (async () => {
        for (let count = 0; count < 4; count++) await context.create()
      })()
      const { ids, last } = await listAll(context, 'limit=2').finally(() => creating)
      last.require(new Set(ids).size === ids.length, 'no resource twice', ids.join(', '))
      const seen = ids.filter((id) => before.includes(id))
      last.require(seen.join() === before.join(), `in this order: ${before.join(', ')}`, ids.join(', '))
    },
  },
  {
    id: 'CP15',
    title: 'a descending list is the same from its other end, and a search finds by name and identifier',
    async run(context) {
      const made = [await context.create(), await context.create(), await context.create()].map(({ id }) => id)
      const { ids, last } = await listAll(context, 'limit=2&order=descending')
      last.require(ids.join() === made.toReversed().join(), made.toReversed().join(', '), ids.join(', '))
      const [first = ''] = made
      const found = (await context.ask('GET', `${context.api()}?q=${first}`)).requireStatus(200)
      found.require(idsOf(found).join() === first, `${first} alone`)
    },
  },
  {
    id: 'CP6',
    title: 'a cursor that no list returned, or one of the other direction, is refused (400)',
    async run(context) {
      await context.create()
      await context.create()
      const page = await context.ask('GET', `${listOf(context)}&limit=1`)
      const cursor = page.requireStatus(200).json['next_cursor']
      page.require(typeof cursor === 'string', 'a `next_cursor` after the first of two')
      for (const query of [
        'cursor=garbage',
        `cursor=${String(cursor)}x!`,
        `cursor=${String(cursor)}&order=descending`,
        'limit=many',
      ]) {
        const refused = await context.ask('GET', `${context.api()}?${query}`)
        refused.requireRefusal(400, 'invalid_request')
      }
    },
  },
  {
    id: 'CP15',
    title: 'a deleted resource leaves the list at once, and is listed among the deleted while it can be restored',
    async run(context) {
      const [kept, gone] = [await context.create(), await context.create()]
      const { isRestorable } = await context.remove(gone.id)
      const live = await listAll(context, 'limit=50')
      live.last.require(live.ids.join() === kept.id, `${kept.id} alone`, live.ids.join(', '))
      const deleted = await listAll(context, 'limit=50&deleted=true')
      const expected = isRestorable ? gone.id : ''
      deleted.last.require(deleted.ids.join() === expected, isRestorable ? gone.id : 'nothing', deleted.ids.join(', '))
    },
  },
]

/** What this check made, and nothing else of the account. */
function listOf(context: CheckContext): string {
  return `${context.api()}?q=${context.prefix}`
}

async function listAll(
  context: CheckContext,
  query: string,
): Promise<{ readonly ids: string[]; readonly last: Answer }> {
  const ids: string[] = []
  let cursor: unknown
  for (let pages = 0; ; pages++) {
    const after = typeof cursor === 'string' ? `&cursor=${encodeURIComponent(cursor)}` : ''
    const page = (await context.ask('GET', `${listOf(context)}&${query}${after}`)).requireStatus(200)
    ids.push(...idsOf(page))
    cursor = page.json['next_cursor']
    if (cursor === undefined) return { ids, last: page }
    page.require(pages < MAX_PAGES, `an end within ${MAX_PAGES} pages`)
  }
}

function idsOf(page: Answer): string[] {
  const { data } = page.json
  page.require(Array.isArray(data), 'an array `data`')
  return (data as { readonly id: string }[]).map(({ id }) => id)
}
