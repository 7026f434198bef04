// The lifecycle of one data plane object: what it holds, and the faces by which the control plane changes that. A shell around
// lifecycle.ts, which decides, and storage.ts, which stores.

import { DurableObject } from 'cloudflare:workers'
import { fault } from '../object/fault.ts'
import { closeAllSockets } from '../object/sockets.ts'
import type { ObjectPlace } from '../identity/cell.ts'
import type { Arriving, Descriptor, Held } from '../wire/descriptor.ts'
import { ResourceError } from '../wire/errors.ts'
import {
  UNKNOWN_CALL,
  type ApplyOutcome,
  type ContentDigest,
  type DataMethod,
  type DataMethods,
  type ForgetOutcome,
  type Outcome,
  type PurgeOutcome,
} from '../wire/planes.ts'
import {
  decideApply,
  decideForget,
  decidePurge,
  decideRedeem,
  notHere,
  reasonToCut,
  type RedeemRefusal,
} from './lifecycle.ts'
import { dropTypeTables } from './load.ts'
import { makeSchema } from './made-schema.ts'
import { migrate, readLifecycle, useCode, writeLifecycle, type Migration } from './storage.ts'

export abstract class LifecycleObject<Env = unknown> extends DurableObject<Env> {
  /** Schema steps of the type, oldest first; run lazily, each once per object. */
  protected readonly migrations: readonly Migration[] = []

  #held: Held | undefined
  #schemaVersion = 0

  /** Fills a new object, synchronously and in the transaction of its first descriptor. `params` passed the type's schema. */
  protected onCreate(_params: unknown): void {}

  /** A newer descriptor was stored (not called for the first). */
  protected onDescriptor(_previous: Descriptor, _current: Descriptor): void {}

  /** The object holds a resource, and has just been woken, or is in another mode. */
  protected onAwake(): void {}

  /** The content is gone: whatever is in memory about it goes too. */
  protected abstract resetMemory(): void

  /** Whether something is still written of content that is brought here. */
  protected abstract readonly isFilling: boolean

  /** Ends bringing it here. Another attempt may have begun by the time that this resolves: what is held is to be looked at again. */
  protected abstract endFilling(): Promise<void>

  /** What a copy has of the content is not what it is now. */
  protected abstract noteChange(): void

  protected abstract digest(): Promise<ContentDigest>
  protected abstract leave(leaving: DataMethods['leave']['args']): Promise<DataMethods['leave']['value']>
  /** When the last write was that the control plane has not been told of. */
  protected abstract readonly untoldWriteMs: number | undefined

  // --- faces: RPC from the edge and the data plane entrypoint only, never a path -----------------------------------------------

  /** The lifecycle's methods as one face whose refusals are answers: what a type throws in `onCreate` reaches the caller whole. */
  async lifecycle<T extends DataMethod>(
    method: T,
    args: DataMethods[T]['args'],
  ): Promise<Outcome<DataMethods[T]['value']>> {
    const methods: { readonly [K in DataMethod]: (args: DataMethods[K]['args']) => Promise<DataMethods[K]['value']> } =
      {
        apply: (given) => this.apply(given),
        purge: (given) => this.purge(given),
        forget: (given) => this.forget(given),
        describe: (given) => this.describe(given),
        digest: () => this.digest(),
        leave: (given) => this.leave(given),
        // Content never comes with a call: the entrypoint opens the stream, and gives it to restoreContent.
        takeOver: () => Promise.reject(new TypeError("takeOver is the entrypoint's")),
      }
    if (!Object.hasOwn(methods, method)) return { ok: false, error: UNKNOWN_CALL }
    try {
      return { ok: true, value: await methods[method](args) }
    } catch (error) {
      if (error instanceof ResourceError) return { ok: false, error: error.data }
      throw error
    }
  }

