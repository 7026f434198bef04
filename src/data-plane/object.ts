// The base class of every resource type's objects: one resource, its content in its own SQLite. It adds to the lifecycle what a type is
// written with: requests that passed the gate, storage with limits, group commit, timers, dump and load.

import { GroupCommit } from '../object/group-commit.ts'
import { isPreflight } from '../object/preflight.ts'
import { readOff } from '../object/read-off.ts'
import { pathOf } from '../object/request-path.ts'
import { closeAllSockets, isUpgrade, refuseSocket } from '../object/sockets.ts'
import type { Descriptor } from '../wire/descriptor.ts'
import { ResourceError, toProblemResponse } from '../wire/errors.ts'
import { AWAY_HEADER, absentResponse, movedResponse } from '../wire/hop.ts'
import { PRINCIPAL_HEADER, parsePrincipal, type Principal } from '../wire/principal.ts'
import { dumpTables, requireDumpable, type Content } from './dump.ts'
import { isWrittenAlike, unwrap, wrap } from './envelope.ts'
import { superseded } from './filling.ts'
import { isMoving, notHere, refusalOf, withoutStaleCookie } from './lifecycle.ts'
import { fillTables, readDump, replaceContent } from './load.ts'
import { MovableObject, type Filling } from './movable-object.ts'
import { answerPreflight, withResourceHeaders } from './request.ts'
import { limitedTransaction, limitValues, readCodes, writeCodes } from './storage.ts'
import { putOffAlarm } from './held-back.ts'
import { SYSTEM_TIMER_PREFIX, Timers, type TypeTimers } from './timers.ts'
import { UsageReports } from './usage.ts'

/** What a type learns about one request beside the request itself. */
export interface RequestContext {
  /** Path below the resource, beginning with '/', still percent-encoded. */
  readonly path: string
  /** Who is asking; `permission` is undefined for an anonymous reader of a public resource. */
  readonly principal: Principal
  readonly descriptor: Descriptor
}

/** After an alarm that failed as a whole: a release that cannot read the object, until the next one can. */
const FAILED_ALARM_PAUSE_MS = 60_000

/**
 * A Durable Object that holds one resource. `M` is the type of the in-memory state, one field that a purge resets.
 *
 * Reads use {@link sql} at once. Every change goes through {@link write}, which groups concurrent writers into one commit, asks the
 * gate again after waiting, and enforces the byte limit.
 */
export abstract class ResourceObject<M = unknown, Env = unknown> extends MovableObject<Env> {
  /** Everything that the type keeps in memory. Undefined after a wake-up and after a purge. */
  protected memory: M | undefined

  #commits = new GroupCommit()
  /** Requests being served. A request that is alone has nobody to share a commit with, and its writes do not wait for the next turn. */
  #underWay = 0
  /** Writes of this instance: a copy of a large content notices them. */
  #changes = 0
  #timers: Timers | undefined
  #usage: UsageReports | undefined
  #sql: SqlStorage | undefined
  /** What the last write left: measuring costs as much as a small statement. */
  #bytes: number | undefined

  /** Serves one request that passed the gate. A thrown ResourceError becomes its answer; see {@link onRefusal}. */
  protected abstract onRequest(request: Request, context: RequestContext): Response | Promise<Response>

  /** A timer that {@link timers} had set is due. At least once; a throw is retried later. */
  protected async onTimer(_name: string): Promise<void> {}

  /** The answer to a refusal, for types whose protocol has errors of its own. */
  protected onRefusal(error: ResourceError, principal: Principal, _request: Request): Response {
    return toProblemResponse(error, principal.requestId)
  }

