// An account as the edge and the control plane know it. It is a resource of the type `account`: its object holds its API keys, and its
// descriptor's mode and settings say whether they work and what they allow.

import type { ErrorData } from './errors.ts'
import type { Mode } from './descriptor.ts'

/** The built-in type of accounts, and its path segment. */
export const ACCOUNT_TYPE = 'account'
export const ACCOUNT_PLURAL = 'accounts'

/** What one account may have of one resource type; undefined = no limit. */
export interface CallerLimits {
  /** Resources that are not deleted; as many deleted ones may be kept beside them. */
  readonly resources?: number
  /** Bytes of all its resources together, as they last reported: beyond it they become read-only. */
  readonly bytes?: number
  /** Bytes of each resource; enforced inside the object. Only ever less than the type's own limit. */
  readonly resourceBytes?: number
  readonly createsPerMinute?: number
}

/** `settings` of an account's descriptor. */
export interface AccountSettings {
  /** Type name -> limits. */
  readonly limits?: Readonly<Record<string, CallerLimits>>
  /** Control plane requests per second that the edge lets through; default: {@link DEFAULT_REQUESTS_PER_SECOND}. */
  readonly requestsPerSecond?: number
  /** Cell of its new resources; default: as their type says, or near the user. */
  readonly cell?: string
}

/** Far above what a person or a deployment script needs, and a fraction of what one shard serves. */
export const DEFAULT_REQUESTS_PER_SECOND = 50
/** Beyond what one shard serves a limit would be none. */
export const MAX_REQUESTS_PER_SECOND = 100_000

/** The same as the API shows it, and as descriptors hold it. */
export interface AccountSettingsJson {
  readonly limits?:
    | Readonly<
        Record<
          string,
          {
            readonly resources?: number | undefined
            readonly bytes?: number | undefined
            readonly resource_bytes?: number | undefined
            readonly creates_per_minute?: number | undefined
          }
        >
      >
    | undefined
  readonly requests_per_second?: number | undefined
  readonly cell?: string | undefined
}

/** @param settings of an account's descriptor, which passed the type's schema */
export function toAccountSettings(settings: Readonly<Record<string, unknown>>): AccountSettings {
  const { limits, requests_per_second: requestsPerSecond, cell } = settings as AccountSettingsJson
  return {
    ...(limits === undefined
      ? {}
      : { limits: Object.fromEntries(Object.entries(limits).map(([type, json]) => [type, toCallerLimits(json)])) }),
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
    ...(cell === undefined ? {} : { cell }),
  }
}

function toCallerLimits(json: NonNullable<AccountSettingsJson['limits']>[string]): CallerLimits {
  const { resources, bytes, resource_bytes: resourceBytes, creates_per_minute: createsPerMinute } = json
  return {
    ...(resources === undefined ? {} : { resources }),
    ...(bytes === undefined ? {} : { bytes }),
    ...(resourceBytes === undefined ? {} : { resourceBytes }),
    ...(createsPerMinute === undefined ? {} : { createsPerMinute }),
  }
}

/**
 * What a key may do: `read` looks, `member` also creates, changes and deletes, `admin` also manages the account's keys and reads its
 * audit log.
 */
export type KeyRole = 'admin' | 'member' | 'read'
export const KEY_ROLES: readonly KeyRole[] = ['read', 'member', 'admin']

/** A key as it is shown after its creation: never its secret. Times are milliseconds since 1970. */
export interface KeyRecord {
  /** The first characters of the secret: enough to recognise a key, far from enough to guess it. */
  readonly id: string
  readonly name: string | null
  readonly role: KeyRole
  readonly createTimeMs: number
  readonly expireTimeMs: number | null
  /** Within a minute; null until the first use. */
  readonly lastUsedTimeMs: number | null
}

/** The same as the API shows it. */
export interface KeyJson {
  readonly id: string
  readonly name: string | null
  readonly role: KeyRole
  readonly create_time: string
  readonly expire_time?: string
  readonly last_used_time?: string
}

export function toKeyJson({ id, name, role, createTimeMs, expireTimeMs, lastUsedTimeMs }: KeyRecord): KeyJson {
  return {
    id,
    name,
    role,
    create_time: new Date(createTimeMs).toISOString(),
    ...(expireTimeMs === null ? {} : { expire_time: new Date(expireTimeMs).toISOString() }),
    ...(lastUsedTimeMs === null ? {} : { last_used_time: new Date(lastUsedTimeMs).toISOString() }),
  }
}

/** What presenting a good key says. */
export interface KeyGrant {
  readonly role: KeyRole
  readonly settings: AccountSettings
}

/** One line of the account object's own part of the audit log: what happened to keys. */
export interface KeyAudit {
  readonly seq: number
  readonly timeMs: number
  readonly actor: string
  readonly action: 'create_key' | 'revoke_key'
  readonly resource: string
  readonly requestId: string
}

/** Arguments and values of the account object's methods, as the edge calls them. */
export interface AccountMethods {
  /** @throws `unauthenticated` for a key that is unknown, revoked or expired; `suspended`, `deleted` by the account's mode */
  authenticate: { readonly args: { readonly keyId: string; readonly hash: string }; readonly value: KeyGrant }
  /** Mode and settings of the account, for the operator who acts for it. */
  describe: {
    readonly args: Record<string, never>
    readonly value: { readonly mode: Mode; readonly settings: AccountSettings }
  }
  createKey: {
    readonly args: {
      readonly keyId: string
      readonly hash: string
      readonly name: string | null
      readonly role: KeyRole
      readonly expireTimeMs: number | null
      readonly actor: string
      readonly requestId: string
    }
    readonly value: KeyRecord
  }
  listKeys: { readonly args: Record<string, never>; readonly value: readonly KeyRecord[] }
  /** @throws `not_found` */
  revokeKey: {
    readonly args: { readonly keyId: string; readonly actor: string; readonly requestId: string }
    readonly value: KeyRecord
  }
  audit: {
    readonly args: { readonly after: number; readonly limit: number }
    readonly value: { readonly data: readonly KeyAudit[]; readonly next?: number }
  }
}

export type AccountMethod = keyof AccountMethods

/** The account object's face towards the edge: RPC only, never a path. A refusal is an answer. */
export interface AccountFace {
  account<M extends AccountMethod>(
    method: M,
    args: AccountMethods[M]['args'],
  ): Promise<
    | { readonly ok: true; readonly value: AccountMethods[M]['value'] }
    | { readonly ok: false; readonly error: ErrorData }
  >
}
