// The lifecycle of one data plane object: what it holds, and the faces by which the control plane changes that. A shell around
// lifecycle.ts, which decides, and storage.ts, which stores.

import { DurableObject } from 'cloudflare:workers'
import { fault } from '../object/fault.ts'
import { closeAllSockets } from '../object/sockets.ts'
import type { Descriptor, Held } from '../wire/descriptor.ts'
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
import { digestOf } from './digest.ts'
import {
  decideApply,
  decideForget,
  decidePurge,
  decideRedeem,
  mayLeave,
  mayTakeOver,
  reasonToCut,
  type RedeemRefusal,
} from './lifecycle.ts'
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

  // --- faces: RPC from the edge and the data plane entrypoint only, never a path -----------------------------------------------

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
      case 'replace':
        await this.#wipe({ kind: 'tombstone', tombstone: decision.tombstone }, gone())
        return this.apply(args)
      case 'create':
        this.#create(descriptor, params)
        break
      case 'store':
        this.#store({ kind: 'descriptor', descriptor })
        if (previous.kind === 'descriptor') this.#changed(previous.descriptor, descriptor)
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
    const tombstone: Held = { kind: 'tombstone', tombstone: decision.tombstone }
    await this.#wipe(tombstone, gone())
    TEST_BUILD: await fault('object.purge.wiped')
    return { outcome: 'purged', held: tombstone }
  }

  /** What remains is durable before the wipe begins, and is written again into the empty database after it. */
  async #wipe(remains: Held, reason: ResourceError): Promise<void> {
    this.#store(remains)
    closeAllSockets(this.ctx, reason)
    TEST_BUILD: await fault('object.purge.tombstone')
    await this.ctx.storage.deleteAlarm()
    await this.ctx.storage.deleteAll()
    this.#store(remains)
  }

  /** Ends the tombstone: the object is empty as if it had never been addressed. */
  async forget({ incarnation }: DataMethods['forget']['args']): Promise<ForgetOutcome> {
    TEST_BUILD: await fault('object.forget.begin')
    const held = this.held
    const decision = decideForget(held, incarnation)
    if (decision.do === 'nothing') return { outcome: decision.outcome, held }
    await this.ctx.storage.deleteAll()
    this.#held = { kind: 'nothing' }
    this.resetMemory()
    TEST_BUILD: await fault('object.forget.emptied')
    return { outcome: 'forgotten', held: this.#held }
  }

  /** The content as a stream of bytes, for another object of the same type. RPC. @throws what {@link descriptor} throws */
  abstract dumpContent(): ReadableStream<Uint8Array>

  /** Replaces what a stream of {@link dumpContent} says, whatever the mode. */
  protected abstract loadContent(content: ReadableStream<Uint8Array>): Promise<void>

  async digest(): Promise<ContentDigest> {
    return digestOf(this.dumpContent())
  }

  /** Takes a resource over: descriptor first, so that a crash leaves something that can be purged; then the content. RPC. */
  async restoreContent(
    descriptor: Descriptor,
    content: ReadableStream<Uint8Array>,
  ): Promise<Outcome<DataMethods['takeOver']['value']>> {
    try {
      if (!mayTakeOver(this.held, descriptor))
        throw new ResourceError('not_ready', 'What is here is newer, or was purged.')
      const [loaded, hashed] = content.tee()
      this.#create(descriptor, undefined, { isFilled: true })
      TEST_BUILD: await fault('object.restore.begun')
      const [digest] = await Promise.all([digestOf(hashed), this.loadContent(loaded)])
      TEST_BUILD: await fault('object.restore.loaded')
      return { ok: true, value: { held: this.held, content: digest } }
    } catch (error) {
      if (error instanceof ResourceError) return { ok: false, error: error.data }
      throw error
    }
  }

  /** The resource is at another place now: closes sockets, wipes, remembers where it went. */
  async leave({ id, incarnation, version, to }: DataMethods['leave']['args']): Promise<DataMethods['leave']['value']> {
    TEST_BUILD: await fault('object.leave.begin')
    if (!mayLeave(this.held, { incarnation, version })) return { outcome: 'refused', held: this.held }
    const moved: Held = { kind: 'moved', moved: { id, incarnation, version, to, movedAtMs: Date.now() } }
    await this.#wipe(moved, new ResourceError('unavailable', 'This resource has moved: connect again.'))
    TEST_BUILD: await fault('object.leave.wiped')
    return { outcome: 'left', held: moved }
  }

  async describe(): Promise<DataMethods['describe']['value']> {
    return { held: this.held, bytes: this.ctx.storage.sql.databaseSize }
  }

  /**
   * Redeems a link to this resource: a one-time code, or, without a `tokenId`, a link that is shared and never used up. `linkId` is the
   * token's identifier in both cases.
   *
   * @returns the refusal's reason, or undefined when it was good
   */
  async redeemCode(code: {
    readonly tokenId?: string
    readonly linkId?: string
    readonly generation: number
    readonly expiresAtMs: number
    readonly customHost?: string
  }): Promise<RedeemRefusal | undefined> {
    const { generation, linkId, customHost } = code
    const mark = linkId === undefined ? { generation } : { generation, tokenId: linkId }
    const refusal = decideRedeem(this.held, mark, customHost)
    if (refusal !== undefined || code.tokenId === undefined) return refusal
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
    if (held.kind !== 'descriptor' || this.#schemaVersion === this.migrations.length) return
    this.#schemaVersion = migrate(this.ctx.storage, { held, schemaVersion: this.#schemaVersion }, this.migrations)
  }

  /** @throws ResourceError `not_found`, `deleted` when there is no live resource */
  protected get descriptor(): Descriptor {
    const { held } = this
    if (held.kind === 'descriptor') return held.descriptor
    throw held.kind === 'nothing' ? new ResourceError('not_found', 'There is no such resource.') : gone()
  }

  /** @param how.isFilled its content comes from a copy, which brings whatever `onCreate` would make */
  #create(descriptor: Descriptor, params: unknown, how: { readonly isFilled?: boolean } = {}): void {
    const held: Held = { kind: 'descriptor', descriptor }
    const before = this.#held
    // Set first, so that onCreate can read its own descriptor; put back when it throws.
    this.#held = held
    try {
      this.ctx.storage.transactionSync(() => {
        writeLifecycle(this.ctx.storage.sql, held, this.migrations.length)
        this.#schemaVersion = this.migrations.length
        if (before?.kind !== 'descriptor') for (const step of this.migrations) step(this.ctx.storage.sql)
        if (how.isFilled !== true) this.onCreate(params)
      })
    } catch (error) {
      this.#held = before
      this.#schemaVersion = 0
      this.resetMemory()
      throw error
    }
  }

  #store(held: Held): void {
    this.ctx.storage.transactionSync(() =>
      writeLifecycle(this.ctx.storage.sql, held, held.kind === 'descriptor' ? this.#schemaVersion : 0),
    )
    this.#held = held
    if (held.kind === 'descriptor') return
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
