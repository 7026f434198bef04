// The front, kept running: it inherits the public listening descriptor, which the supervisor holds, so that connections wait in the
// kernel's queue while it is started again. What was open through it is cut; its clients connect again.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EngineError } from './engine-error.ts'
import type { FrontCell, FrontTable } from './front.ts'
import type { FrontMessage } from './front-main.ts'
import type { Log } from './log.ts'

export interface FrontOptions {
  /** Listens. */
  readonly fd: number
  readonly cells: readonly Omit<FrontCell, 'isUp'>[]
  readonly trustedProxies: readonly string[]
  readonly log: Log
}

/** One that dies young again and again must not eat a core. */
const RESTART_MS = 250

const PROGRAM = fileURLToPath(new URL(`./front-main${extname(import.meta.url)}`, import.meta.url))

export class FrontProcess {
  readonly #options: FrontOptions
  readonly #up = new Set<string>()
  #child: ChildProcess | undefined
  #startedMs = 0
  #isStopping = false
  #retry: NodeJS.Timeout | undefined

  constructor(options: FrontOptions) {
    this.#options = options
  }

  /** Resolves when it brings connections to the cells. @throws EngineError */
  async start(): Promise<void> {
    const child = this.#spawn()
    const [said] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as unknown[]
    if (said !== 'ready')
      throw new EngineError('the front does not start', `it ended with ${String(said)}`, 'Look at what it says above.')
  }

  /** Whether connections are brought to a cell, or told that it is away. */
  setUp(cell: string, isUp: boolean): void {
    if (isUp) this.#up.add(cell)
    else this.#up.delete(cell)
    this.#tell()
  }

  /** Accepts nothing more; what is open goes on until its end, or `kill`. */
  close(): void {
    this.#isStopping = true
    clearTimeout(this.#retry)
    this.#send({ kind: 'close' })
  }

  kill(): void {
    this.#isStopping = true
    clearTimeout(this.#retry)
    this.#child?.kill('SIGKILL')
  }

  #spawn(): ChildProcess {
    const { fd, log } = this.#options
    const child = spawn(process.execPath, [PROGRAM], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', fd],
      env: {},
      // Its own group, as the engine's processes: Ctrl-C in the terminal reaches the supervisor only.
      detached: true,
    })
    this.#child = child
    this.#startedMs = performance.now()
    this.#tell()
    const message = `started as process ${child.pid}`
    log({ level: 'info', event: 'front_started', process: 'front', pid: child.pid, message })
    // There was no process to be had: later there may be.
    child.once('error', () => {
      if (!this.#isStopping && child.pid === undefined) this.#retry = setTimeout(() => this.#spawn(), RESTART_MS)
    })
    child.once('exit', (code, signal) => {
      if (this.#isStopping) return
      const how = `process ${child.pid} ended (${signal ?? `code ${code}`}); starting again`
      log({ level: 'error', event: 'front_exited', process: 'front', pid: child.pid, message: how })
      const isYoung = performance.now() - this.#startedMs < RESTART_MS
      if (isYoung) this.#retry = setTimeout(() => this.#spawn(), RESTART_MS)
      else this.#spawn()
    })
    return child
  }

  #tell(): void {
    const { cells, trustedProxies } = this.#options
    const withState = cells.map((cell) => ({ ...cell, isUp: this.#up.has(cell.codes[0]) }))
    const table: FrontTable = { cells: withState, trustedProxies }
    this.#send({ kind: 'table', table })
  }

  #send(message: FrontMessage): void {
    // One that has just ended is started again, and told then.
    if (this.#child?.connected === true) this.#child.send(message, () => {})
  }
}
