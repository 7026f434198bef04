// In which cell a new resource's object will live: the request says so, or its account, or its type, or where the user is.

import { nameHomeOf } from '../identity/caller-name.ts'
import { toAccountSettings } from '../wire/account.ts'
import { callAccount, isOwnAccount } from './act-for.ts'
import { cellsFor, requireKnownCell } from './capabilities.ts'
import type { EdgeContext } from './deployment.ts'
import { nearestCell, type RequestPlace } from './near.ts'
import type { ResourceRequest } from './route.ts'

/**
 * The cell of creations that name none: of the account, of the type, the one nearest to the user where the engine tells his place, or this
 * process's own. What is reached by its name is where the name leads, whatever anybody says.
 *
 * @throws ResourceError `invalid_request` for a cell that the deployment does not have, naming who asks for it
 */
export async function defaultCell(control: ResourceRequest): Promise<string> {
  const { context, type, caller, request } = control
  if (type.naming === 'caller') return (await nameHomeOf(context.keyring, caller.account, context.rootCell)).cell
  const ofAccount = await cellOfAccount(control)
  if (ofAccount !== undefined) return requireKnownCell(context, ofAccount, 'the account')
  if (type.cell !== undefined) return requireKnownCell(context, type.cell, `the type ${type.name}`)
  const { cell } = context.config
  return nearestCell(cellsFor(context, type), cell, request.cf as RequestPlace | undefined) ?? cell
}

/** @param settings of an account. @throws ResourceError `invalid_request` now, and not at each of its creations */
export function requireAccountCell(context: EdgeContext, settings: Readonly<Record<string, unknown>> = {}): void {
  const { cell } = toAccountSettings(settings)
  if (cell !== undefined) requireKnownCell(context, cell)
}

/** It comes with a key; for the operator who acts for an account it is asked for, by one call to the account's object. */
async function cellOfAccount({ context, caller, accountCell, type }: ResourceRequest): Promise<string | undefined> {
  const { accountType } = context
  const isActedFor = caller.role === 'operator' && !isOwnAccount(context, caller.account)
  if (!isActedFor || accountType === undefined || type === accountType) return accountCell
  return (await callAccount(context, caller.account, 'describe', {})).settings.cell
}
