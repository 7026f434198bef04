// Content that goes from one object to another of the same type: as a stream, with a digest, into an object that serves nothing until it is
// complete, and out of one that then only remembers where it went.

import type { ObjectPlace } from '../identity/cell.ts'
import { fault } from '../object/fault.ts'
import { compareVersions, type Descriptor, type Held } from '../wire/descriptor.ts'
import { ResourceError } from '../wire/errors.ts'
import type { ContentDigest, DataMethods, Outcome } from '../wire/planes.ts'
import { digestOf, hashed, type Hashed } from './digest.ts'
import { mayLeave, mayTakeOver } from './lifecycle.ts'
import { LifecycleObject } from './lifecycle-object.ts'

type Restored = DataMethods['takeOver']['value']

/** Content on its way into this object. */
interface Filling {
  readonly hashed: Hashed
  /** Resolves when nothing of it is written any more. */
  readonly ended: Promise<unknown>
}

export abstract class MovableObject<Env = unknown> extends LifecycleObject<Env> {
  #filling: Filling | undefined
  #isFilling = false

  /** Of content that was read to its end while nothing may change: not read once more to know what was sent. */
  #sent: { readonly descriptor: Descriptor; readonly content: ContentDigest } | undefined

  /** Everything that goes with the resource. @throws what {@link descriptor} throws */
  protected abstract readContent(): ReadableStream<Uint8Array>

  /** Looks for what {@link readContent} would refuse. @throws ResourceError `invalid_request` naming it */
  protected abstract requireCopyable(): Promise<void>

  /** Replaces what a stream of {@link dumpContent} says. */
  protected abstract loadContent(content: ReadableStream<Uint8Array>): Promise<void>

  /** What was counted and not told. */
  protected abstract readonly counted: { readonly requests: number; readonly writes: number }

  /** The content as a stream of bytes, for another object of the same type. RPC. @throws what {@link requireCopyable} throws */
  async dumpContent(): Promise<ReadableStream<Uint8Array>> {
    const { descriptor } = this
    this.#sent = undefined
    if (descriptor.moving !== true) {
      await this.requireCopyable()
      return this.readContent()
    }
    const source = hashed(this.readContent())
    void source.ended.then((content) => (this.#sent = { descriptor, content }))
    return source.stream
  }

  protected override async digest(): Promise<ContentDigest> {
    const { descriptor } = this
    return this.#sent?.descriptor === descriptor ? this.#sent.content : digestOf(this.readContent())
  }

  override async describe(asked: DataMethods['describe']['args'] = {}): Promise<DataMethods['describe']['value']> {
    if (asked.isForCopy === true && this.held.kind === 'descriptor') await this.requireCopyable()
    return super.describe()
  }

  protected override noteChange(): void {
    this.#sent = undefined
  }

  /** Whether what is written now is content that is being brought here. */
  protected get isFilling(): boolean {
    return this.#isFilling
  }

  /**
   * Fills this object: the descriptor first, so that a crash leaves something that can be purged or filled again; then the content. RPC.
   *
   * @param from where the resource is: requests go there until a newer descriptor is applied here. Absent: it is nowhere else, and
   * opened as soon as the content is complete
   */
  async restoreContent(
    descriptor: Descriptor,
    content: ReadableStream<Uint8Array>,
    from?: ObjectPlace,
  ): Promise<Outcome<Restored>> {
    try {
      await this.endFilling()
      if (!mayTakeOver(this.held, descriptor, from !== undefined))
        throw new ResourceError('not_ready', 'What is here is newer, or was purged.')
      const source = hashed(content)
      const filled = this.#fill(descriptor, source, from)
      this.#filling = { hashed: source, ended: filled.catch(() => undefined) }
      return { ok: true, value: await filled }
    } catch (error) {
      if (error instanceof ResourceError) return { ok: false, error: error.data }
      throw error
    }
  }

  async #fill(descriptor: Descriptor, source: Hashed, from: ObjectPlace | undefined): Promise<Restored> {
    const arriving = from === undefined ? { descriptor } : { descriptor, from }
    this.#isFilling = true
    try {
      this.arrive({ ...arriving, isComplete: false })
      TEST_BUILD: await fault('object.restore.begun')
      await this.loadContent(source.stream)
      // Also when its reader has stopped at the end of what it knows.
      const content = await source.digest()
      const { held } = this
      if (held.kind !== 'arriving' || compareVersions(held.arriving.descriptor, descriptor) !== 0) throw superseded()
      const complete: Held =
        from === undefined
          ? { kind: 'descriptor', descriptor }
          : { kind: 'arriving', arriving: { ...arriving, isComplete: true } }
      this.store(complete)
      if (from === undefined) this.onAwake()
      TEST_BUILD: await fault('object.restore.loaded')
      return { held: complete, content }
    } catch (error) {
      source.abort(superseded())
      throw error
    } finally {
      this.#isFilling = false
      this.#filling = undefined
    }
  }

  protected override async endFilling(): Promise<void> {
    for (let filling = this.#filling; filling !== undefined; filling = this.#filling) {
      filling.hashed.abort(superseded())
      await filling.ended
    }
  }

  /** The resource is at another place now: closes sockets, wipes, remembers where it went. */
  protected override async leave({
    id,
    incarnation,
    version,
    to,
  }: DataMethods['leave']['args']): Promise<DataMethods['leave']['value']> {
    TEST_BUILD: await fault('object.leave.begin')
    if (!mayLeave(this.held, { incarnation, version })) return { outcome: 'refused', held: this.held }
    await this.endFilling()
    const usage = this.counted
    const moved: Held = { kind: 'moved', moved: { id, incarnation, version, to, movedAtMs: Date.now() } }
    await this.wipe(moved, new ResourceError('unavailable', 'This resource has moved: connect again.'))
    TEST_BUILD: await fault('object.leave.wiped')
    return { outcome: 'left', held: moved, usage }
  }
}

function superseded(): ResourceError {
  return new ResourceError('unavailable', 'Something newer has ended bringing the content here.', {
    applied: 'unknown',
  })
}
