// A catalog row: its shape, how it is stored, and what it looks like from outside.

import type { Descriptor, Mode } from '../wire/descriptor.ts'
import type { ErrorData } from '../wire/errors.ts'
import type { RowMove, RowPlace } from './moving/row-place.ts'
import type { ResourceRecord, ResourceState, ResourceUsage } from '../wire/resource.ts'

export type Phase = 'creating' | 'live' | 'purging' | 'purged'
export type OwnMode = Exclude<Mode, 'deleted'>

/** A row with its JSON columns parsed. */
export interface CatalogRow {
  readonly id: string
  readonly account: string
  readonly name: string | null
  readonly nameKey: string | null
  readonly cell: string
  readonly phase: Phase
  readonly isListed: boolean
  readonly incarnation: number
  readonly desiredVersion: number
  readonly appliedVersion: number
  readonly descriptor: Descriptor
  readonly params: unknown
  readonly failure: ErrorData | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, string>>
  readonly revision: number
  readonly createTimeMs: number
  readonly updateTimeMs: number
  readonly deleteTimeMs: number | null
  /** Shard time at which the row's next step is due by itself: giving up, purging, forgetting. */
  readonly clockDue: number | null
  /** Wall time, for people, at which a deleted resource will be purged; null when it cannot be restored. */
  readonly purgeTimeMs: number | null
  /** What its owner wants it to be, and what restoring brings back; the descriptor has the stricter of this and its account's. */
  readonly ownMode: OwnMode
  readonly isProtected: boolean
  /** Wall time, for people, at which it is deleted by itself. */
  readonly expireTimeMs: number | null
  /** Shard time at which a live row is looked at, and perhaps deleted by itself. */
  readonly lifeDue: number | null
  /** Wall time at which it was last restored, or made active: nobody could write to it before, and it was not idle. */
  readonly awakeTimeMs: number | null
  /** The operation that it is part of. */
  readonly operation: string | null
  /** Digest of the archive that it was imported from. */
  readonly archive: string | null
  /** While its object is yet to be filled from there: what it becomes then (JSON, see archive/content.ts). Nothing else is done with it. */
  readonly awaiting: string | null
  /** Where its object is, if it was ever moved; `cell` says the same for lists. */
  readonly place?: RowPlace | undefined
  readonly moving?: RowMove | undefined
  /** Written by reports alone: never part of an update. */
  readonly usage?: ResourceUsage
}

export type Stored = Record<string, string | number | null>

export function toRecord(row: CatalogRow): ResourceRecord {
  return {
    id: row.id,
    type: row.descriptor.type,
    account: row.account,
    name: row.name,
    cell: row.cell,
    state: stateOf(row),
    visibility: row.descriptor.visibility,
    allowedOrigins: row.descriptor.allowedOrigins,
    labels: row.labels,
    metadata: row.metadata,
    createTimeMs: row.createTimeMs,
    updateTimeMs: row.updateTimeMs,
    deleteTimeMs: row.deleteTimeMs,
    ...(row.purgeTimeMs === null ? {} : { purgeTimeMs: row.purgeTimeMs }),
    hosts: row.descriptor.hosts ?? [],
    settings: row.descriptor.settings,
    deleteProtection: row.isProtected,
    expireTimeMs: row.expireTimeMs,
    // What a purged object reported is true no more.
    ...(row.usage === undefined || row.phase === 'purged' ? {} : { usage: row.usage }),
    generation: row.descriptor.generation,
    desiredVersion: row.desiredVersion,
    appliedVersion: row.appliedVersion,
    revision: row.revision,
  }
}

/** Deleted and not yet purged: restoring brings it back as it was. */
export function isRestorable(row: Pick<CatalogRow, 'purgeTimeMs'>): boolean {
  return row.purgeTimeMs !== null
}

/** Why an import was never filled, in its `failure`: what is given up for another reason has another code. */
export const GIVEN_UP_IMPORT: ErrorData = { code: 'deleted', message: 'It was deleted before its content had come.' }

/** Of what an archive has as purged. */
export const PURGED_IMPORT: ErrorData = { code: 'not_found', message: 'It was purged where the archive comes from.' }

type Imported = Pick<CatalogRow, 'archive' | 'failure'>

/** All that it ever was is a place for what an archive was to bring: nobody was served by it, and its identifier is free. */
export function isGivenUpImport({ archive, failure }: Imported): boolean {
  return archive !== null && failure?.code === GIVEN_UP_IMPORT.code
}

/** It was purged before it came here, and is one that was purged here, too. Of the release before, nothing says so. */
export function isPurgedImport({ archive, failure }: Imported): boolean {
  return archive !== null && failure?.code === PURGED_IMPORT.code
}