  /** Takes over a descriptor if it is newer than what the object holds. Idempotent. */
  async apply(args: DataMethods['apply']['args']): Promise<ApplyOutcome> {
    const { descriptor, params, notAfterMs } = args
    TEST_BUILD: await fault('object.apply.begin')
    const previous = this.held
    const decision = decideApply(previous, descriptor, Date.now(), notAfterMs)
    if (decision.do !== 'nothing' && this.isFilling) return this.endFilling().then(() => this.apply(args))
    switch (decision.do) {
      case 'nothing':
        return {
          outcome: decision.outcome,
          held: previous,
          ...(decision.reason === undefined ? {} : { reason: decision.reason }),
        }
      case 'tombstone': {
        const { id, incarnation, version } = descriptor
        this.store({ kind: 'tombstone', tombstone: { id, incarnation, version, purgedAtMs: Date.now() } })
        break
      }
      case 'replace':
        await this.wipe({ kind: 'tombstone', tombstone: decision.tombstone }, gone())
        return this.apply(args)
      case 'create':
        this.#create(descriptor, params)
        break
      case 'store':
        this.store({ kind: 'descriptor', descriptor })
        if (previous.kind === 'descriptor') this.#changed(previous.descriptor, descriptor)
        else if (previous.kind === 'arriving') this.onAwake()
        break
    }
    TEST_BUILD: await fault('object.apply.stored')
    return { outcome: 'applied', held: this.held }
  }

  /** Ends the content: closes sockets, wipes, leaves a tombstone. Idempotent, and resumed by calling it again. */
  async purge(purge: DataMethods['purge']['args']): Promise<PurgeOutcome> {
    TEST_BUILD: await fault('object.purge.begin')
    const decision = decidePurge(this.held, purge, Date.now())
    if (decision.do === 'nothing') return { outcome: decision.outcome, held: this.held }
    if (this.isFilling) return this.endFilling().then(() => this.purge(purge))
    const { remains } = decision
    await this.wipe(remains, gone())
    TEST_BUILD: await fault('object.purge.wiped')
    return { outcome: 'purged', held: remains }
  }

  /** What remains is durable before the wipe begins, and is written again into the empty database after it. */
  protected async wipe(remains: Held, reason: ResourceError): Promise<void> {
    this.store(remains)
    closeAllSockets(this.ctx, reason)
    TEST_BUILD: await fault('object.purge.tombstone')
    await this.ctx.storage.deleteAlarm()
    // Not awaited: a crash between the two would leave an object that knows nothing of its resource.
    const emptied = this.ctx.storage.deleteAll()
    this.store(remains)
    await emptied
  }

