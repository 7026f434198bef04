// An account as a whole in this shard: what it may have, and whether all of its resources are held back. The only module that writes
// the hold's columns of the table `account`; where the account is (place) is written by the modules that move it.

import type { CallerLimits } from '../../wire/account.ts'
import { ResourceError } from '../../wire/errors.ts'
import type { AccountHold, Caller } from '../../wire/planes.ts'
import type { ControlDeps } from '../deps.ts'
import { countOf } from './quota.ts'
import type { OwnMode } from '../row.ts'
import { putWork, soonest } from '../work.ts'

export interface AccountState {
  readonly hold: AccountHold['mode']
  /** 0: nobody has ever told. */
  readonly holdVersion: number
  readonly limits: CallerLimits
  /** Over its limit of bytes. */
  readonly isOver: boolean
}

const UNTOLD: AccountState = { hold: 'active', holdVersion: 0, limits: {}, isOver: false }

export function readAccount(sql: SqlStorage, account: string): AccountState {
  const row = sql
    .exec<{ hold: string; hold_version: number; limits: string; is_over: number }>(
      'SELECT hold, hold_version, limits, is_over FROM account WHERE account = ?',
      account,
    )
    .toArray()[0]
  if (row === undefined) return UNTOLD
  return {
    hold: row.hold as AccountState['hold'],
    holdVersion: row.hold_version,
    limits: JSON.parse(row.limits) as CallerLimits,
    isOver: row.is_over === 1,
  }
}

function writeAccount(sql: SqlStorage, account: string, { hold, holdVersion, limits, isOver }: AccountState): void {
  sql.exec(
    `INSERT INTO account (account, place, place_epoch, peer, hold, hold_version, limits, is_over) VALUES (?, 'here', 0, NULL, ?, ?, ?, ?)
     ON CONFLICT (account) DO UPDATE SET hold = excluded.hold, hold_version = excluded.hold_version, limits = excluded.limits,
     is_over = excluded.is_over`,
    account,
    hold,
    holdVersion,
    JSON.stringify(limits),
    isOver ? 1 : 0,
  )
}

/** From open to closed. */
const MODES: readonly OwnMode[] = ['active', 'read_only', 'suspended']

/** The mode that a resource's descriptor must have: the strictest of its owner's wish, its account's hold and its account's quota. */
export function effectiveMode(own: OwnMode, { hold, isOver }: Pick<AccountState, 'hold' | 'isOver'>): OwnMode {
  const held = hold === 'deleted' ? 'suspended' : hold
  const over: OwnMode = isOver ? 'read_only' : 'active'
  return ([held, over] as const).reduce<OwnMode>((a, b) => (MODES.indexOf(b) > MODES.indexOf(a) ? b : a), own)
}

/** Bytes that one resource may have. @param typeBytes the type's own limit */
export function resourceBytes(typeBytes: number, { resourceBytes: own }: CallerLimits): number {
  return own === undefined ? typeBytes : Math.min(typeBytes, own)
}

/** @throws ResourceError for an account that may not get new resources, whoever asks */
export function requireOpen(sql: SqlStorage, account: string, { hold, isOver, limits }: AccountState): void {
  if (hold === 'deleted') throw new ResourceError('deleted', 'This account was deleted.')
  if (hold === 'suspended')
    throw new ResourceError('suspended', 'This account is suspended: its operator can resume it.')
  if (hold === 'read_only') throw new ResourceError('permission_denied', 'This account is read-only at the moment.')
  if (!isOver) return
  const used = countOf(sql, account, 'bytes')
  throw new ResourceError('quota_exceeded', 'This account is over its limit of bytes: delete and purge something.', {
    details: { limit: limits.bytes ?? 0, used },
  })
}

/**
 * An account's own call says what it may have. Once it was told by the control plane of accounts, only that counts. In a transaction of its
 * own: what is learned stays, also when the call is then refused because of it.
 */
export async function learnLimits(deps: ControlDeps, { account, role, limits }: Caller): Promise<void> {
  const isNews = ({ holdVersion, limits: known }: AccountState): boolean =>
    holdVersion === 0 && JSON.stringify(known) !== JSON.stringify(limits)
  if (role === 'operator' || !isNews(readAccount(deps.sql, account))) return
  await deps.transact((sql) => {
    const known = readAccount(sql, account)
    if (!isNews(known)) return
    writeAccount(sql, account, { ...known, limits })
    checkBytes(deps, account)
  })
}

/** Takes over what the control plane of accounts says, unless something newer is known. Part of the caller's transaction. */
export function takeHold(deps: ControlDeps, account: string, { version, mode, limits }: AccountHold): void {
  const known = readAccount(deps.sql, account)
  // The end of an account has the version of its deletion.
  const isNews = version > known.holdVersion || (version === known.holdVersion && mode === 'deleted')
  if (!isNews || (known.hold === 'deleted' && mode === 'deleted')) return
  writeAccount(deps.sql, account, { ...known, hold: mode, holdVersion: version, limits })
  scheduleHold(deps, account)
  checkBytes(deps, account)
}

/** Looks whether the account's bytes are within its limit, and has its resources follow when that has changed. */
export function checkBytes(deps: ControlDeps, account: string): void {
  const known = readAccount(deps.sql, account)
  const limit = known.limits.bytes
  const isOver = limit !== undefined && countOf(deps.sql, account, 'bytes') > limit
  if (isOver === known.isOver) return
  writeAccount(deps.sql, account, { ...known, isOver })
  scheduleHold(deps, account)
  deps.journal.event(account, isOver ? 'limit_reached' : 'limit_cleared', null, {
    limit: limit ?? null,
    used: countOf(deps.sql, account, 'bytes'),
  })
}

/** From the beginning: an item that is under way begins again. */
function scheduleHold(deps: ControlDeps, account: string): void {
  putWork(deps.sql, { key: holdKey(account), kind: 'hold', due: soonest(deps.now()), attempt: 0, cursor: null })
  deps.arm()
}

export function holdKey(account: string): string {
  return `hold:${account}`
}
