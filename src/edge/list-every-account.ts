// The operator's list of one type's resources over all accounts. Its position is one for all shards (an account, and a time of creation in
// it), so that an account may move from one to another between two pages and is still listed once.

import { formatCursor, parseCursor } from '../identity/cursor.ts'
import { controlObjectName } from '../identity/object-name.ts'
import { WHOLE_DEPLOYMENT, shardsOf } from '../identity/shard.ts'
import { MAX_CALLS } from '../object/few-at-once.ts'
import { ResourceError } from '../wire/errors.ts'
import type { ListPage } from '../wire/planes.ts'
import { toResourceJson, type ResourceRecord } from '../wire/resource.ts'
import { askAll } from './ask-all.ts'
import { urlsOf } from './handlers.ts'
import { mergeShards, type ListPosition, type ShardPage } from './merge-shards.ts'
import type { ResourceRequest } from './route.ts'
import type { ListQuery } from './schemas.ts'
import { callControlPlane, callShard } from './to-control-plane.ts'
import { walkAccounts } from './walk-accounts.ts'

/** A page over all accounts, however they are spread. */
export interface EveryAccountPage {
  readonly rows: readonly ResourceRecord[]
  /** Absent at the end. */
  readonly cursor?: string
  /** Control plane objects that did not answer, or accounts whose own did not. */
  readonly unreachable: readonly string[]
}

/** @throws ResourceError `permission_denied`, `invalid_request`; the first failure, when no shard at all answers */
export async function listEveryAccount(control: ResourceRequest, query: ListQuery): Promise<Response> {
  requirePlain(control, query)
  const { rows, cursor, unreachable } = await readPage(control, query)
  return Response.json({
    data: rows.map((record) => toResourceJson(record, urlsOf(control, record))),
    ...(cursor === undefined ? {} : { next_cursor: cursor }),
    ...(unreachable.length === 0 ? {} : { unreachable }),
  })
}

async function readPage({ context, type, caller }: ResourceRequest, query: ListQuery): Promise<EveryAccountPage> {
  const { limit, cursor } = query
  const asRoot = { ...caller, account: WHOLE_DEPLOYMENT }
  const { policy, previous } = await callControlPlane(context, type, asRoot, 'policy', { proposal: type.shards })
  const cells = Object.keys(context.cells)
  const shards: (string | undefined)[] = []
  for (const one of previous === undefined ? [policy] : [policy, previous]) {
    const named = shardsOf(one, cells)
    if (named === undefined) return walkAccounts(context, type, caller, query)
    shards.push(...named)
  }
  const objects = [...new Set(shards.map((shard) => controlObjectName(type.name, shard)))]
  if (objects.length > MAX_CALLS) return walkAccounts(context, type, caller, query)
  const from = cursor === undefined ? BEGINNING : requirePosition(cursor)
  const args = { after: from.after, limit, everyAccount: { from: from.account } }
  const { answers, unreachable } = await askAll(objects, (object) =>
    callShard(context, type, object, asRoot, 'list', args),
  )
  const { rows, next } = mergeShards(answers.map(toShardPage), limit)
  return { rows, ...(next === undefined ? {} : { cursor: formatPosition(next) }), unreachable }
}

/** Filters and the other order are of one account's lists. @throws ResourceError */
function requirePlain({ caller, request }: ResourceRequest, { order, deleted }: ListQuery): void {
  if (caller.role !== 'operator')
    throw new ResourceError('permission_denied', 'Only the operator lists the resources of every account.')
  const other = [...new URL(request.url).searchParams.keys()].find((name) => !KNOWN.has(name))
  if (other === undefined && order === 'ascending' && !deleted) return
  throw new ResourceError(
    'invalid_request',
    'The list over all accounts has one order and no filters: name an account.',
  )
}

const KNOWN: ReadonlySet<string> = new Set(['account', 'limit', 'cursor', 'order', 'deleted'])

const BEGINNING: ListPosition = { account: '', after: 0 }
/** Of an account in the cursor: no key of another list begins like that. */
const ACCOUNT_PREFIX = '@'

function formatPosition({ account, after }: ListPosition): string {
  return formatCursor({ [`${ACCOUNT_PREFIX}${account}`]: after })
}

function requirePosition(cursor: string): ListPosition {
  const [position, ...more] = Object.entries(parseCursor(cursor) ?? {})
  const [key, after] = position ?? ['', 0]
  if (!key.startsWith(ACCOUNT_PREFIX) || more.length > 0)
    throw new ResourceError('invalid_request', 'This cursor is not one that a list over all accounts returned.')
  return { account: key.slice(ACCOUNT_PREFIX.length), after }
}

function toShardPage({ data, next, nextAccount }: ListPage): ShardPage<ResourceRecord> {
  return next === undefined || nextAccount === undefined
    ? { rows: data }
    : { rows: data, next: { account: nextAccount, after: next } }
}