  /** Ends the tombstone: the object is empty as if it had never been addressed. */
  async forget({ incarnation, isMarker }: DataMethods['forget']['args']): Promise<ForgetOutcome> {
    TEST_BUILD: await fault('object.forget.begin')
    const held = this.held
    const decision = decideForget(held, incarnation, isMarker)
    if (decision.do === 'nothing') return { outcome: decision.outcome, held }
    await this.ctx.storage.deleteAll()
    this.#held = { kind: 'nothing' }
    this.resetMemory()
    TEST_BUILD: await fault('object.forget.emptied')
    return { outcome: 'forgotten', held: this.#held }
  }

  async describe(_asked: DataMethods['describe']['args'] = {}): Promise<DataMethods['describe']['value']> {
    const { held, untoldWriteMs } = this
    const bytes = this.ctx.storage.sql.databaseSize
    return { held, bytes, ...(untoldWriteMs === undefined ? {} : { writeTimeMs: untoldWriteMs }) }
  }

  /**
   * Redeems a link to this resource: a one-time code, or, without a `tokenId`, a link that is shared and never used up. `linkId` is the
   * token's identifier in both cases.
   *
   * @returns the refusal's reason, or where to ask; undefined when it was good
   */
  async redeemCode(code: {
    readonly tokenId?: string
    readonly linkId?: string
    readonly generation: number
    readonly expiresAtMs: number
    readonly customHost?: string
  }): Promise<RedeemRefusal | { readonly moved: ObjectPlace } | undefined> {
    const moved = this.elsewhere
    if (moved !== undefined) return { moved }
    const { generation, linkId, customHost } = code
    const mark = linkId === undefined ? { generation } : { generation, tokenId: linkId }
    const refusal = decideRedeem(this.held, mark, code.tokenId !== undefined, customHost)
    if (refusal !== undefined || code.tokenId === undefined) return refusal
    this.noteChange()
    return useCode(this.ctx.storage, code.tokenId, code.expiresAtMs, Date.now()) ? undefined : 'used'
  }

  // --- state -------------------------------------------------------------------------------------------------------------------

  /** What the object holds: one read after a wake-up, none later. Without the type's migrations: one that fails must not keep a resource from being deleted. */
  protected get held(): Held {
    if (this.#held === undefined) {
      const stored = readLifecycle(this.ctx.storage.sql)
      this.#held = stored.held
      this.#schemaVersion = stored.schemaVersion
      if (stored.held.kind === 'descriptor') this.onAwake()
    }
    return this.#held
  }

  /** Brings the content to this release's schema, at the first access after a wake-up. */
  protected migrateContent(): void {
    const { held } = this
    if (!hasContent(held) || this.#schemaVersion === this.migrations.length) return
    this.#schemaVersion = migrate(this.ctx.storage, { held, schemaVersion: this.#schemaVersion }, this.migrations)
  }

  /** @throws ResourceError `not_found`, `deleted`, `unavailable` when there is no resource here */
  protected get descriptor(): Descriptor {
    const { held } = this
    switch (held.kind) {
      case 'descriptor':
        return held.descriptor
      case 'arriving':
        return held.arriving.descriptor
      case 'moved':
        throw notHere(held.kind)
      case 'nothing':
        throw new ResourceError('not_found', 'There is no such resource.')
      case 'tombstone':
        throw gone()
    }
  }

  /** Where the resource is, if that is known to be at another place. */
  protected get elsewhere(): ObjectPlace | undefined {
    const { held } = this
    if (held.kind === 'moved') return held.moved.to
    return held.kind === 'arriving' ? held.arriving.from : undefined
  }

  /** Begins to be filled: whatever was here is gone, and the type's tables are empty. */
  protected arrive(arriving: Arriving): void {
    const held: Held = { kind: 'arriving', arriving }
    this.ctx.storage.transactionSync(() => {
      dropTypeTables(this.ctx.storage.sql)
      writeLifecycle(this.ctx.storage.sql, held, this.migrations.length)
      makeSchema(this.ctx.storage.sql, this.constructor, this.migrations)
    })
    this.#held = held
    this.#schemaVersion = this.migrations.length
    this.resetMemory()
  }

  #create(descriptor: Descriptor, params: unknown): void {
    const held: Held = { kind: 'descriptor', descriptor }
    const before = this.#held
    // Set first, so that onCreate can read its own descriptor; put back when it throws.
    this.#held = held
    try {
      this.ctx.storage.transactionSync(() => {
        writeLifecycle(this.ctx.storage.sql, held, this.migrations.length)
        this.#schemaVersion = this.migrations.length
        makeSchema(this.ctx.storage.sql, this.constructor, this.migrations)
        this.onCreate(params)
      })
    } catch (error) {
      this.#held = before
      this.#schemaVersion = 0
      this.resetMemory()
      throw error
    }
  }

  protected store(held: Held): void {
    this.ctx.storage.transactionSync(() =>
      writeLifecycle(this.ctx.storage.sql, held, hasContent(held) ? this.#schemaVersion : 0),
    )
    this.#held = held
    if (hasContent(held)) return
    this.#schemaVersion = 0
    this.resetMemory()
  }

  #changed(previous: Descriptor, current: Descriptor): void {
    const reason = reasonToCut(previous, current)
    if (reason !== undefined) closeAllSockets(this.ctx, reason)
    if (current.mode !== previous.mode) this.onAwake()
    try {
      this.onDescriptor(previous, current)
    } catch (error) {
      // A type's mistake must not keep its resource from being suspended or deleted.
      console.error(JSON.stringify({ event: 'on_descriptor_failed', resource: current.id, error: String(error) }))
    }
  }
}

function gone(): ResourceError {
  return new ResourceError('deleted', 'This resource was deleted.')
}

function hasContent({ kind }: Held): boolean {
  return kind === 'descriptor' || kind === 'arriving'
}
