// The resources of one type.

import { namedPath } from '../identity/named-path.ts'
import type { ResourceType } from '../resource-type.ts'
import type { OperationJson } from '../wire/operation.ts'
import type { Changes, Creation, Filter, ListQuery, Resource } from './app-types.ts'
import { Listing, type Page } from './listing.ts'
import { Links, Tokens } from './tokens.ts'
import { newIdempotencyKey, type Call, type CallOptions, type Transport } from './transport.ts'
import { BiplaneError } from './errors.ts'
import { untilApplied, type WaitOptions } from './wait.ts'

export interface CreateOptions extends WaitOptions {
  /** Makes one resource of all requests that carry it, for a day. Default: a new one for each call. */
  readonly idempotencyKey?: string | undefined
}

export interface ChangeOptions extends WaitOptions {
  /** `etag` of the resource as you know it: refused with `precondition_failed` when it has changed since. */
  readonly ifMatch?: string | undefined
}

/** Everything that both planes hold about one resource, for the operator. */
export interface Inspection<T extends ResourceType> {
  readonly resource: Resource<T>
  readonly row: Readonly<Record<string, unknown>>
  readonly work: readonly Readonly<Record<string, unknown>>[]
  readonly object: Readonly<Record<string, unknown>>
}

/** A row as an archive has it; docs/archive.md says what is in it. */
export interface ArchivedResource {
  readonly id: string
  readonly account: string
  readonly state: 'live' | 'deleted' | 'purged'
  readonly [member: string]: unknown
}

interface ExportedFrom {
  readonly deployment: string
  /** Being created, or imported; or of a type whose identifiers are the platform's own. */
  readonly skipped: readonly string[]
}

export interface ImportedResource {
  readonly id: string
  readonly outcome: 'awaiting' | 'complete' | 'conflict'
  readonly reason?: string
}

/** Of a page over all accounts: control plane objects that did not answer. */
interface Unreachable {
  readonly unreachable?: readonly string[]
}

/** Every method throws {@link BiplaneError} for a refusal. */
export class Resources<T extends ResourceType = ResourceType> {
  readonly #send: Transport
  readonly #path: string
  readonly #baseUrl: string

  /** @param baseUrl of the server, for addresses of content */
  constructor(send: Transport, plural: string, baseUrl: string = '') {
    this.#send = send
    this.#baseUrl = baseUrl.replace(/\/+$/, '')
    this.#path = `/${plural}`
  }

  /** Answers once the object exists; after ten seconds without it, the resource is still `creating` (see `wait`). */
  create(creation: Creation<T> = {}, options: CreateOptions = {}): Promise<Resource<T>> {
    const { idempotencyKey = newIdempotencyKey(), ...rest } = options
    const headers = { 'idempotency-key': idempotencyKey }
    return this.#change({ method: 'POST', path: '', body: creation, headers, repeatable: 'always' }, rest)
  }

