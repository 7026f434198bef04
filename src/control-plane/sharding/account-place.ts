// Where each account is, as far as this shard knows. The only module that writes the columns of `account` that say so; what else is in a
// row (hold, limits) belongs to others, and survives every move.

/**
 * - `here`: whatever the policy says
 * - `leaving`: frozen while it is copied to `peer`: reads are served, changes are not
 * - `arriving`: its copy from `peer` is not complete
 * - `sealed`: it is complete: reads are served, changes are not yet
 * - `gone`: to `peer`, for good
 */
export type Place = 'here' | 'leaving' | 'arriving' | 'sealed' | 'gone'

export interface AccountPlace {
  readonly place: Place
  /** Of the policy by which it came or goes. */
  readonly epoch: number
  readonly peer: string | null
}

/** undefined: nobody ever moved it, and the policy decides. */
export function readPlace(sql: SqlStorage, account: string): AccountPlace | undefined {
  return sql
    .exec<{ place: Place; epoch: number; peer: string | null }>(
      'SELECT place, place_epoch AS epoch, peer FROM account WHERE account = ?',
      account,
    )
    .toArray()[0]
}

export function writePlace(sql: SqlStorage, account: string, { place, epoch, peer }: AccountPlace): void {
  sql.exec(
    `INSERT INTO account (account, place, place_epoch, peer, hold, hold_version, limits, is_over)
     VALUES (?, ?, ?, ?, 'active', 0, '{}', 0)
     ON CONFLICT (account) DO UPDATE SET place = excluded.place, place_epoch = excluded.place_epoch, peer = excluded.peer`,
    account,
    place,
    epoch,
    peer,
  )
}

/** An account that nobody has is here from now on, unless it has come meanwhile. */
export function claimPlace(sql: SqlStorage, account: string, epoch: number): void {
  if (readPlace(sql, account) === undefined) writePlace(sql, account, { place: 'here', epoch, peer: null })
}

/** Tables in which an account leaves a trace when it does anything; of resources, `quota`. */
const TRACES = ['quota', 'account', 'idempotency', 'operation', 'audit', 'event', 'usage_day']
/** A compound SELECT has five terms at most. */
const NEXT_TRACE = TRACES.map((table) => `(SELECT min(account) FROM ${table} WHERE account > ?1)`).join(', ')

/** The next account of this shard in the order of their bytes: a step in each table's index. @param after '' = from the beginning */
export function nextAccount(sql: SqlStorage, after: string): string | undefined {
  const { account } = sql
    .exec<{ account: string | null }>(`SELECT min(value) AS account FROM json_each(json_array(${NEXT_TRACE}))`, after)
    .one()
  return account ?? undefined
}
