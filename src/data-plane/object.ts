// The base class of every data plane object: one resource, its content in its own SQLite. A thin shell: lifecycle.ts decides,
// storage.ts, timers.ts and sockets.ts do; a type adds `onRequest` and what it needs of the other hooks.

import { DurableObject } from 'cloudflare:workers'
import type { Permission } from '../identity/token.ts'
import { fault } from '../object/fault.ts'
import { GroupCommit } from '../object/group-commit.ts'
import type { TypeRoute } from '../resource-type.ts'
import type { Descriptor, Held } from '../wire/descriptor.ts'
import { ResourceError, toProblemResponse } from '../wire/errors.ts'
import type { ApplyOutcome, DataMethod, DataMethods, ForgetOutcome, Outcome, PurgeOutcome } from '../wire/planes.ts'
import { PRINCIPAL_HEADER, parsePrincipal, type Principal } from '../wire/principal.ts'
import { dumpTables, loadTables } from './dump.ts'
import { decideApply, decideForget, decidePurge, refusalOf } from './lifecycle.ts'
import { answerPreflight, isPreflight, neededPermission, pathOf, withResourceHeaders } from './request.ts'
import { closeAllSockets, isUpgrade, refuseSocket } from '../object/sockets.ts'
import { limitedTransaction, migrate, readLifecycle, useCode, writeLifecycle, type Migration } from './storage.ts'
import { Timers } from './timers.ts'

/** What a type learns about one request beside the request itself. */
export interface RequestContext {
  /** Path below the resource, beginning with '/', still percent-encoded. */
  readonly path: string
  /** Who is asking; `permission` is undefined for an anonymous reader of a public resource. */
  readonly principal: Principal
  readonly descriptor: Descriptor
}

/**
 * A Durable Object that holds one resource. `M` is the type of the in-memory state, one field that a purge resets.
 *
 * Reads use {@link sql} at once. Every change goes through {@link write}, which groups concurrent writers into one commit, asks the
 * gate again after waiting, and enforces the byte limit.
 */
export abstract class ResourceObject<M = unknown, Env = unknown> extends DurableObject<Env> {
  /** Schema steps of the type, oldest first; run lazily, each once per object. */
  protected readonly migrations: readonly Migration[] = []
  /** Which permission a request needs, by method and path; see `TypeRoute`. */
  protected readonly routes: readonly TypeRoute[] = []
  /** Everything that the type keeps in memory. Undefined after a wake-up and after a purge. */
  protected memory: M | undefined

  #held: Held | undefined
  #commits = new GroupCommit()
  #timers: Timers | undefined

  /** Serves one request that passed the gate. A thrown ResourceError becomes its answer; see {@link onRefusal}. */
  protected abstract onRequest(request: Request, context: RequestContext): Response | Promise<Response>

  /** Fills a new object, synchronously and in the transaction of its first descriptor. `params` passed the type's schema. */
  protected onCreate(_params: unknown): void {}

  /** A timer that {@link timers} had set is due. At least once; a throw is retried later. */
  protected async onTimer(_name: string): Promise<void> {}

  /** A newer descriptor was stored (not called for the first). */
  protected onDescriptor(_previous: Descriptor, _current: Descriptor): void {}

  /** The answer to a refusal, for types whose protocol has errors of its own. */
  protected onRefusal(error: ResourceError, principal: Principal, _request: Request): Response {
    return toProblemResponse(error, principal.requestId)
  }

  /** The whole content as a portable stream; the type's tables unless overridden. */
  protected dump(): ReadableStream<Uint8Array> {
    return dumpTables(this.sql)
  }

  /** Replaces the content by what {@link dump} made, in one transaction at the end of the stream. */
  protected async load(stream: ReadableStream<Uint8Array>): Promise<void> {
    const apply = await loadTables(stream)
    await this.write(() => {
      apply(this.sql)
      this.memory = undefined
    })
  }

  /** The object's database. @throws ResourceError `deleted` or `not_found` when there is no live resource to read */
  protected get sql(): SqlStorage {
    this.#requireDescriptor()
    return this.ctx.storage.sql
  }

  protected get descriptor(): Descriptor {
    return this.#requireDescriptor()
  }

