// Resources that are deleted by themselves: at a time, or when nobody has written to them for long. The row's timer says when to look;
// whoever looks decides again, since both may have moved.

import type { ControlDeps } from './deps.ts'
import { observeTime } from './meta.ts'
import type { CatalogRow } from './row.ts'

/** A protected resource outlives its end, and is looked at again after this. */
const PROTECTED_PAUSE_MS = 24 * 3_600_000

type Living = Pick<CatalogRow, 'createTimeMs' | 'awakeTimeMs' | 'expireTimeMs' | 'isProtected' | 'usage'>

/** When a resource of that type that is created now ends by itself; null: never. Wall time. */
export function firstExpireTime(
  deps: ControlDeps,
  asked: number | null | undefined,
  createTimeMs: number,
): number | null {
  if (asked !== undefined) return asked
  const { seconds } = deps.type.lifetime
  return seconds === undefined ? null : createTimeMs + seconds * 1000
}

/** Wall time at which it has come to its end, as far as is known now; undefined: never. */
export function endOf(deps: Pick<ControlDeps, 'type'>, row: Living): number | undefined {
  const { idleSeconds } = deps.type.lifetime
  const lastUsed = Math.max(row.createTimeMs, row.awakeTimeMs ?? 0, row.usage?.writeTimeMs ?? 0)
  const idleEnd = idleSeconds === undefined ? undefined : lastUsed + idleSeconds * 1000
  const ends = [row.expireTimeMs ?? undefined, idleEnd].filter((end) => end !== undefined)
  return ends.length === 0 ? undefined : Math.min(...ends)
}

/** Shard time at which to look whether a resource has come to its end; null: never. Part of the caller's transaction. */
export function lifeDueOf(deps: ControlDeps, row: Living): number | null {
  const end = endOf(deps, row)
  if (end === undefined) return null
  const nowMs = deps.now()
  const leftMs = Math.max(end - nowMs, row.isProtected ? PROTECTED_PAUSE_MS : 0)
  return observeTime(deps.sql, nowMs) + leftMs
}

/** Columns of a row that can be written to from now on: for the time before that nobody did says nothing. Part of the caller's transaction. */
export function awaken(deps: ControlDeps, row: Living): Pick<CatalogRow, 'awakeTimeMs' | 'lifeDue'> {
  const awakeTimeMs = deps.now()
  return { awakeTimeMs, lifeDue: lifeDueOf(deps, { ...row, awakeTimeMs }) }
}
