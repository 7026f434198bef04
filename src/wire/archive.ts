// A resource as an archive has it: all of its catalog row that means something in another deployment. What does not, is not there: numbers of
// the shard, due times on its clock, work, idempotency records. The form outside is part of the archive's format (docs/archive.md).

import type { ObjectPlace } from '../identity/cell.ts'
import type { Descriptor, RevokedToken, Visibility } from './descriptor.ts'
import type { Changed, ContentDigest } from './planes.ts'
import type { ResourceUsage } from './resource.ts'

/**
 * `live`: it has content, whatever its mode. `deleted`: the same, and can be restored. `purged`: only its identifier is left, which must not
 * be given away again.
 */
export type ArchivedState = 'live' | 'deleted' | 'purged'

/** The inside form. Times are milliseconds since 1970. */
export interface ArchivedRow {
  readonly id: string
  readonly account: string
  readonly name: string | null
  readonly state: ArchivedState
  /** What its owner wants. */
  readonly mode: 'active' | 'read_only' | 'suspended'
  readonly visibility: Visibility
  /** Tokens of an older one are revoked; so are the single ones. */
  readonly generation: number
  readonly revoked: readonly RevokedToken[]
  readonly allowedOrigins: readonly string[]
  readonly hosts: readonly string[]
  readonly settings: Readonly<Record<string, unknown>>
  readonly labels: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, string>>
  readonly isProtected: boolean
  readonly createTimeMs: number
  readonly updateTimeMs: number
  readonly deleteTimeMs: number | null
  /** Of a deleted one: for how much longer it can be restored. */
  readonly retentionLeftMs: number | null
  readonly expireTimeMs: number | null
  /** Of the shard and of the descriptor there: whoever takes it over goes on above them. */
  readonly incarnation: number
  readonly version: number
  readonly revision: number
  readonly usage?: ResourceUsage
}

/** `awaiting`: recorded, and its content is to be sent. `complete`: nothing is missing. `conflict`: not taken, and nothing was changed. */
export interface ImportedRow {
  readonly id: string
  readonly outcome: 'awaiting' | 'complete' | 'conflict'
  readonly reason?: string
}

/** Methods of a control plane object. */
export interface ArchiveMethods {
  /** In the order of creation, also what is not listed. */
  exportRows: {
    readonly args: { readonly after: number; readonly limit: number; readonly id?: string }
    readonly value: {
      readonly data: readonly ArchivedRow[]
      /** Being created, or imported; or of a type whose identifiers are the platform's own, which no other deployment has. */
      readonly skipped: readonly string[]
      /** Position after the last row; absent at the end. */
      readonly next?: number
      /** Of one alone: where its object is, if it was moved. */
      readonly at?: ObjectPlace
    }
  }
  /** By the operator. The rows were validated; each is decided by itself. Idempotent by (archive, identifier). */
  importRows: {
    readonly args: {
      /** Digest of the whole archive. */
      readonly archive: string
      readonly rows: readonly ArchivedRow[]
      /** Only says what is in the way. */
      readonly dryRun?: boolean
    }
    readonly value: { readonly data: readonly ImportedRow[] }
  }
  /** Begins to fill an imported row's object. @throws `already_exists` for one that is not this archive's, `deleted` when it was given up */
  openImport: {
    readonly args: { readonly id: string; readonly archive: string }
    /** Absent: it is complete. `descriptor`: for the object, while it is filled. */
    readonly value: { readonly descriptor?: Descriptor }
  }
  /** The object has the content: it becomes what the archive says. @throws `not_ready` when another attempt has begun since */
  closeImport: {
    readonly args: {
      readonly id: string
      /** With the version it names the attempt. An edge of the release before does not say it. */
      readonly incarnation?: number
      readonly version: number
      readonly content: ContentDigest
    }
    readonly value: Changed
  }
}

/** Names the state of a row: equal for what was read twice and not changed in between. What its object reports does not count. */
export function markOf(row: Pick<ArchivedRow, 'incarnation' | 'version' | 'revision'>): string {
  return `${row.incarnation}.${row.version}.${row.revision}`
}

/** With content: {@link markOf} the row as it was just before the content was read. */
export const ROW_MARK_HEADER = 'Biplane-Row'

/** The outside form. */
export function toArchivedJson(row: ArchivedRow): Readonly<Record<string, unknown>> {
  const { usage, retentionLeftMs } = row
  return {
    id: row.id,
    account: row.account,
    name: row.name,
    state: row.state,
    mode: row.mode,
    visibility: row.visibility,
    token_generation: row.generation,
    revoked_tokens: row.revoked.map(({ tokenId, expiresAtMs }) => ({ id: tokenId, expire_time: toTime(expiresAtMs) })),
    allowed_origins: row.allowedOrigins,
    hosts: row.hosts,
    settings: row.settings,
    labels: row.labels,
    metadata: row.metadata,
    delete_protection: row.isProtected,
    create_time: toTime(row.createTimeMs),
    update_time: toTime(row.updateTimeMs),
    ...(row.deleteTimeMs === null ? {} : { delete_time: toTime(row.deleteTimeMs) }),
    ...(retentionLeftMs === null ? {} : { retention_left_ms: retentionLeftMs }),
    ...(row.expireTimeMs === null ? {} : { expire_time: toTime(row.expireTimeMs) }),
    incarnation: row.incarnation,
    version: row.version,
    revision: row.revision,
    ...(usage === undefined
      ? {}
      : {
          usage: {
            bytes: usage.bytes,
            last_write_time: toTime(usage.writeTimeMs),
            report_time: toTime(usage.reportTimeMs),
          },
        }),
  }
}

function toTime(ms: number): string {
  return new Date(ms).toISOString()
}
