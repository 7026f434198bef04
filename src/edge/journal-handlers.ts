// The audit log and the feed of events of an account, over all types.

import { formatCursor } from '../identity/cursor.ts'
import { WHOLE_DEPLOYMENT } from '../identity/shard.ts'
import { toAuditJson, toEventJson } from '../wire/journal.ts'
import type { AuditRecord, EventRecord } from '../wire/journal.ts'
import { ACCOUNT_TYPE } from '../wire/account.ts'
import { callAccount, isOwnAccount } from './act-for.ts'
import { typesOf } from './deployment.ts'
import { readSources, type Source } from './merge.ts'
import { requireCursor } from './operation-handlers.ts'
import type { ControlRequest } from './route.ts'
import type { PageQuery } from './schemas.ts'
import { callControlPlane } from './to-control-plane.ts'

/** Keys are the account object's own; no resource type can have this name, which has no digit or letter first. */
const KEYS_SOURCE = '-keys'

export async function listAudit(control: ControlRequest): Promise<Response> {
  const { context, caller } = control
  const { limit, cursor } = control.query as PageQuery
  const { rows, positions } = await readSources<AuditRecord>({
    sources: [...sourcesOf(control, 'audit', limit), ...keySources(control, limit)],
    from: cursor === undefined ? {} : requireCursor(cursor),
    limit,
    order: byTime,
  })
  const data = rows.map(({ row, source }) =>
    toAuditJson(source === KEYS_SOURCE ? ACCOUNT_TYPE : source, caller.account, row),
  )
  return Response.json({ data, ...(positions === undefined ? {} : { next_cursor: formatCursor(positions) }) })

  function keySources({ caller: { account } }: ControlRequest, most: number): Source<AuditRecord>[] {
    // Neither the deployment's own account nor all of them together have keys, nor an object.
    const isOne = !isOwnAccount(context, account) && account !== WHOLE_DEPLOYMENT
    if (context.accountType === undefined || !isOne) return []
    const read = async (after: number): ReturnType<Source<AuditRecord>['read']> => {
      const page = await callAccount(context, account, 'audit', { after, limit: most })
      const placed = page.data.map((row) => ({ row: { ...row, outcome: 'ok' as const }, position: row.seq }))
      return { rows: placed, isEnd: page.next === undefined }
    }
    return [{ name: KEYS_SOURCE, read }]
  }
}

/** A feed: it has no end, and its cursor is always where to ask for what is new. */
export async function listEvents(control: ControlRequest): Promise<Response> {
  const { limit, cursor } = control.query as PageQuery
  const { rows, resume } = await readSources<EventRecord>({
    sources: sourcesOf(control, 'events', limit),
    from: cursor === undefined ? {} : requireCursor(cursor),
    limit,
    order: byTime,
  })
  const data = rows.map(({ row, source }) => toEventJson(source, control.caller.account, row))
  return Response.json({ data, next_cursor: formatCursor(resume) })
}

function byTime(a: { readonly timeMs: number }, b: { readonly timeMs: number }): number {
  return a.timeMs - b.timeMs
}

function sourcesOf<M extends 'audit' | 'events'>(
  { context, caller }: ControlRequest,
  method: M,
  limit: number,
): Source<M extends 'audit' ? AuditRecord : EventRecord>[] {
  return typesOf(context).map((type) => ({
    name: type.name,
    async read(after) {
      const page = await callControlPlane(context, type, caller, method, { after, limit })
      const rows = (page.data as readonly (M extends 'audit' ? AuditRecord : EventRecord)[]).map((row) => ({
        row,
        position: row.seq,
      }))
      return { rows, isEnd: page.next === undefined }
    },
  }))
}