  /** Up to 1,000 at once, all of them or none; `client.operations.wait()` follows it. */
  async createMany(
    creations: readonly Creation<T>[],
    options: Omit<CreateOptions, 'wait'> = {},
  ): Promise<OperationJson> {
    const { idempotencyKey = newIdempotencyKey(), signal } = options
    const { body } = await this.#send<OperationJson>({
      method: 'POST',
      path: `${this.#path}/bulk`,
      body: { resources: creations },
      headers: { 'idempotency-key': idempotencyKey },
      repeatable: 'always',
      signal,
    })
    return body
  }

  /** Also a deleted one, with its state. */
  async get(id: string, { signal }: CallOptions = {}): Promise<Resource<T>> {
    return (await this.#send<Resource<T>>({ method: 'GET', path: this.#one(id), repeatable: 'always', signal })).body
  }

  list({ cursor, ...query }: ListQuery = {}, { signal }: CallOptions = {}): Listing<Resource<T>, Unreachable> {
    const read = async (from: string | undefined): Promise<Page<Resource<T>> & Unreachable> => {
      const call = { method: 'GET', path: this.#path, repeatable: 'always', signal } as const
      return (await this.#send<Page<Resource<T>> & Unreachable>({ ...call, query: { ...query, cursor: from } })).body
    }
    return new Listing(read, { cursor })
  }

  async count(query: Filter = {}, { signal }: CallOptions = {}): Promise<number> {
    const call = { method: 'GET', path: `${this.#path}/count`, repeatable: 'always', signal } as const
    return (await this.#send<{ count: number }>({ ...call, query: { ...query } })).body.count
  }

  /** With `ifMatch` it is not sent again when its answer got lost: the first one may have changed the etag. */
  update(id: string, changes: Changes<T>, options: ChangeOptions = {}): Promise<Resource<T>> {
    return this.#change({ method: 'PATCH', path: `/${encode(id)}`, body: changes, ...unlessMatched(options) }, options)
  }

  /** Restorable until `purge_time`, unless `purge` ends that time at once; of a deleted one, too. */
  delete(id: string, options: ChangeOptions & { readonly purge?: boolean | undefined } = {}): Promise<Resource<T>> {
    const query = options.purge === true ? { purge: true } : {}
    const call = { method: 'DELETE', path: `/${encode(id)}`, query, ...unlessMatched(options) } as const
    return this.#change(call, options, { isDeletion: true })
  }

  /** @param options `name`: instead of the one that it had, which may be taken meanwhile */
  restore(id: string, options: ChangeOptions & { readonly name?: string | undefined } = {}): Promise<Resource<T>> {
    const body = { name: options.name }
    // One that is not deleted is answered as it is.
    return this.#change({ method: 'POST', path: `/${encode(id)}/restore`, body, ...unlessMatched(options) }, options)
  }

  /** Gives it to another account; the operator only. */
  transfer(id: string, account: string, options: ChangeOptions = {}): Promise<Resource<T>> {
    const call = { method: 'POST', path: `/${encode(id)}/transfer`, body: { account } } as const
    const { signal } = options
    const asked = { method: 'GET', path: this.#one(id), repeatable: 'always', signal } as const
    // It is the giver's until the other account has taken it, perhaps between two questions; from then on it is that one's alone.
    const get = async (): Promise<Resource<T>> => {
      for (const query of [{ account }, {}]) {
        const answer = await this.#send<Resource<T>>({ ...asked, query }).catch(unlessNotFound)
        if (answer !== undefined) return answer.body
      }
      return (await this.#send<Resource<T>>({ ...asked, query: { account } })).body
    }
    return this.#change({ ...call, ...unlessMatched(options), repeatable: 'refused' }, options, { get })
  }

  /** Moves it to another cell, under the same identifier and address; `client.operations.wait()` follows it. */
  async move(
    id: string,
    { cell }: { readonly cell: string },
    options: Omit<ChangeOptions, keyof WaitOptions> & CallOptions = {},
  ): Promise<OperationJson> {
    const { signal, ...condition } = options
    const call = { method: 'POST', path: `${this.#one(id)}/move`, body: { cell }, signal } as const
    // Asked again, it is the same operation, or refused as being there already.
    return (await this.#send<OperationJson>({ ...call, ...unlessMatched(condition) })).body
  }

  /** Ends the time in which the account's deleted resources of this type can be restored. */
  async purgeDeleted({ signal }: CallOptions = {}): Promise<OperationJson> {
    const call = { method: 'POST', path: `${this.#path}/purge`, body: {}, repeatable: 'refused', signal } as const
    return (await this.#send<OperationJson>(call)).body
  }

  /** What both planes hold; the operator only. */
  async inspect(id: string, { signal }: CallOptions = {}): Promise<Inspection<T>> {
    const call = { method: 'GET', path: `${this.#one(id)}/inspect`, repeatable: 'always', signal } as const
    return (await this.#send<Inspection<T>>(call)).body
  }

  /** Rows for an archive, also of deleted ones; an admin's of his own account. @param query `resource`: one alone */
  exportRows(
    { cursor, ...query }: { readonly resource?: string; readonly limit?: number; readonly cursor?: string } = {},
    { signal }: CallOptions = {},
  ): Listing<ArchivedResource, ExportedFrom> {
    const read = async (from: string | undefined): Promise<Page<ArchivedResource> & ExportedFrom> => {
      const call = { method: 'GET', path: `${this.#path}/export`, repeatable: 'always', signal } as const
      return (await this.#send<Page<ArchivedResource> & ExportedFrom>({ ...call, query: { ...query, cursor: from } }))
        .body
    }
    return new Listing(read, { cursor })
  }

  /** Takes rows over from an archive, 50 at most; what is `awaiting` then is to be sent its content. The operator only. */
  async importRows(
    body: {
      readonly archive: string
      readonly rows: readonly ArchivedResource[]
      readonly dry_run?: boolean | undefined
    },
    { signal }: CallOptions = {},
  ): Promise<readonly ImportedResource[]> {
    const call = { method: 'POST', path: `${this.#path}/import`, body, repeatable: 'always', signal } as const
    return (await this.#send<Page<ImportedResource>>(call)).body.data
  }

  /**
   * Where a resource is that its account calls so, of a type whose resources callers name: computed, nothing is asked. The address is the
   * same before it is created, and `named_url` says it of one that is.
   */
  namedUrl(account: string, name: string): string {
    return this.#baseUrl + namedPath(this.#path.slice(1), account, name)
  }

  /** Tokens for API clients of one resource's content. */
  tokens(id: string): Tokens<Resource<T>> {
    return new Tokens(this.#send, this.#one(id), (below, options) =>
      this.#change({ method: 'DELETE', path: `/${encode(id)}/tokens${below}`, repeatable: 'always' }, options),
    )
  }

  /** Links that share one resource with people. */
  links(id: string): Links {
    return new Links(this.#send, this.#one(id))
  }

  #one(id: string): string {
    return `${this.#path}/${encode(id)}`
  }

  /** @param call its path is below the type's */
  async #change(
    call: Call,
    { wait = false, signal, ...waiting }: WaitOptions,
    {
      isDeletion = false,
      get = (id: string) => this.get(id, { signal }),
    }: { readonly isDeletion?: boolean; readonly get?: (id: string) => Promise<Resource<T>> } = {},
  ): Promise<Resource<T>> {
    const { status, body } = await this.#send<Resource<T>>({ ...call, path: this.#path + call.path, signal })
    if (!wait || status !== 202) return body
    return untilApplied(get, body, { ...waiting, signal, isDeletion })
  }
}

/** @throws what was thrown, unless it is that there is none */
function unlessNotFound(error: unknown): undefined {
  if (!(error instanceof BiplaneError) || error.code !== 'not_found') throw error
}

/** Twice is once, unless a condition is true of the first only. */
function unlessMatched({ ifMatch }: ChangeOptions): Pick<Call, 'headers' | 'repeatable'> {
  return ifMatch === undefined ? { repeatable: 'always' } : { headers: { 'if-match': ifMatch }, repeatable: 'refused' }
}

function encode(id: string): string {
  return encodeURIComponent(id)
}
