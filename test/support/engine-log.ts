// What the supervisor logs (`--log json`), and what follows from it: which engine processes there are, and which of them answer.

import { readFileSync } from 'node:fs'
import type { Plane } from './fault-harness.ts'

export interface LogLine {
  readonly event: string
  readonly message: string
  readonly process?: Plane
  readonly pid?: number
  readonly [detail: string]: unknown
}

/** One engine process, over all its lives. */
export interface EngineHandle {
  /** undefined while there is none. */
  readonly pid: number | undefined
  /** Kills it with -9, resolves when the supervisor has noticed. It is started again. */
  kill9(): Promise<void>
  /** Resolves when it answers (again). */
  ready(): Promise<void>
}

/** Longest wait for an event that must come; a start takes well under a second. */
const EVENT_TIMEOUT_MS = 20_000

export class EngineLog {
  /** All lives of the supervisor. */
  readonly lines: LogLine[] = []
  readonly #pids = new Map<Plane, number>()
  readonly #ready = new Set<Plane>()
  readonly #watchers = new Set<() => void>()

  get pids(): number[] {
    return [...this.#pids.values()]
  }

  add(text: string): void {
    let line: LogLine
    try {
      line = JSON.parse(text) as LogLine
    } catch {
      line = { event: 'text', message: text }
    }
    this.lines.push(line)
    const { event, process: plane, pid } = line
    if (plane !== undefined && pid !== undefined) this.#follow(event, plane, pid)
    this.changed()
  }

  /** There is no engine any more. */
  forget(): void {
    this.#pids.clear()
    this.#ready.clear()
  }

  /** Something that an {@link until} may wait for has happened. */
  changed(): void {
    for (const watcher of this.#watchers) watcher()
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    if (condition()) return
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error): void => {
        clearTimeout(timer)
        this.#watchers.delete(watcher)
        if (error === undefined) resolve()
        else reject(error)
      }
      const watcher = (): void => {
        if (condition()) done()
      }
      const timer = setTimeout(() => {
        const said = this.lines.map((line) => line.message).join('\n')
        done(new Error(`waited in vain for ${what}; the server said:\n${said}`))
      }, EVENT_TIMEOUT_MS)
      this.#watchers.add(watcher)
    })
  }

  handle(plane: Plane): EngineHandle {
    const pidOf = (): number | undefined => this.#pids.get(plane)
    return {
      get pid() {
        return pidOf()
      },
      kill9: async () => {
        const pid = pidOf()
        if (pid === undefined) return
        kill9(pid)
        await this.until(() => pidOf() !== pid, `the end of the ${plane} process`)
      },
      ready: () => this.until(() => this.#ready.has(plane), `the ${plane} process`),
    }
  }

  #follow(event: string, plane: Plane, pid: number): void {
    if (event === 'engine_started') this.#pids.set(plane, pid)
    if (event === 'engine_ready') this.#ready.add(plane)
    if (event === 'engine_exited') {
      this.#ready.delete(plane)
      if (this.#pids.get(plane) === pid) this.#pids.delete(plane)
    }
  }
}

/** Whether a process of that number runs. One that waits to be collected by its parent does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

export function kill9(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It was quicker.
  }
}
