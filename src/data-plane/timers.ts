// Named timers on the one alarm that an object has.

import { Alarm } from '../object/alarm.ts'

/** How long after a failed run a timer is tried again: doubles from the first to the second. The platform itself gives up after six. */
const RETRY_BASE_MS = 2_000
const RETRY_MAX_MS = 600_000

export class Timers {
  readonly #storage: DurableObjectStorage
  readonly #alarm: Alarm

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
    this.#alarm = new Alarm(storage, () => {
      const { due } = storage.sql.exec<{ due: number | null }>('SELECT min(due_ms) AS due FROM biplane_timer').one()
      return due ?? undefined
    })
  }

  /** Sets or moves a timer. Part of the turn's transaction, like any other write. */
  set(name: string, dueMs: number): void {
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

  /** A transaction was rolled back, and with it an alarm that it may have set. */
  rolledBack(): void {
    this.#alarm.reset()
  }

  /** Forgets a timer; a run that has begun is not stopped. */
  clear(name: string): void {
    this.#storage.sql.exec('DELETE FROM biplane_timer WHERE name = ?', name)
  }

  /** When a timer is due, or undefined when it is not set. */
  get(name: string): number | undefined {
    return this.#storage.sql
      .exec<{ due_ms: number }>('SELECT due_ms FROM biplane_timer WHERE name = ?', name)
      .toArray()[0]?.due_ms
  }

  /** Runs what is due, once each, at least once in all; a timer that throws is retried with a growing delay. */
  async run(nowMs: number, onTimer: (name: string) => Promise<void>): Promise<void> {
    this.#alarm.reset()
    const due = this.#storage.sql
      .exec<{ name: string; due_ms: number; attempt: number }>(
        'SELECT name, due_ms, attempt FROM biplane_timer WHERE due_ms <= ? ORDER BY due_ms',
        nowMs,
      )
      .toArray()
    for (const timer of due) {
      try {
        await onTimer(timer.name)
        // A run that set its own timer again keeps the new time.
        this.#storage.sql.exec('DELETE FROM biplane_timer WHERE name = ? AND due_ms = ?', timer.name, timer.due_ms)
      } catch (error) {
        console.error(
          JSON.stringify({ event: 'timer_failed', timer: timer.name, attempt: timer.attempt, error: String(error) }),
        )
        this.#storage.sql.exec(
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
}
