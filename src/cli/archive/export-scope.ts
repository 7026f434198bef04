// What an export is of, from what was asked for and from who asks.

import type { Session } from '../../client/index.ts'
import { EngineError } from '../../engine/engine-error.ts'
import { parseResourceId } from '../../identity/resource-id.ts'

export const ACCOUNTS = { name: 'account', plural: 'accounts' } as const

export type ExportedType = Pick<Session['types'][number], 'name' | 'plural'>

/** What is exported: of each account, these types; before it, perhaps accounts themselves. */
export interface Scope {
  /** Rows of accounts: all, one, or none. */
  readonly accountRows: 'all' | readonly string[]
  readonly accounts: readonly string[]
  readonly types: readonly ExportedType[]
  /** One resource alone. */
  readonly id?: string
}

export interface Asked {
  readonly type?: string | undefined
  readonly account?: string | undefined
  /** Of a resource, or of an account, which is then exported with all that it has; '' for neither. */
  readonly id: string
}

/** @throws EngineError for a type that there is not, or for two accounts at once */
export function toScope(session: Session, { type: asked, account: given, id }: Asked): Scope {
  const isOperator = session.role === 'operator'
  const namedType = id === '' ? undefined : parseResourceId(id)?.type
  const isAccount = namedType === ACCOUNTS.name
  if (isAccount && given !== undefined && given !== id)
    throw new EngineError(`${id} and --account ${given} are two accounts`, 'one export is of one', 'Leave one out.', 2)
  const account = isAccount ? id : given
  const name = asked ?? (isAccount ? undefined : namedType)
  const types =
    name === undefined ? session.types : session.types.filter((type) => type.name === name || type.plural === name)
  if (types.length === 0 || (id !== '' && namedType === undefined)) {
    const known = session.types.map((type) => type.name).join(', ')
    throw new EngineError(
      `what is "${id === '' ? String(name) : id}"?`,
      `the server has these types: ${known}`,
      'Check the spelling.',
      2,
    )
  }
  if (id !== '' && !isAccount) return { accountRows: [], accounts: [account ?? session.account], types, id }
  if (isOperator && account === undefined)
    return { accountRows: 'all', accounts: session.own_accounts ?? [session.account], types }
  const only = account ?? session.account
  const isOwn = session.own_accounts?.includes(only) === true
  // Without its row an account's resources cannot be imported elsewhere; only the operator may have it.
  return { accountRows: isOwn || !isOperator ? [] : [only], accounts: [only], types }
}
