// Accounts as the edge asks for them: the account's own object, computed from its identifier, tells what its keys and it may do.

import { WHOLE_DEPLOYMENT } from '../identity/shard.ts'
import { requireIssued, toDataObject } from './to-data-plane.ts'
import { withDeadline } from '../object/deadline.ts'
import type { ResourceType } from '../resource-type.ts'
import type { AccountFace, AccountMethod, AccountMethods, AccountSettings, CallerLimits } from '../wire/account.ts'
import { ResourceError, type ErrorData } from '../wire/errors.ts'
import type { Caller } from '../wire/planes.ts'
import type { EdgeContext } from './deployment.ts'

/** It answers from its own storage, in milliseconds; an engine may hang a call for 40 s. */
const DEADLINE_MS = 5_000

/** One call, as another cell sends it. */
export interface AccountCall<M extends AccountMethod = AccountMethod> {
  readonly account: string
  readonly method: M
  readonly args: AccountMethods[M]['args']
  readonly requestId: string
}

type AccountOutcome<M extends AccountMethod> = Awaited<ReturnType<AccountFace['account']>> &
  (
    | { readonly ok: true; readonly value: AccountMethods[M]['value'] }
    | { readonly ok: false; readonly error: ErrorData }
  )

/**
 * One call to an account's object, in whatever cell it is.
 *
 * @throws ResourceError what the object refused; `not_found` for an account that was never made, or a deployment that has none
 */
export async function callAccount<M extends AccountMethod>(
  context: EdgeContext,
  account: string,
  method: M,
  args: AccountMethods[M]['args'],
): Promise<AccountMethods[M]['value']> {
  const { accountType, peers } = context
  if (accountType === undefined)
    throw new ResourceError('not_found', 'This application signs people in by itself: it has no accounts of ours.')
  const { cell } = await requireIssued(context, accountType, account)
  const call: AccountCall<M> = { account, method, args, requestId: crypto.randomUUID() }
  const answer = peers.isHere(cell)
    ? callAccountHere(context, call)
    : peers.call(cell, 'account', call).then((response) => response.json<AccountOutcome<M>>())
  const outcome = await withDeadline(answer, DEADLINE_MS, 'The account')
  if (!outcome.ok) throw new ResourceError(outcome.error.code, outcome.error.message, outcome.error)
  return outcome.value
}

/** @throws ResourceError `not_found` */
export async function callAccountHere<M extends AccountMethod>(
  context: EdgeContext,
  { account, method, args }: AccountCall<M>,
): Promise<AccountOutcome<M>> {
  const { accountType } = context
  if (accountType === undefined) throw new ResourceError('not_found', 'There are no accounts here.')
  const id = await requireIssued(context, accountType, account)
  return (toDataObject(context, accountType, id) as unknown as AccountFace).account(method, args) as Promise<
    AccountOutcome<M>
  >
}

/** Whether an account is the deployment's own, or was that of one whose resources were imported: it is no resource, and has no limits. */
export function isOwnAccount(
  { defaultAccount, formerAccounts }: Pick<EdgeContext, 'defaultAccount' | 'formerAccounts'>,
  account: string,
): boolean {
  return account === defaultAccount || formerAccounts.includes(account)
}

/** @throws ResourceError `invalid_request` for what is no account of this deployment, nor of its builder's */
export async function requireAccount(context: EdgeContext, account: string): Promise<void> {
  const { accountType } = context
  // What belonged to these would be nobody's, and nobody could take it back.
  if (account === WHOLE_DEPLOYMENT || account === '') throw noAccount(account)
  if (accountType === undefined || isOwnAccount(context, account)) return
  await requireIssued(context, accountType, account).catch(() => {
    throw noAccount(account)
  })
}

function noAccount(account: string): ResourceError {
  return new ResourceError('invalid_request', `"${account}" is no account: GET /v1/accounts lists them.`, {
    details: { parameter: 'account' },
  })
}

/** @throws ResourceError `invalid_request` for what is told of one account alone: of all of them it would be said that they have nothing */
export function requireOneAccount({ account }: Pick<Caller, 'account'>): void {
  if (account !== WHOLE_DEPLOYMENT) return
  throw new ResourceError('invalid_request', 'Name one account: this is not told of all of them together.', {
    details: { parameter: 'account' },
  })
}

/** What an account may have of a type. The deployment's own account, and a builder's, have no limits here. */
export async function limitsOf(context: EdgeContext, account: string, type: ResourceType): Promise<CallerLimits> {
  if (context.accountType === undefined || isOwnAccount(context, account)) return {}
  const { settings } = await callAccount(context, account, 'describe', {})
  return limitsIn(settings, type)
}

export function limitsIn({ limits = {} }: AccountSettings, type: Pick<ResourceType, 'name'>): CallerLimits {
  return limits[type.name] ?? {}
}
