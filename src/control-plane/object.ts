// A control plane object: one shard of a type's control plane. A thin shell: it makes `deps`, asks the policy, and calls a module.

import { DurableObject } from 'cloudflare:workers'
import { Alarm } from '../object/alarm.ts'
import { GroupCommit } from '../object/group-commit.ts'
import { ResourceError } from '../wire/errors.ts'
import {
  UNKNOWN_CALL,
  type ControlCall,
  type ControlMethod,
  type ControlMethods,
  type Outcome,
} from '../wire/planes.ts'
import { Admission } from './admission/admission.ts'
import type { ControlDeps, ControlServices } from './deps.ts'
import { nextExpiry } from './expiry.ts'
import { createJournal } from './journal.ts'
import { Counters } from './metrics.ts'
import { readMeta, writeMeta } from './meta.ts'
import { METHODS } from './methods.ts'
import { reconcile } from './reconciler.ts'
import { openSchema } from './schema.ts'
import { atItsPlace } from './sharding/place.ts'
import { Slots } from './admission/slots.ts'
import { nextDue } from './work.ts'

/** After a run that failed as a whole, which only a broken database or a wrong release can cause. */
const FAILED_RUN_PAUSE_MS = 60_000

export abstract class ControlObject<Env = unknown> extends DurableObject<Env> {
  #deps: ControlDeps | undefined
  #alarm: Alarm | undefined
  #admission: Admission | undefined

  /** What app.ts knows: the type, the other plane, timers, keys. */
  protected abstract services(): ControlServices

  /** The one RPC face. A refusal is an answer; only the unexpected is thrown. */
  async call<M extends ControlMethod>(call: ControlCall<M>): Promise<Outcome<ControlMethods[M]['value']>> {
    let leave: (() => void) | undefined
    if (!Object.hasOwn(METHODS, call.method)) return { ok: false, error: UNKNOWN_CALL }
    try {
      const deps = this.#open(call.object)
      leave = this.#admission?.enter(call.method, call.caller, deps.now())
      return await atItsPlace(deps, call, METHODS[call.method])
    } catch (error) {
      if (error instanceof ResourceError) return { ok: false, error: error.data }
      throw error
    } finally {
      leave?.()
    }
  }

  override async alarm(): Promise<void> {
    try {
      const deps = this.#open(undefined)
      this.#alarm?.reset()
      await reconcile(deps)
      this.#alarm?.reset()
      deps.arm()
    } catch (error) {
      // Six throws would end the alarm for good: our own next run replaces the platform's retry.
      console.error(JSON.stringify({ event: 'reconcile_run_failed', error: String(error) }))
      await this.ctx.storage.setAlarm(Date.now() + FAILED_RUN_PAUSE_MS)
    }
  }

  /** @param name the object's own name; undefined when an alarm woke it, which knows an object by its id only */
  #open(name: string | undefined): ControlDeps {
    if (this.#deps !== undefined) return this.#deps
    const { storage } = this.ctx
    openSchema(storage)
    const stored = readMeta(storage.sql, 'object_name')
    const objectName = stored ?? name
    if (objectName === undefined) throw new TypeError('an alarm in an object that was never called')
    if (stored === undefined) writeMeta(storage.sql, 'object_name', objectName)
    const services = this.services()
    const offsetMs = services.timers.clockOffsetMs
    const commits = new GroupCommit()
    const counters = new Counters()
    const admission = new Admission((event) => counters.count(event))
    this.#admission = admission
    const alarm = new Alarm(storage, () => {
      const due = nextDue(storage.sql) ?? nextExpiry(storage.sql, services.timers)
      return due === undefined ? undefined : due - offsetMs
    })
    this.#alarm = alarm
    this.#deps = {
      ...services,
      sql: storage.sql,
      objectName,
      counters,
      journal: createJournal(storage.sql, () => Date.now() + offsetMs),
      underWay: new Map(),
      slots: new Slots((account) => admission.isShared(account, Date.now() + offsetMs)),
      now: () => Date.now() + offsetMs,
      arm: () => alarm.arm(),
      transact: async (change) => {
        await commits.turn()
        try {
          return storage.transactionSync(() => change(storage.sql))
        } catch (error) {
          alarm.reset()
          throw error
        }
      },
    }
    // The engine may have dropped an alarm that failed too often; whatever wakes this object sets it again.
    alarm.arm()
    return this.#deps
  }
}
