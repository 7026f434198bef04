// Content that goes from one object to another of the same type: as a stream, with a digest, into an object that serves nothing until it is
// complete, and out of one that then only remembers where it went.

import type { ObjectPlace } from '../identity/cell.ts'
import { fault } from '../object/fault.ts'
import type { Descriptor, Held } from '../wire/descriptor.ts'
import { ResourceError } from '../wire/errors.ts'
import type { ContentDigest, DataMethods, Outcome } from '../wire/planes.ts'
import { digestOf, hashed, type Hashed } from './digest.ts'
import { FORM, type Form } from './envelope.ts'
import { refusalToFill, superseded } from './filling.ts'
import { mayLeave } from './lifecycle.ts'
import { LifecycleObject } from './lifecycle-object.ts'

type Restored = DataMethods['takeOver']['value']

/** An attempt to bring content into this object. There is one at a time, and what it writes is written only while it is this one. */
export interface Filling {
  /** What it reads: the content that comes, and then what became of it here. */
  reading: Hashed
  isGivenUp: boolean
  /** Resolves when nothing of it is written any more. */
  readonly ended: PromiseWithResolvers<void>
}

export abstract class MovableObject<Env = unknown> extends LifecycleObject<Env> {
  #filling: Filling | undefined

  /** Of content that was read to its end while nothing may change: not read once more to know what was sent. */
  #sent: { readonly descriptor: Descriptor; readonly content: ContentDigest } | undefined

  /**
   * The number of the form in which a type's own `dump()` writes. Raised by one whenever that writes equal content as other bytes than before, and
   * when it takes the place of the generic one: an import holds what it has stored to the bytes that came only where their
   * number is this. `load()` reads every earlier form, also that of archives; a later one is refused before it is asked.
   *
   * @example
   * ```ts
   * protected override readonly dumpForm = 2
   * ```
   */
  protected readonly dumpForm: number = 1

  /** As what content is written here. */
  protected get contentForm(): Form {
    return { form: FORM, type_form: this.dumpForm, schema_version: this.migrations.length }
  }

  /** Everything that goes with the resource. @throws what {@link descriptor} throws */
  protected abstract readContent(): ReadableStream<Uint8Array>

  /** Looks for what {@link readContent} would refuse. @throws ResourceError `invalid_request` naming it */
  protected abstract requireCopyable(): Promise<void>

  /**
   * Replaces what a stream of {@link dumpContent} says.
   *
   * @param filling whose stream it is
   * @returns whether what is read from here now must be that very stream: what is of an older schema was brought up to date, and what is of
   * an older form is written otherwise now
   */
  protected abstract loadContent(content: ReadableStream<Uint8Array>, filling: Filling): Promise<boolean>

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

  protected override get isFilling(): boolean {
    return this.#filling !== undefined
  }

  /** The attempt that may write here; undefined when there is none, or something newer has ended it. */
  protected get filling(): Filling | undefined {
    return this.#filling?.isGivenUp === true ? undefined : this.#filling
  }

  /** @throws ResourceError for an attempt that has been ended, or whose object is open */
  protected requireTurn(filling: Filling): void {
    if (this.held.kind !== 'arriving' || this.filling !== filling) throw superseded()
  }

  /**
   * Fills this object: the descriptor first, so that a crash leaves something that can be purged or filled again; then the content. Nothing of
   * it is served until a newer descriptor is applied. RPC.
   *
   * @param from where the resource is: requests go there until then. Absent: it is nowhere else, and what is stored here is read back
   * before it counts as complete; of what moves, whoever moves it compares it with where it comes from
   */
  async restoreContent(
    descriptor: Descriptor,
    content: ReadableStream<Uint8Array>,
    from?: ObjectPlace,
  ): Promise<Outcome<Restored>> {
    try {
      for (;;) {
        const refusal = refusalToFill(this.held, descriptor, from !== undefined)
        if (refusal !== undefined) throw refusal
        // Nothing is awaited between this and the beginning: others may have waited for the same.
        if (!this.isFilling) return { ok: true, value: await this.#fill(descriptor, content, from) }
        await this.endFilling()
      }
    } catch (error) {
      if (error instanceof ResourceError) return { ok: false, error: error.data }
      throw error
    }
  }

  async #fill(
    descriptor: Descriptor,
    content: ReadableStream<Uint8Array>,
    from: ObjectPlace | undefined,
  ): Promise<Restored> {
    const arriving = from === undefined ? { descriptor } : { descriptor, from }
    const source = hashed(content)
    const filling: Filling = { reading: source, isGivenUp: false, ended: Promise.withResolvers() }
    this.#filling = filling
    try {
      this.arrive({ ...arriving, isComplete: false })
      TEST_BUILD: await fault('object.restore.begun')
      const isAsItCame = await this.loadContent(source.stream, filling)
      // Also when its reader has stopped at the end of what it knows.
      const sent = await source.digest()
      if (from === undefined && isAsItCame) await this.#requireStored(filling, sent)
      this.requireTurn(filling)
      const held: Held = { kind: 'arriving', arriving: { ...arriving, isComplete: true } }
      this.store(held)
      TEST_BUILD: await fault('object.restore.loaded')
      return { held, content: sent }
    } catch (error) {
      source.abort(superseded())
      throw error
    } finally {
      this.#filling = undefined
      filling.ended.resolve()
    }
  }

  /** @throws ResourceError `invalid_request` when what is stored is not what came: the type's `load` has lost something */
  async #requireStored(filling: Filling, sent: ContentDigest): Promise<void> {
    this.requireTurn(filling)
    filling.reading = hashed(this.readContent())
    const stored = await filling.reading.digest()
    if (stored.sha256 !== sent.sha256)
      throw new ResourceError(
        'invalid_request',
        'What the object has stored of the content is not what came: it is not taken.',
      )
  }

  protected override async endFilling(): Promise<void> {
    const filling = this.#filling
    if (filling === undefined) return
    filling.isGivenUp = true
    filling.reading.abort(superseded())
    await filling.ended.promise
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
    if (this.isFilling) return this.endFilling().then(() => this.leave({ id, incarnation, version, to }))
    const usage = this.counted
    const moved: Held = { kind: 'moved', moved: { id, incarnation, version, to, movedAtMs: Date.now() } }
    await this.wipe(moved, new ResourceError('unavailable', 'This resource has moved: connect again.'))
    TEST_BUILD: await fault('object.leave.wiped')
    return { outcome: 'left', held: moved, usage }
  }
}
