// Making descriptors: the first of a resource, and the next version of one. Every lifecycle change is "the next version", written
// together with the work item that brings it to the object.

import type { Descriptor } from '../wire/descriptor.ts'
import { updateRow } from './catalog.ts'
import type { ControlDeps } from './deps.ts'
import { whileMoving } from './moving/row-place.ts'
import type { CatalogRow } from './row.ts'
import { putWork } from './work.ts'

/** First versions count from 1: version 0 is "the object never answered". */
export const FIRST_VERSION = 1
export const FIRST_GENERATION = 1

export function firstDescriptor(
  deps: ControlDeps,
  of: Pick<
    Descriptor,
    'id' | 'account' | 'incarnation' | 'generation' | 'mode' | 'visibility' | 'limits' | 'allowedOrigins' | 'settings'
  >,
): Descriptor {
  return {
    ...of,
    type: deps.type.name,
    shard: deps.objectName,
    version: FIRST_VERSION,
  }
}

/**
 * Writes the next version of a row's descriptor and the work item that pushes it. Synchronous: part of the caller's transaction.
 *
 * @param atLeast a version that the object is known to hold already; the new one is above it
 * @param columns further columns of the row to change with it
 * @returns the row as it is now
 */
export function bumpDescriptor(
  deps: ControlDeps,
  row: CatalogRow,
  changes: Partial<Omit<Descriptor, 'id' | 'type' | 'account' | 'shard' | 'incarnation' | 'version'>>,
  columns: Partial<CatalogRow> = {},
  atLeast = 0,
): CatalogRow {
  const version = Math.max(row.desiredVersion, atLeast) + 1
  const changed = { ...row, ...columns }
  const descriptor = { ...row.descriptor, ...changes, shard: deps.objectName, incarnation: row.incarnation, version }
  const next: CatalogRow = {
    ...changed,
    desiredVersion: version,
    descriptor: whileMoving(descriptor, changed.moving),
    revision: row.revision + 1,
    updateTimeMs: deps.now(),
  }
  updateRow(deps.sql, next)
  scheduleWork(deps, next.id, 'apply')
  return next
}

/**
 * Puts the work item under which the alarm will look at a resource, should the call that is about to be made not come back.
 *
 * @param delayMs 0 when nobody makes a call: the alarm does all of it
 */
export function scheduleWork(
  deps: ControlDeps,
  id: string,
  kind: 'apply' | 'purge' | 'place',
  delayMs: number = deps.timers.reconcileBaseMs,
): void {
  const due = deps.now() + delayMs
  putWork(deps.sql, { key: id, kind, due, attempt: 0, cursor: null })
  deps.arm()
}
