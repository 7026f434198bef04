// Who may do what on the control plane: the least role for each action. A builder's `authorize` may only take away from it.

import type { Caller } from '../wire/planes.ts'

export type ControlAction =
  | 'list'
  | 'get'
  | 'get_session'
  | 'get_capabilities'
  | 'get_account'
  | 'get_usage'
  | 'list_events'
  | 'list_operations'
  | 'get_operation'
  | 'create'
  | 'update'
  | 'delete'
  | 'restore'
  | 'mint_token'
  | 'revoke_tokens'
  | 'cancel_operation'
  | 'list_audit'
  | 'list_keys'
  | 'create_key'
  | 'revoke_key'
  | 'inspect'
  | 'transfer'
  | 'move'
  | 'create_account'
  | 'list_accounts'
  | 'update_account'
  | 'delete_account'
  | 'restore_account'
  | 'get_policy'
  | 'reshard'
  | 'reconcile'
  | 'export'
  | 'export_accounts'
  | 'import'

/** From little to much; each may do what the ones before it may. */
const ROLES: readonly Caller['role'][] = ['read', 'member', 'admin', 'operator']

const LEAST_ROLE: Readonly<Record<ControlAction, Caller['role']>> = {
  list: 'read',
  get: 'read',
  get_session: 'read',
  get_capabilities: 'read',
  get_account: 'read',
  get_usage: 'read',
  list_events: 'read',
  list_operations: 'read',
  get_operation: 'read',
  create: 'member',
  update: 'member',
  delete: 'member',
  restore: 'member',
  mint_token: 'member',
  revoke_tokens: 'member',
  cancel_operation: 'member',
  list_audit: 'admin',
  list_keys: 'admin',
  create_key: 'admin',
  revoke_key: 'admin',
  move: 'admin',
  inspect: 'operator',
  transfer: 'operator',
  create_account: 'operator',
  list_accounts: 'operator',
  update_account: 'operator',
  delete_account: 'operator',
  restore_account: 'operator',
  get_policy: 'operator',
  reshard: 'operator',
  reconcile: 'operator',
  export: 'admin',
  export_accounts: 'operator',
  import: 'operator',
}

export function includesRole(role: Caller['role'], action: ControlAction): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(LEAST_ROLE[action])
}

/** For documentation. */
export function leastRole(action: ControlAction): Caller['role'] {
  return LEAST_ROLE[action]
}