/** Its object never was told of it: whatever that holds may be another account's, whose shard counts by itself. */
export function isNeverFilled(row: Imported): boolean {
  return isGivenUpImport(row) || isPurgedImport(row)
}

/** A deleted resource is `deleting` until its object refuses everything. */
export function stateOf(row: CatalogRow): ResourceState {
  if (row.descriptor.mode === 'deleted') {
    const isKnown = row.phase === 'purging' || row.phase === 'purged' || row.appliedVersion >= row.desiredVersion
    return isKnown ? 'deleted' : 'deleting'
  }
  return row.phase === 'creating' ? 'creating' : row.descriptor.mode
}

/** All but those of the usage. */
export const COLUMNS = [
  'id',
  'account',
  'name',
  'name_key',
  'cell',
  'phase',
  'listed',
  'incarnation',
  'desired_version',
  'applied_version',
  'descriptor',
  'params',
  'failure',
  'labels',
  'metadata',
  'revision',
  'create_time',
  'update_time',
  'delete_time',
  'clock_due',
  'purge_time',
  'own_mode',
  'protected',
  'expire_time',
  'life_due',
  'awake_time',
  'operation',
  'archive',
  'awaiting',
  'place',
  'moving',
] as const

/** In the order of COLUMNS. */
export function toValues(row: CatalogRow): (string | number | null)[] {
  return [
    row.id,
    row.account,
    row.name,
    row.nameKey,
    row.cell,
    row.phase,
    row.isListed ? 1 : 0,
    row.incarnation,
    row.desiredVersion,
    row.appliedVersion,
    JSON.stringify(row.descriptor),
    row.params === undefined ? null : JSON.stringify(row.params),
    row.failure === undefined ? null : JSON.stringify(row.failure),
    JSON.stringify(row.labels),
    JSON.stringify(row.metadata),
    row.revision,
    row.createTimeMs,
    row.updateTimeMs,
    row.deleteTimeMs,
    row.clockDue,
    row.purgeTimeMs,
    row.ownMode,
    row.isProtected ? 1 : 0,
    row.expireTimeMs,
    row.lifeDue,
    row.awakeTimeMs,
    row.operation,
    row.archive,
    row.awaiting,
    row.place === undefined ? null : JSON.stringify(row.place),
    row.moving === undefined ? null : JSON.stringify(row.moving),
  ]
}

export function toRow(stored: Stored): CatalogRow {
  // Of a shard of the release before, absent.
  const json = (column: string): unknown => {
    const text = stored[column] ?? null
    return text === null ? undefined : JSON.parse(String(text))
  }
  return {
    id: String(stored['id']),
    account: String(stored['account']),
    name: stored['name'] as string | null,
    nameKey: stored['name_key'] as string | null,
    cell: String(stored['cell']),
    phase: stored['phase'] as Phase,
    isListed: stored['listed'] === 1,
    incarnation: Number(stored['incarnation']),
    desiredVersion: Number(stored['desired_version']),
    appliedVersion: Number(stored['applied_version']),
    descriptor: json('descriptor') as Descriptor,
    params: json('params'),
    failure: json('failure') as ErrorData | undefined,
    labels: json('labels') as Record<string, string>,
    metadata: json('metadata') as Record<string, string>,
    revision: Number(stored['revision']),
    createTimeMs: Number(stored['create_time']),
    updateTimeMs: Number(stored['update_time']),
    deleteTimeMs: stored['delete_time'] as number | null,
    clockDue: stored['clock_due'] as number | null,
    purgeTimeMs: stored['purge_time'] as number | null,
    ownMode: stored['own_mode'] as OwnMode,
    isProtected: stored['protected'] === 1,
    expireTimeMs: stored['expire_time'] as number | null,
    lifeDue: stored['life_due'] as number | null,
    // Of a shard of the release before, absent.
    awakeTimeMs: (stored['awake_time'] ?? null) as number | null,
    operation: stored['operation'] as string | null,
    archive: (stored['archive'] ?? null) as string | null,
    awaiting: (stored['awaiting'] ?? null) as string | null,
    place: json('place') as RowPlace | undefined,
    moving: json('moving') as RowMove | undefined,
    ...toUsage(stored),
  }
}

function toUsage(stored: Stored): { usage?: ResourceUsage } {
  if (stored['usage_report_time'] === null) return {}
  const [bytes = 0, writeTimeMs = 0, reportTimeMs = 0] = ['bytes', 'write_time', 'report_time'].map((column) =>
    Number(stored[`usage_${column}`]),
  )
  return { usage: { bytes, writeTimeMs, reportTimeMs } }
}
