// Accounts and their API keys. An account is a resource of the deployment's own account, so creating, changing and deleting it are what
// they are for every resource; its keys are its own object's.

import { KEY_ID, hashApiKey, mintApiKey } from '../identity/api-key.ts'
import { toKeyJson, type AccountMethod, type AccountMethods } from '../wire/account.ts'
import { ResourceError } from '../wire/errors.ts'
import type { KeyBody } from './account-schemas.ts'
import { callAccount, isOwnAccount } from './act-for.ts'
import { getResource, idOf } from './handlers.ts'
import type { Handler, ResourceRequest } from './route.ts'

/** As the owner of every account. Only the operator's routes, and what {@link own} has let through, may ask so. */
export function asOwner(handle: Handler): Handler {
  return (control) =>
    handle({ ...control, caller: { ...control.caller, account: control.context.defaultAccount, limits: {} } })
}

/** One's own account, or, for the operator, any. @throws ResourceError `not_found`, as for an account that never was */
function own(handle: Handler): Handler {
  return async (control) => {
    const { caller } = control
    if (caller.role !== 'operator' && caller.account !== idOf(control))
      throw new ResourceError('not_found', 'There is no such resource.')
    return handle(control)
  }
}

export const getAccount: Handler = own(asOwner(getResource))

/** The key's text is in this answer and nowhere else, ever. */
export const createKey: Handler = own(async (control) => {
  const { name = null, role, expires_in: seconds } = control.body as KeyBody
  const key = await mintApiKey(control.context.keyring, idOf(control))
  const record = await ask(control, 'createKey', {
    keyId: key.keyId,
    hash: await hashApiKey(key),
    name,
    role,
    expireTimeMs: seconds === undefined ? null : Date.now() + seconds * 1000,
    ...signatureOf(control),
  })
  return Response.json({ ...toKeyJson(record), key: key.text }, { status: 201, headers: NO_STORE })
})

export const listKeys: Handler = own(async (control) => {
  const keys = await ask(control, 'listKeys', {})
  return Response.json({ data: keys.map(toKeyJson) })
})

export const revokeKey: Handler = own(async (control) => {
  const keyId = control.params['key'] ?? ''
  if (!KEY_ID.test(keyId)) throw new ResourceError('not_found', 'This account has no such key.')
  return Response.json(toKeyJson(await ask(control, 'revokeKey', { keyId, ...signatureOf(control) })))
})

async function ask<M extends AccountMethod>(
  control: ResourceRequest,
  method: M,
  args: AccountMethods[M]['args'],
): Promise<AccountMethods[M]['value']> {
  const account = idOf(control)
  if (isOwnAccount(control.context, account)) {
    throw new ResourceError(
      'invalid_request',
      "This is the deployment's own account, which has the operator key and no others: create an account for them.",
    )
  }
  return callAccount(control.context, account, method, args)
}

/** For the log of the account. */
function signatureOf({ caller }: ResourceRequest): { readonly actor: string; readonly requestId: string } {
  return { actor: caller.actor ?? caller.role, requestId: caller.requestId }
}

const NO_STORE = { 'cache-control': 'no-store' }
