// A resource as the control plane's API shows it. JSON is snake_case outside and camelCase inside; this file is where it turns.

/** Where a resource is in its life, as clients see it. */
export type ResourceState = 'creating' | 'active' | 'read_only' | 'suspended' | 'deleting' | 'deleted'

/** The inside form. Times are milliseconds since 1970. */
export interface ResourceRecord {
  readonly id: string
  readonly type: string
  readonly account: string
  readonly name: string | null
  readonly cell: string
  readonly state: ResourceState
  readonly visibility: string
  readonly allowedOrigins: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, string>>
  readonly createTimeMs: number
  readonly updateTimeMs: number
  readonly deleteTimeMs: number | null
  /** While a deleted resource can still be restored: when its content will be purged. */
  readonly purgeTimeMs?: number
  readonly hosts?: readonly string[]
  readonly usage?: ResourceUsage
  /** The type's own settings; absent = none. */
  readonly settings?: Readonly<Record<string, unknown>>
  readonly deleteProtection?: boolean
  /** When it is deleted by itself. */
  readonly expireTimeMs?: number | null
  /** Tokens of an older one are revoked. */
  readonly generation?: number
  /** Versions of the descriptor: what is wanted, and what the object is known to have. */
  readonly desiredVersion?: number
  readonly appliedVersion?: number
  /** Changes with every change of the row; the ETag of the API. */
  readonly revision: number
}

/** What an object last said about itself. Pushed lazily, so up to a minute old while it is written to. */
export interface ResourceUsage {
  /** Of the object's own database. */
  readonly bytes: number
  /** The last write that the object reported. */
  readonly writeTimeMs: number
  readonly reportTimeMs: number
}

/** The outside form. `url` is where the resource's content is. */
export interface ResourceJson {
  readonly id: string
  readonly type: string
  readonly account: string
  readonly name: string | null
  readonly cell: string
  readonly state: ResourceState
  readonly visibility: string
  readonly allowed_origins: readonly string[]
  readonly url: string
  /** The same by account and name, of types whose resources are named by callers. */
  readonly named_url?: string
  readonly labels: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, string>>
  readonly create_time: string
  readonly update_time: string
  readonly delete_time?: string
  /** Until then a deleted resource can be restored; absent when it cannot. */
  readonly purge_time?: string
  /** Host names of the owner's own. */
  readonly hosts: readonly string[]
  /** The type's own; absent = none. */
  readonly settings?: Readonly<Record<string, unknown>>
  readonly delete_protection: boolean
  /** What a token must carry that somebody else mints; one more each time that all are revoked. */
  readonly token_generation?: number
  /** When it is deleted by itself. */
  readonly expire_time?: string
  /** The descriptor's version that is wanted, and the one that the object is known to have: equal when all is done. */
  readonly desired_version?: number
  readonly applied_version?: number
  /** The same as the ETag header of this resource alone: for `If-Match`. */
  readonly etag: string
  /** Absent until the object first reported it. */
  readonly usage?: { readonly bytes: number; readonly last_write_time: string; readonly report_time: string }
}

/** Where the content is. */
export type ResourceUrls = Pick<ResourceJson, 'url' | 'named_url'>

export function toResourceJson(record: ResourceRecord, { url, named_url }: ResourceUrls): ResourceJson {
  return {
    id: record.id,
    type: record.type,
    account: record.account,
    name: record.name,
    cell: record.cell,
    state: record.state,
    visibility: record.visibility,
    allowed_origins: record.allowedOrigins,
    url,
    ...(named_url === undefined ? {} : { named_url }),
    labels: record.labels,
    metadata: record.metadata,
    create_time: toTime(record.createTimeMs),
    update_time: toTime(record.updateTimeMs),
    ...(record.deleteTimeMs === null ? {} : { delete_time: toTime(record.deleteTimeMs) }),
    ...(record.purgeTimeMs === undefined ? {} : { purge_time: toTime(record.purgeTimeMs) }),
    hosts: record.hosts ?? [],
    ...(Object.keys(record.settings ?? {}).length === 0 ? {} : { settings: record.settings ?? {} }),
    delete_protection: record.deleteProtection ?? false,
    ...(record.generation === undefined ? {} : { token_generation: record.generation }),
    ...(record.expireTimeMs === undefined || record.expireTimeMs === null
      ? {}
      : { expire_time: toTime(record.expireTimeMs) }),
    ...(record.desiredVersion === undefined ? {} : { desired_version: record.desiredVersion }),
    ...(record.appliedVersion === undefined ? {} : { applied_version: record.appliedVersion }),
    etag: toRevisionTag(record),
    ...(record.usage === undefined ? {} : { usage: toUsageJson(record.usage) }),
  }
}

function toUsageJson({ bytes, writeTimeMs, reportTimeMs }: ResourceUsage): NonNullable<ResourceJson['usage']> {
  return { bytes, last_write_time: toTime(writeTimeMs), report_time: toTime(reportTimeMs) }
}

function toTime(ms: number): string {
  return new Date(ms).toISOString()
}

/** Strong ETag of a record's revision. */
export function toRevisionTag(record: ResourceRecord): string {
  return `"${record.revision}"`
}
