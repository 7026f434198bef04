// Lists and counts of one type's resources.

import { formatCursor, parseCursor } from '../identity/cursor.ts'
import { WHOLE_DEPLOYMENT } from '../identity/shard.ts'
import { ResourceError } from '../wire/errors.ts'
import type { ListFilter } from '../wire/planes.ts'
import { toResourceJson } from '../wire/resource.ts'
import { requireOneAccount } from './act-for.ts'
import { urlsOf } from './handlers.ts'
import { listEveryAccount } from './list-every-account.ts'
import type { Handler } from './route.ts'
import type { FilterQuery, ListQuery } from './schemas.ts'
import { callControlPlane } from './to-control-plane.ts'

export const listResources: Handler = async (control) => {
  const { limit, cursor, order, deleted, ...filter } = control.query as ListQuery
  if (new URL(control.request.url).searchParams.get('account') === WHOLE_DEPLOYMENT)
    return listEveryAccount(control, control.query as ListQuery)
  const page = await callControlPlane(control.context, control.type, control.caller, 'list', {
    after: cursor === undefined ? 0 : positionOf(cursor, order),
    limit,
    order,
    deleted,
    ...toFilter(filter),
  })
  const data = page.data.map((record) => toResourceJson(record, urlsOf(control, record)))
  const next = page.next === undefined ? {} : { next_cursor: formatCursor({ [POSITION_KEYS[order]]: page.next }) }
  return Response.json({ data, ...next })
}

/** A shard scans a bounded number of rows per call; this many calls count two million. */
const MAX_COUNT_CALLS = 100

export const countResources: Handler = async (control) => {
  const { deleted, ...filter } = control.query as FilterQuery
  requireOneAccount(control.caller)
  let count = 0
  let after: number | undefined = 0
  for (let calls = 0; after !== undefined; calls++) {
    if (calls === MAX_COUNT_CALLS)
      throw new ResourceError('invalid_request', 'This filter has too much to look at: narrow it by time of creation.')
    const args = { after, deleted, ...toFilter(filter) }
    const part: { count: number; next?: number } = await callControlPlane(
      control.context,
      control.type,
      control.caller,
      'count',
      args,
    )
    count += part.count
    after = part.next
  }
  return Response.json({ count })
}

/** Of the root object's position in a cursor. A position means another half of the list in the other direction: it has another key. */
const POSITION_KEYS = { ascending: '', descending: '-' } as const

function positionOf(cursor: string, order: ListQuery['order']): number {
  const position = parseCursor(cursor)?.[POSITION_KEYS[order]]
  if (position === undefined)
    throw new ResourceError('invalid_request', 'This cursor is not one that a list in this order returned.')
  return position
}

function toFilter(query: Omit<FilterQuery, 'deleted'>): ListFilter {
  const { q, state, cell, label, name_prefix, created_from, created_before } = query
  return {
    ...(q === undefined ? {} : { search: q }),
    ...(state === undefined ? {} : { state }),
    ...(cell === undefined ? {} : { cell }),
    ...(label === undefined ? {} : { label: { key: label[0], value: label[1] } }),
    ...(name_prefix === undefined ? {} : { namePrefix: name_prefix }),
    ...(created_from === undefined ? {} : { createdFromMs: created_from }),
    ...(created_before === undefined ? {} : { createdBeforeMs: created_before }),
  }
}
