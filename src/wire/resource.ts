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
  /** Changes with every change of the row; the ETag of the API. */
  readonly revision: number
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
  readonly labels: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, string>>
  readonly create_time: string
  readonly update_time: string
  readonly delete_time?: string
}

export function toResourceJson(record: ResourceRecord, url: string): ResourceJson {
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
    labels: record.labels,
    metadata: record.metadata,
    create_time: new Date(record.createTimeMs).toISOString(),
    update_time: new Date(record.updateTimeMs).toISOString(),
    ...(record.deleteTimeMs === null ? {} : { delete_time: new Date(record.deleteTimeMs).toISOString() }),
  }
}

/** Strong ETag of a record's revision. */
export function toRevisionTag(record: ResourceRecord): string {
  return `"${record.revision}"`
}
