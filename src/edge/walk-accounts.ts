// The list over all accounts where the shards are too many to be asked at once, such as one for each account: one account after the other, as the control plane of accounts lists them.

import { formatCursor, parseCursor } from '../identity/cursor.ts'
import { ACCOUNT_TYPE } from '../wire/account.ts'
import { ResourceError } from '../wire/errors.ts'
import type { ListPage } from '../wire/planes.ts'
import type { ResourceRecord } from '../wire/resource.ts'
import type { ResourceType } from '../resource-type.ts'
import { askAll } from './ask-all.ts'
import type { ControlCaller } from './authorize.ts'
import { typesOf, type EdgeContext } from './deployment.ts'
import type { EveryAccountPage } from './list-every-account.ts'
import type { ListQuery } from './schemas.ts'
import { callControlPlane } from './to-control-plane.ts'

/** Accounts looked at for one page. */
const ACCOUNTS_AT_ONCE = 6

/** Positions in the list of accounts and in that of the account's resources; both 0 at the beginning. */
interface Walk {
  /** 0: the deployment's own account, and those that came with imported resources; 1: the others, also deleted ones, which can be restored with all that they own. */
  readonly list: number
  readonly account: number
  readonly after: number
}

const BEGINNING: Walk = { list: 0, account: 0, after: 0 }

/** An account, where the walk stands before it, and where after it. */
interface Stop {
  readonly account: string
  readonly at: Walk
  readonly next: Walk
}

export async function walkAccounts(
  context: EdgeContext,
  type: ResourceType,
  caller: ControlCaller,
  { limit, cursor }: Pick<ListQuery, 'limit' | 'cursor'>,
): Promise<EveryAccountPage> {
  const from = toWalk(cursor)
  const stops = await nextStops(context, caller, from)
  const afterOf = (stop: Stop): number => (stop === stops[0] ? from.after : 0)
  const { answers, unreachable } = await askAll(
    stops.map(({ account }) => account),
    async (account): Promise<readonly [string, ListPage]> => {
      const after = account === stops[0]?.account ? from.after : 0
      return [account, await callControlPlane(context, type, { ...caller, account }, 'list', { after, limit })]
    },
  )
  const pages = new Map(answers)
  const rows: ResourceRecord[] = []
  let position = from
  for (const stop of stops) {
    const page: ListPage = pages.get(stop.account) ?? { data: [] }
    const taken = page.data.slice(0, limit - rows.length)
    rows.push(...taken)
    const isWhole = taken.length === page.data.length
    // A short page may have looked further than its last row.
    const after = isWhole ? page.next : (taken.at(-1)?.createTimeMs ?? afterOf(stop))
    if (after !== undefined) {
      position = { ...stop.at, after }
      break
    }
    position = stop.next
  }
  return { rows, ...(stops.length === 0 ? {} : { cursor: formatCursor({ ...position }) }), unreachable }
}

/** The walk's next accounts, beginning with the one that it stands at. */
async function nextStops(context: EdgeContext, caller: ControlCaller, { list, account }: Walk): Promise<Stop[]> {
  const { defaultAccount, formerAccounts } = context
  const accountType = typesOf(context).find(({ name }) => name === ACCOUNT_TYPE)
  if (accountType === undefined)
    throw new ResourceError(
      'invalid_request',
      'There are too many shards to ask all of them, and this application keeps its accounts by itself: there is no list of them to go through.',
    )
  if (list === 0) {
    const own = [defaultAccount, ...formerAccounts]
    return own.slice(account, account + ACCOUNTS_AT_ONCE).map((each, index) => {
      const number = account + index
      const isLast = number + 1 >= own.length
      const next = isLast ? { list: 1, account: 0, after: 0 } : { list: 0, account: number + 1, after: 0 }
      return { account: each, at: { list: 0, account: number, after: 0 }, next }
    })
  }
  const read = (deleted: boolean): Promise<ListPage> => {
    const args = { after: account, limit: ACCOUNTS_AT_ONCE, deleted }
    return callControlPlane(context, accountType, { ...caller, account: defaultAccount }, 'list', args)
  }
  // In one order: an account that is deleted or restored during the walk keeps its place in it. One after the other, so that one that is
  // deleted in between is not in neither.
  const both = [...(await read(false)).data, ...(await read(true)).data]
  const data = [...new Map(both.map((record) => [record.createTimeMs, record])).values()]
    .toSorted((a, b) => a.createTimeMs - b.createTimeMs)
    .slice(0, ACCOUNTS_AT_ONCE)
  return data.map(({ id, createTimeMs }, index) => ({
    account: id,
    at: { list, account: data[index - 1]?.createTimeMs ?? account, after: 0 },
    next: { list, account: createTimeMs, after: 0 },
  }))
}

function toWalk(cursor: string | undefined): Walk {
  if (cursor === undefined) return BEGINNING
  const { list, account, after, ...more } = parseCursor(cursor) ?? {}
  const isWhole = account !== undefined && after !== undefined && Object.keys(more).length === 0
  if ((list !== 0 && list !== 1) || !isWhole)
    throw new ResourceError('invalid_request', 'This cursor is not one that a list over all accounts returned.')
  return { list, account, after }
}
