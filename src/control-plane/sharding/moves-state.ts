// How far this shard has come with giving away accounts that belong elsewhere: one pass over all of them, in the order of their bytes.

import { readMeta, writeMeta } from '../meta.ts'
import { readPlace } from './account-place.ts'

export interface MovesState {
  /** Of the policy that it is about. */
  readonly epoch: number
  /** Every account up to this one is where it belongs; undefined once that is true of all. */
  readonly passed?: string
  /** Accounts that were here and did not belong when the pass began: an estimate, new ones come. */
  readonly expected: number
  readonly done: number
}

export function readMoves(sql: SqlStorage): MovesState | undefined {
  const text = readMeta(sql, 'moves')
  return text === undefined ? undefined : (JSON.parse(text) as MovesState)
}

export function writeMoves(sql: SqlStorage, state: MovesState): void {
  writeMeta(sql, 'moves', JSON.stringify(state))
}

/** `done` equals `total` when the pass is over, and never before. */
export function toProgress({ passed, expected, done }: MovesState): { readonly total: number; readonly done: number } {
  return { total: passed === undefined ? done : Math.max(expected, done + 1), done }
}

/** Whether an account that belongs elsewhere cannot come to be here any more. */
export function hasPassed(sql: SqlStorage, epoch: number, account: string): boolean {
  const row = readPlace(sql, account)
  if (row !== undefined) return row.place === 'gone'
  const moves = readMoves(sql)
  if (moves === undefined || moves.epoch !== epoch) return false
  if (moves.passed === undefined) return true
  // In the order of the pass, which is the database's, not that of JavaScript's strings.
  return sql.exec<{ passed: number }>('SELECT ? <= ? AS passed', account, moves.passed).one().passed === 1
}
