// Named timers on the one alarm that an object has.

import { Alarm } from '../object/alarm.ts'

/** Timers of the base class. A type cannot set, clear or read one. */
export const SYSTEM_TIMER_PREFIX = 'biplane:'

/** How long after a failed run a timer is tried again: doubles from the first to the second. The platform itself gives up after six. */
const RETRY_BASE_MS = 2_000
const RETRY_MAX_MS = 600_000

/** Made by the first timer that is set: most objects never have one, and every table costs pages and time at creation. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS biplane_timer (
    name TEXT PRIMARY KEY, due_ms INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
`

/** A type's own timers. */
export interface TypeTimers {
  /**
   * Sets or moves a timer. Part of the turn's transaction, like any other write.
   *
   * @throws TypeError for a name that is the base class's
   */
  set(name: string, dueMs: number): void
  /** Forgets a timer; a run that has begun is not stopped. */
  clear(name: string): void
  /** When a timer is due, or undefined when it is not set. */
  get(name: string): number | undefined
}

export class Timers implements TypeTimers {
  readonly #storage: DurableObjectStorage
  readonly #alarm: Alarm

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
    this.#alarm = new Alarm(
      storage,
      () => this.#rows('SELECT min(due_ms) AS due_ms FROM biplane_timer')[0]?.due_ms ?? undefined,
    )
  }

  set(name: string, dueMs: number): void {
    requireTypeName(name)
    this.setSystem(name, dueMs)
  }

  /** {@link set} for the base class. */
  setSystem(name: string, dueMs: number): void {
    this.#storage.sql.exec(SCHEMA)
    this.#storage.sql.exec(
      `INSERT INTO biplane_timer (name, due_ms) VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET due_ms = excluded.due_ms, attempt = 0`,
      name,
      dueMs,
    )
    this.#alarm.arm()
  }

  /** Sets the alarm again: after a wake-up (the engine may have dropped one that failed too often), or when a resource is active again. */
  arm(): void {
    this.#alarm.arm()
  }

  /** There may be no alarm any more: a transaction that set it was rolled back, or it fired. */
  reset(): void {
    this.#alarm.reset()
  }

  clear(name: string): void {
    requireTypeName(name)
    if (this.get(name) !== undefined) this.#storage.sql.exec('DELETE FROM biplane_timer WHERE name = ?', name)
  }

  get(name: string): number | undefined {
    requireTypeName(name)
    return this.#rows('SELECT due_ms FROM biplane_timer WHERE name = ?', name)[0]?.due_ms
  }

  /** Names of the base class's timers that are set. */
  system(): string[] {
    return this.#rows(`SELECT name FROM biplane_timer WHERE ${IS_SYSTEM}`).map(({ name }) => name)
  }

  /** The type's, by name. */
  all(): [name: string, dueMs: number][] {
    return this.#rows(`SELECT name, due_ms FROM biplane_timer WHERE NOT ${IS_SYSTEM} ORDER BY name`).map((row) => [
      row.name,
      row.due_ms,
    ])
  }

  /** Replaces all of them, also the base class's own. Part of the caller's transaction. */
  replace(timers: Iterable<readonly [name: string, dueMs: number]>): void {
    this.#storage.sql.exec('DROP TABLE IF EXISTS biplane_timer')
    for (const [name, dueMs] of timers) {
      requireTypeName(name)
      this.#storage.sql.exec(SCHEMA)
      this.#storage.sql.exec('REPLACE INTO biplane_timer (name, due_ms) VALUES (?, ?)', name, dueMs)
    }
  }

  /**
   * Runs what is due, once each, at least once in all; a timer that throws is retried with a growing delay. The base class's come last:
   * they call another process, and no type's timer waits for that.
   */
  async run(nowMs: number, onTimer: (name: string) => Promise<void>): Promise<void> {
    this.#alarm.reset()
    const due = this.#rows(
      `SELECT name, due_ms, attempt FROM biplane_timer WHERE due_ms <= ? ORDER BY ${IS_SYSTEM}, due_ms`,
      nowMs,
    )
    for (const timer of due) {
      try {
        await onTimer(timer.name)
        // A run that set its own timer again keeps the new time.
        this.#rows('DELETE FROM biplane_timer WHERE name = ? AND due_ms = ?', timer.name, timer.due_ms)
      } catch (error) {
        console.error(
          JSON.stringify({ event: 'timer_failed', timer: timer.name, attempt: timer.attempt, error: String(error) }),
        )
        this.#rows(
          'UPDATE biplane_timer SET attempt = attempt + 1, due_ms = ? WHERE name = ? AND due_ms = ?',
          Date.now() + Math.min(RETRY_BASE_MS * 2 ** timer.attempt, RETRY_MAX_MS),
          timer.name,
          timer.due_ms,
        )
      }
    }
    this.#alarm.reset()
    this.#alarm.arm()
  }

  /** Without making the table: a run may end after a purge. */
  #rows(query: string, ...bindings: (string | number)[]): TimerRow[] {
    const { sql } = this.#storage
    const hasTable = sql.exec("SELECT 1 FROM sqlite_schema WHERE name = 'biplane_timer'").toArray().length === 1
    return hasTable ? sql.exec<TimerRow>(query, ...bindings).toArray() : []
  }
}

/** For SQL: whether a row is the base class's. */
const IS_SYSTEM = `substr(name, 1, ${SYSTEM_TIMER_PREFIX.length}) = '${SYSTEM_TIMER_PREFIX}'`

function requireTypeName(name: string): void {
  if (name.startsWith(SYSTEM_TIMER_PREFIX)) {
    throw new TypeError(`names of timers that begin with "${SYSTEM_TIMER_PREFIX}" are not for types: "${name}"`)
  }
}

/** As far as the query asks. */
type TimerRow = { name: string; due_ms: number; attempt: number }
