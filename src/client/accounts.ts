// Accounts, which are resources like others to the API, and their API keys.

import type { ZodType } from 'zod'
import type { ResourceType } from '../resource-type.ts'
import type { KeyRole } from '../wire/account.ts'
import type { Resource } from './app-types.ts'
import type { Page } from './listing.ts'
import type { Resources } from './resources.ts'
import type { CallOptions, Transport } from './transport.ts'

/** What one account may have of one resource type; absent = no limit. */
export interface AccountLimits {
  readonly resources?: number | undefined
  /** Of all its resources together: beyond it they become read-only. */
  readonly bytes?: number | undefined
  readonly resource_bytes?: number | undefined
  readonly creates_per_minute?: number | undefined
}

export interface AccountSettings {
  /** By resource type. */
  readonly limits?: Readonly<Record<string, AccountLimits>> | undefined
  /** Control plane requests. */
  readonly requests_per_second?: number | undefined
  /** Of its new resources; default: as their type says, or near whoever creates them. */
  readonly cell?: string | undefined
}

/** The built-in type of accounts, as the client sees it. */
export type AccountType = ResourceType<'account', 'accounts', never, ZodType<AccountSettings, AccountSettings>>
export type Account = Resource<AccountType>

/** A change of `mode` or limits, and a deletion, reach all of the account's resources: an operation of its own. The operator only. */
export type Accounts = Pick<
  Resources<AccountType>,
  'create' | 'get' | 'list' | 'update' | 'delete' | 'restore' | 'inspect'
>

export interface ApiKey {
  /** The beginning of its secret: enough to recognise it, and to revoke it. */
  readonly id: string
  readonly name: string | null
  readonly role: KeyRole
  readonly create_time: string
  readonly expire_time?: string
  /** Within a minute; absent until the first use. */
  readonly last_used_time?: string
}

/** Shown once: the server keeps a hash of it. */
export interface NewApiKey extends ApiKey {
  readonly key: string
}

export interface KeyRequest {
  readonly name?: string | undefined
  /** `read` looks, `member` also creates, changes and deletes (the default), `admin` also manages keys. */
  readonly role?: KeyRole | undefined
  /** Seconds. Default: it does not end by itself. */
  readonly expires_in?: number | undefined
}

/** API keys of one account, for its admins and the operator. */
export class Keys {
  readonly #send: Transport
  readonly #path: string

  constructor(send: Transport, account: string) {
    this.#send = send
    this.#path = `/accounts/${encodeURIComponent(account)}/keys`
  }

  async create(request: KeyRequest = {}, { signal }: CallOptions = {}): Promise<NewApiKey> {
    const call = { method: 'POST', path: this.#path, body: request, repeatable: 'refused', signal } as const
    return (await this.#send<NewApiKey>(call)).body
  }

  async list({ signal }: CallOptions = {}): Promise<readonly ApiKey[]> {
    const call = { method: 'GET', path: this.#path, repeatable: 'always', signal } as const
    return (await this.#send<Page<ApiKey>>(call)).body.data
  }

  /** At once. @param keyId its `id` */
  async revoke(keyId: string, { signal }: CallOptions = {}): Promise<ApiKey> {
    const path = `${this.#path}/${encodeURIComponent(keyId)}`
    return (await this.#send<ApiKey>({ method: 'DELETE', path, repeatable: 'always', signal })).body
  }
}