  protected get timers(): Timers {
    return (this.#timers ??= new Timers(this.ctx.storage))
  }

  /**
   * Waits for the next turn, then runs `change` in a transaction together with every other writer of that turn: check, then write,
   * synchronously, inside `change`.
   *
   * @throws ResourceError when the resource may no longer be written, `storage_full` beyond its byte limit; then nothing was changed
   */
  protected async write<T>(change: (sql: SqlStorage) => T): Promise<T> {
    await this.#commits.turn()
    const { mode, limits } = this.#requireDescriptor()
    if (mode === 'deleted') throw new ResourceError('deleted', 'This resource was deleted.')
    if (mode !== 'active')
      throw new ResourceError(mode === 'suspended' ? 'suspended' : 'permission_denied', `This resource is ${mode} now.`)
    return limitedTransaction(this.ctx.storage, limits.bytes, () => change(this.ctx.storage.sql))
  }

  override async fetch(request: Request): Promise<Response> {
    const principal = parsePrincipal(request.headers.get(PRINCIPAL_HEADER))
    const path = pathOf(request.url)
    if (isPreflight(request)) return answerPreflight(request, this.#ready())
    const needed: Permission = neededPermission(this.routes, request.method, path)
    const refusal = refusalOf(this.#ready(), principal, needed)
    if (refusal !== undefined) return this.#refuse(refusal, request, principal)
    try {
      const descriptor = this.#requireDescriptor()
      return withResourceHeaders(
        await this.onRequest(request, { path, principal, descriptor }),
        request,
        principal,
        descriptor,
      )
    } catch (error) {
      if (error instanceof ResourceError) return this.#refuse(error, request, principal)
      throw error
    }
  }

  #refuse(error: ResourceError, request: Request, principal: Principal): Response {
    if (isUpgrade(request)) return refuseSocket(error)
    const descriptor = this.#held?.kind === 'descriptor' ? this.#held.descriptor : undefined
    return withResourceHeaders(this.onRefusal(error, principal, request), request, principal, descriptor)
  }

  override async alarm(): Promise<void> {
    const held = this.#ready()
    if (held.kind === 'descriptor') await this.timers.run(Date.now(), (name) => this.onTimer(name))
  }

  // --- lifecycle face: RPC from the data plane entrypoint only -------------------------------------------------------------------

  /** The four methods below as one face whose refusals are answers: what a type throws in `onCreate` reaches the caller whole. */
  async lifecycle<T extends DataMethod>(
    method: T,
    args: DataMethods[T]['args'],
  ): Promise<Outcome<DataMethods[T]['value']>> {
    const methods: { readonly [K in DataMethod]: (args: DataMethods[K]['args']) => Promise<DataMethods[K]['value']> } =
      {
        apply: (given) => this.apply(given),
        purge: (given) => this.purge(given),
        forget: (given) => this.forget(given),
        describe: () => this.describe(),
      }
    try {
      return { ok: true, value: await methods[method](args) }
    } catch (error) {
      if (error instanceof ResourceError) return { ok: false, error: error.data }
      throw error
    }
  }

  /** Takes over a descriptor if it is newer than what the object holds. Idempotent. */
  async apply({ descriptor, params, notAfterMs }: DataMethods['apply']['args']): Promise<ApplyOutcome> {
    TEST_BUILD: await fault('object.apply.begin')
    const previous = this.#ready()
    const decision = decideApply(previous, descriptor, Date.now(), notAfterMs)
    switch (decision.do) {
      case 'nothing':
        return {
          outcome: decision.outcome,
          held: previous,
          ...(decision.reason === undefined ? {} : { reason: decision.reason }),
        }
      case 'tombstone': {
        const { id, incarnation, version } = descriptor
        this.#store({ kind: 'tombstone', tombstone: { id, incarnation, version, purgedAtMs: Date.now() } })
        break
      }
      case 'create':
        this.#create(descriptor, params)
        break
      case 'store':
        this.#store({ kind: 'descriptor', descriptor })
        if (previous.kind === 'descriptor') this.#changed(previous.descriptor, descriptor)
        break
    }
    TEST_BUILD: await fault('object.apply.stored')
    return { outcome: 'applied', held: this.#ready() }
  }

  /** Ends the content: closes sockets, wipes, leaves a tombstone. Idempotent, and resumed by calling it again. */
  async purge(purge: DataMethods['purge']['args']): Promise<PurgeOutcome> {
    TEST_BUILD: await fault('object.purge.begin')
    const decision = decidePurge(this.#ready(), purge, Date.now())
    if (decision.do === 'nothing') return { outcome: decision.outcome, held: this.#ready() }
    const tombstone: Held = { kind: 'tombstone', tombstone: decision.tombstone }
    // The tombstone is durable before the wipe begins, and is written again into the empty database after it.
    this.#store(tombstone)
    closeAllSockets(this.ctx, new ResourceError('deleted', 'This resource was deleted.'))
    TEST_BUILD: await fault('object.purge.tombstone')
    await this.ctx.storage.deleteAlarm()
    await this.ctx.storage.deleteAll()
    this.#store(tombstone)
    TEST_BUILD: await fault('object.purge.wiped')
    return { outcome: 'purged', held: tombstone }
  }

  /** Ends the tombstone: the object is empty as if it had never been addressed. */
  async forget({ incarnation }: DataMethods['forget']['args']): Promise<ForgetOutcome> {
    TEST_BUILD: await fault('object.forget.begin')
    const held = this.#ready()
    const decision = decideForget(held, incarnation)
    if (decision.do === 'nothing') return { outcome: decision.outcome, held }
    await this.ctx.storage.deleteAll()
    this.#held = { kind: 'nothing' }
    this.#resetMemory()
    TEST_BUILD: await fault('object.forget.emptied')
    return { outcome: 'forgotten', held: this.#held }
  }

  async describe(): Promise<DataMethods['describe']['value']> {
    return { held: this.#ready(), bytes: this.ctx.storage.sql.databaseSize }
  }

  /** Redeems a one-time code of this resource. @returns the refusal's reason, or undefined when it was good and is now used up */
  async redeemCode(code: {
    tokenId: string
    generation: number
    expiresAtMs: number
  }): Promise<'gone' | 'revoked' | 'used' | undefined> {
    const held = this.#ready()
    if (held.kind !== 'descriptor' || held.descriptor.mode === 'deleted') return 'gone'
    if (code.generation < held.descriptor.generation) return 'revoked'
    return useCode(this.ctx.storage, code.tokenId, code.expiresAtMs, Date.now()) ? undefined : 'used'
  }

  // --- state -------------------------------------------------------------------------------------------------------------------

  /** What the object holds: one read after a wake-up (and the type's migrations), none later. */
  #ready(): Held {
    if (this.#held === undefined) {
      const stored = readLifecycle(this.ctx.storage.sql)
      if (stored.held.kind === 'descriptor') migrate(this.ctx.storage, stored, this.migrations)
      this.#held = stored.held
    }
    return this.#held
  }

  #requireDescriptor(): Descriptor {
    const held = this.#ready()
    if (held.kind === 'descriptor') return held.descriptor
    throw held.kind === 'nothing'
      ? new ResourceError('not_found', 'There is no such resource.')
      : new ResourceError('deleted', 'This resource was deleted.')
  }

  #create(descriptor: Descriptor, params: unknown): void {
    const held: Held = { kind: 'descriptor', descriptor }
    const before = this.#held
    // Set first, so that onCreate can read its own descriptor; put back when it throws.
    this.#held = held
    try {
      this.ctx.storage.transactionSync(() => {
        writeLifecycle(this.ctx.storage.sql, held, 0)
        for (const step of this.migrations) step(this.ctx.storage.sql)
        this.onCreate(params)
        writeLifecycle(this.ctx.storage.sql, held, this.migrations.length)
      })
    } catch (error) {
      this.#held = before
      this.memory = undefined
      throw error
    }
  }

  #store(held: Held): void {
    this.ctx.storage.transactionSync(() =>
      writeLifecycle(this.ctx.storage.sql, held, held.kind === 'descriptor' ? this.migrations.length : 0),
    )
    this.#held = held
    if (held.kind !== 'descriptor') this.#resetMemory()
  }

  /** What was true of the old content is not true of the next: the type's memory, and when the alarm stands. */
  #resetMemory(): void {
    this.memory = undefined
    this.#timers = undefined
  }

  #changed(previous: Descriptor, current: Descriptor): void {
    const isCut = current.mode === 'suspended' || current.mode === 'deleted' || current.generation > previous.generation
    const refusal = refusalOf({ kind: 'descriptor', descriptor: current }, ANYBODY, 'read')
    if (isCut) closeAllSockets(this.ctx, refusal ?? new ResourceError('unauthenticated', 'This token was revoked.'))
    this.onDescriptor(previous, current)
  }
}

/** Asks the gate what a holder of an outdated credential is told. */
const ANYBODY: Principal = {
  via: 'bearer',
  permission: 'read',
  generation: 0,
  requestId: '',
  basePath: '/',
  origin: '',
}
