// The ledger app with a side door to the face of accounts, which has no path: `POST /account-face` with {account, method, args}.

import { dataObjectName } from '../../../src/identity/object-name.ts'
import type { AccountFace, AccountMethod } from '../../../src/wire/account.ts'
import app from './ledger.ts'

interface Call {
  readonly account: string
  readonly method: AccountMethod
  readonly args: never
}

const fetch: typeof app.fetch = async (request, env, ctx) => {
  if (new URL(request.url).pathname !== '/account-face') return app.fetch(request, env, ctx)
  const { account, method, args } = await request.json<Call>()
  const { ACCOUNT_DATA: namespace } = env as { readonly ACCOUNT_DATA: DurableObjectNamespace }
  const object = namespace.getByName(dataObjectName(account)) as unknown as AccountFace
  return Response.json(await object.account(method, args))
}

export default { ...app, fetch }