  /**
   * The whole content as a portable stream; the type's tables unless overridden. What is small is read at once; of what is large (8 MiB)
   * the stream fails when something is written meanwhile, so that it never has two halves of different times. Equal content gives equal
   * bytes: copies are compared by them. Overridden, it has a {@link dumpForm}.
   *
   * @throws ResourceError `invalid_request` for what it cannot copy: virtual tables, what no migration made, entries of `storage.kv`
   */
  protected dump(): ReadableStream<Uint8Array> {
    const before = this.#changes
    return dumpTables(this.#content, () => this.#changes === before)
  }

  protected override async requireCopyable(): Promise<void> {
    // A type's own copy has its own rules.
    if (Reflect.get(this, 'dump') === Reflect.get(ResourceObject.prototype, 'dump'))
      await requireDumpable(this.#content)
  }

  get #content(): Content {
    void this.descriptor
    this.migrateContent()
    return { storage: this.ctx.storage, type: this.constructor, migrations: this.migrations }
  }

  protected override readContent(): ReadableStream<Uint8Array> {
    const content = this.dump()
    const [timers, codes] = [this.#allTimers.all(), readCodes(this.ctx.storage.sql)]
    return wrap({ writtenAs: this.contentForm, timers, codes }, content)
  }

  protected override async loadContent(stream: ReadableStream<Uint8Array>, filling: Filling): Promise<boolean> {
    const { content, writtenAs, timers, codes } = await unwrap(stream)
    const isAlike = isWrittenAlike(writtenAs, this.contentForm)
    // Which {@link load} then takes for its own.
    this.requireTurn(filling)
    await this.load(content)
    await this.#fill(filling, (sql) => {
      this.#allTimers.replace(timers)
      writeCodes(sql, codes)
    })
    this.memory = undefined
    return isAlike
  }

  /**
   * Replaces the content by what {@link dump} made: in one transaction at the end of the stream, or, while nobody sees this object yet, as
   * it comes. Whoever overrides it has ended when its promise does, and whatever it writes goes through {@link write}. What {@link dump} then
   * makes is compared with what came, byte for byte, unless that is of an older schema or {@link dumpForm}: those are to be read for ever.
   */
  protected async load(stream: ReadableStream<Uint8Array>): Promise<void> {
    const { filling } = this
    if (filling !== undefined)
      return fillTables(stream, this.ctx.storage, this.migrations, (change) => this.#fill(filling, change))
    const dump = await readDump(stream)
    await this.write((sql) => {
      replaceContent(sql, dump, this.migrations)
      this.memory = undefined
    })
  }

  /** The object's database. @throws ResourceError `deleted` or `not_found` when there is no live resource to read */
  protected get sql(): SqlStorage {
    void this.descriptor
    this.migrateContent()
    return (this.#sql ??= limitValues(this.ctx.storage.sql))
  }

  /** The type's named timers, on the object's one alarm. */
  protected get timers(): TypeTimers {
    return this.#allTimers
  }

  get #allTimers(): Timers {
    return (this.#timers ??= new Timers(this.ctx.storage))
  }

  get #reports(): UsageReports {
    return (this.#usage ??= new UsageReports(this.#allTimers, this.env, this.ctx.exports))
  }

  /**
   * Runs `change` in a transaction; concurrent writers wait for the next turn and share one commit. Check, then write, synchronously,
   * inside `change`.
   *
   * @param principal of the request: given, the whole gate is asked again, and a token that was revoked meanwhile writes nothing
   * @throws ResourceError when the resource may no longer be written, `storage_full` beyond its byte limit; then nothing was changed
   */
  protected async write<T>(change: (sql: SqlStorage) => T, principal?: Principal): Promise<T> {
    return this.#commit(change, () => {
      this.#requireWritable()
      const refusal = principal === undefined ? undefined : refusalOf(this.held, principal)
      if (refusal !== undefined) throw refusal
    })
  }

