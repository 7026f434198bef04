// What the supervisor logs (`--log json`), and what follows from it: which engine processes there are, and which of them answer.

import { readFileSync } from 'node:fs'
import type { Plane } from './fault-harness.ts'

export interface LogLine {
  readonly event: string
  readonly message: string
  readonly process?: Plane | 'front'
  /** Of a server with several. */
  readonly cell?: string
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
  /** By cell, of a server with several, and process. */
  readonly #pids = new Map<string, number>()
  readonly #ready = new Set<string>()
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
    const { event, process: name, pid, cell } = line
    if (name !== undefined && pid !== undefined) this.#follow(event, keyOf(name, cell), pid)
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

  handle(name: Plane | 'front', cell?: string): EngineHandle {
    const key = keyOf(name, cell)
    const pidOf = (): number | undefined => this.#pids.get(key)
    return {
      get pid() {
        return pidOf()
      },
      kill9: async () => {
        const pid = pidOf()
        if (pid === undefined) return
        kill9(pid)
        await this.until(() => pidOf() !== pid, `the end of the process ${key}`)
      },
      ready: () => this.until(() => this.#ready.has(key), `the process ${key}`),
    }
  }

  #follow(event: string, key: string, pid: number): void {
    if (event === 'engine_started' || event === 'front_started') this.#pids.set(key, pid)
    if (event === 'engine_ready' || event === 'front_started') this.#ready.add(key)
    if (event === 'engine_exited' || event === 'front_exited') {
      this.#ready.delete(key)
      if (this.#pids.get(key) === pid) this.#pids.delete(key)
    }
  }
}

function keyOf(name: string, cell: string | undefined): string {
  return cell === undefined ? name : `${cell} ${name}`
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
