// What an object tells its control object about itself: how large it is, when it was last written to, and how often it was asked. Lazily:
// the first write after a report sets a timer in its own transaction, the others pay nothing, and nobody waits for the report. Requests are
// counted in memory alone, and told with the writes; of an object that is only read, by a request that comes an interval after the last
// report. What is counted when the object goes to sleep or its process dies is lost: the count is approximate.

import { withDeadline } from '../object/deadline.ts'
import { BINDINGS, parseConfig, toTimers, type LifecycleTimers } from '../wire/deployment.ts'
import type { Descriptor } from '../wire/descriptor.ts'
import { ResourceError } from '../wire/errors.ts'
import {
  FIRST_POLICY_EPOCH,
  PLANES_VERSION,
  type ControlCall,
  type ControlPlaneFace,
  type Outcome,
} from '../wire/planes.ts'
import { SYSTEM_TIMER_PREFIX, type Timers } from './timers.ts'

/** The name goes on with the time of the write that set it: after an eviction nothing else knows it, and a table of its own would cost more. */
const REPORT_TIMER = `${SYSTEM_TIMER_PREFIX}usage `

/** Stands for the time of a last write in a report that is about reads alone. */
const UNWRITTEN = 0

/** Part of an interval over which reports are spread at random: what thousands of objects wrote at once is not reported at once. */
const JITTER = 0.5

/** A control plane that does not answer by then is hanging, and is asked again. Short: the object's own timers wait behind it. */
const REPORT_DEADLINE_MS = 2_000

/** As many as the edge follows. */
const MAX_HOPS = 4

export class UsageReports {
  readonly #timers: Timers
  readonly #controlPlane: ControlPlaneFace
  readonly #durations: LifecycleTimers
  /** Whether a report is to come that will know of the next write; undefined when only the table knows. */
  #isSet: boolean | undefined
  /** Timer of the last report that was sent: it knows nothing of the next write, and is about to go. */
  #sent: string | undefined
  #lastWriteMs = 0
  /** Since the last report. */
  #requests = 0
  #writes = 0
  /** When the last report was sent, or this instance's first request came. */
  #lastReportMs = 0

  /** @param loopback the Worker's own entrypoints, where both planes are in one */
  constructor(timers: Timers, env: unknown, loopback: unknown) {
    const bindings = env as Readonly<Record<string, unknown>>
    this.#timers = timers
    this.#controlPlane = (bindings[BINDINGS.controlPlane] ??
      (loopback as { ControlPlane: unknown }).ControlPlane) as ControlPlaneFace
    this.#durations = toTimers(parseConfig(bindings[BINDINGS.config]))
  }

  /** Counts a request. @returns whether it is time to tell, since nobody writes */
  countRequest(nowMs: number): boolean {
    this.#requests++
    if (this.#lastReportMs === 0) this.#lastReportMs = nowMs
    if (nowMs - this.#lastReportMs < this.#durations.usageIntervalMs) return false
    this.#lastReportMs = nowMs
    // A write's report is about to come, and tells this, too.
    return this.#isSet !== true
  }

  /** Tells what was counted of an object that nobody writes to. What is not taken is counted again. Never throws. */
  async sendCounts(descriptor: Descriptor, bytes: number): Promise<void> {
    await this.#tell(descriptor, { bytes, writeTimeMs: UNWRITTEN }).catch(() => undefined)
  }

  /** What was counted and not told. */
  get counted(): { readonly requests: number; readonly writes: number } {
    return { requests: this.#requests, writes: this.#writes }
  }

  /** When the last write was that is not told yet. */
  get untoldWriteMs(): number | undefined {
    const times = this.#timers.system().map((name) => Number(name.slice(REPORT_TIMER.length)))
    return times.length === 0 ? undefined : Math.max(this.#lastWriteMs, ...times)
  }

  /** Takes note of a write, in its transaction. @returns whether that wrote anything */
  note(nowMs: number): boolean {
    this.#writes++
    this.#lastWriteMs = nowMs
    this.#isSet ??= this.#timers.system().some((name) => name !== this.#sent)
    if (this.#isSet) return false
    const delayMs = Math.round(this.#durations.usageIntervalMs * (1 + JITTER * Math.random()))
    this.#timers.setSystem(`${REPORT_TIMER}${nowMs}`, nowMs + delayMs)
    this.#isSet = true
    return true
  }

  /** The transaction that took note was rolled back. */
  reset(): void {
    this.#isSet = undefined
  }

  /**
   * The timer is due.
   *
   * @throws when the control plane did not take the report, and no later write will bring another one
   */
  async send(timer: string, descriptor: Descriptor, bytes: number): Promise<void> {
    const writeTimeMs = Math.max(this.#lastWriteMs, Number(timer.slice(REPORT_TIMER.length)))
    this.#sent = timer
    this.#isSet = undefined
    try {
      await this.#tell(descriptor, { bytes, writeTimeMs })
    } catch (error) {
      // A write has set the next one meanwhile. While the control plane is away, timers must not grow in number with the attempts.
      if (this.#timers.system().some((name) => name !== timer)) return
      this.#sent = undefined
      throw error
    }
  }

  /** One report, with what was counted since the last one that was taken. @throws when it was not taken */
  async #tell(
    { id, type, account, shard, incarnation }: Descriptor,
    { bytes, writeTimeMs }: { readonly bytes: number; readonly writeTimeMs: number },
  ): Promise<void> {
    // Taken at once: a report that is sent while this one is on its way must not tell the same again.
    const [requests, writes] = [this.#requests, this.#writes]
    this.#requests = 0
    this.#writes = 0
    const call: ControlCall<'reportUsage'> = {
      v: PLANES_VERSION,
      type,
      object: shard,
      method: 'reportUsage',
      args: { id, incarnation, usage: { bytes, writeTimeMs, requests, writes } },
      // The object speaks for itself; the operator's role is the one that no quota or role of an account stands in the way of.
      caller: {
        account,
        role: 'operator',
        limits: {},
        policyEpoch: FIRST_POLICY_EPOCH,
        requestId: crypto.randomUUID(),
      },
    }
    this.#lastReportMs = Date.now()
    try {
      const outcome = await this.#report(call)
      // `false` is an answer: the row is gone, or of another incarnation, and asking again changes nothing.
      if (!outcome.ok) throw new ResourceError(outcome.error.code, outcome.error.message, outcome.error)
    } catch (error) {
      this.#requests += requests
      this.#writes += writes
      throw error
    }
  }

  /** The account may have moved since the descriptor was made; the next one names its shard. */
  async #report(call: ControlCall<'reportUsage'>): Promise<Outcome<boolean>> {
    for (let hop = 0, { object } = call; ; hop++) {
      const answer = this.#controlPlane.call({ ...call, object })
      const outcome = await withDeadline(answer, REPORT_DEADLINE_MS, 'The control plane')
      const next = outcome.ok ? undefined : outcome.moved?.object
      if (next === undefined || hop === MAX_HOPS) return outcome
      object = next
    }
  }
}