  /** A write of an attempt to bring content here: once it is another one's turn, or what came is open, it writes nothing any more. */
  #fill<T>(filling: Filling, change: (sql: SqlStorage) => T): Promise<T> {
    return this.#commit(change, () => this.requireTurn(filling))
  }

  /** @param require asked in the turn of the change */
  async #commit<T>(change: (sql: SqlStorage) => T, require: () => void): Promise<T> {
    if (this.#underWay !== 1) await this.#commits.turn()
    const { limits } = this.descriptor
    require()
    this.migrateContent()
    try {
      const { value, bytes } = limitedTransaction(
        this.ctx.storage,
        // What was allowed where it comes from is allowed here.
        this.elsewhere === undefined ? limits.bytes : Infinity,
        this.#bytes,
        () => change(this.sql),
        () => !this.isFilling && this.#reports.note(Date.now()),
      )
      this.#bytes = bytes
      this.noteChange()
      return value
    } catch (error) {
      this.#timers?.reset()
      this.#usage?.reset()
      throw error
    }
  }

  /** @throws ResourceError unless the resource, or whoever brings it here, may be written now */
  #requireWritable(): void {
    const { mode, moving } = this.descriptor
    if (this.held.kind === 'arriving') {
      if (this.filling !== undefined) return
      throw this.isFilling ? superseded() : notHere('arriving')
    }
    if (mode === 'deleted') throw new ResourceError('deleted', 'This resource was deleted.')
    if (mode === 'active') return
    if (moving === true) throw isMoving()
    throw new ResourceError(mode === 'suspended' ? 'suspended' : 'permission_denied', `This resource is ${mode} now.`)
  }

  protected override noteChange(): void {
    super.noteChange()
    this.#changes++
  }

  protected override get untoldWriteMs(): number | undefined {
    return this.held.kind === 'descriptor' ? this.#reports.untoldWriteMs : undefined
  }

  protected override get counted(): { readonly requests: number; readonly writes: number } {
    return this.#reports.counted
  }

  /** What was true of the old content is not true of the next: the type's memory, and when the alarm stands. */
  protected override resetMemory(): void {
    this.memory = undefined
    this.#timers = undefined
    this.#usage = undefined
    this.#bytes = undefined
  }

  override async fetch(request: Request): Promise<Response> {
    const principal = withoutStaleCookie(this.held, parsePrincipal(request.headers.get(PRINCIPAL_HEADER)))
    const path = pathOf(request.url)
    const { elsewhere } = this
    if (elsewhere !== undefined) return movedResponse(elsewhere, request)
    if (this.held.kind === 'nothing' && request.headers.has(AWAY_HEADER)) return absentResponse()
    if (isPreflight(request)) return answerPreflight(request, this.held)
    const refusal = refusalOf(this.held, principal)
    if (refusal !== undefined) return this.#refuse(refusal, request, principal)
    this.#underWay++
    try {
      const { descriptor } = this
      if (this.#reports.countRequest(Date.now()))
        void this.#reports.sendCounts(descriptor, this.ctx.storage.sql.databaseSize)
      this.migrateContent()
      const response = await this.onRequest(request, { path, principal, descriptor })
      if (response.status === 101) this.#cutIfRefused(principal)
      return withResourceHeaders(response, request, principal, descriptor)
    } catch (error) {
      if (error instanceof ResourceError) return await this.#refuse(error, request, principal)
      throw error
    } finally {
      this.#underWay--
    }
  }

  /** A socket that was accepted while the right to it ended is closed like those before it. */
  #cutIfRefused(principal: Principal): void {
    const refusal = refusalOf(this.held, principal)
    if (refusal !== undefined) closeAllSockets(this.ctx, refusal)
  }

  async #refuse(error: ResourceError, request: Request, principal: Principal): Promise<Response> {
    if (isUpgrade(request)) return refuseSocket(error)
    if (request.body !== null) await readOff(request)
    const descriptor = this.held.kind === 'descriptor' ? this.held.descriptor : undefined
    return withResourceHeaders(this.onRefusal(error, principal, request), request, principal, descriptor)
  }

  override async alarm(): Promise<void> {
    try {
      this.#timers?.reset()
      if (!this.#isActive()) return
      if (await putOffAlarm(this.ctx.storage, this.env)) return
      this.migrateContent()
      await this.#allTimers.run(Date.now(), (name) =>
        name.startsWith(SYSTEM_TIMER_PREFIX)
          ? this.#reports.send(name, this.descriptor, this.ctx.storage.sql.databaseSize)
          : this.onTimer(name),
      )
      // Those that ran are gone.
      this.noteChange()
    } catch (error) {
      // Six throws would end the alarm for good.
      console.error(JSON.stringify({ event: 'timers_failed', error: String(error) }))
      await this.ctx.storage.setAlarm(Date.now() + FAILED_ALARM_PAUSE_MS)
    }
  }

  /** Timers rest while a resource is suspended, read-only or deleted, and go on with what is overdue when it is active again. */
  protected override onAwake(): void {
    if (this.#isActive()) this.#allTimers.arm()
  }

  #isActive(): boolean {
    return this.held.kind === 'descriptor' && this.held.descriptor.mode === 'active'
  }
}
