// One engine process, kept running: spawned with inherited listening descriptors, ready when it says so on its control descriptor,
// started again when it ends by itself, ended with a grace period.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import workerd from 'workerd'
import type { Plane } from './data-directory.ts'
import { EngineError } from './engine-error.ts'
import type { Log } from './log.ts'
import { hasConnections } from './open-connections.ts'
import { identify, threadStates, type ProcessIdentity } from './process-identity.ts'

export interface EngineProcessOptions {
  readonly plane: Plane
  readonly configFile: string
  /** Socket name in the configuration -> descriptor to inherit. */
  readonly sockets: ReadonlyMap<string, number>
  /** Asked at every start: secrets change while the server runs. */
  env(): Readonly<Record<string, string>>
  /** Ports, or paths, of the public sockets, to know when the last request is over; undefined for a process without any. */
  readonly publicAt?: readonly (number | string)[]
  readonly log: Log
  /** Called with each new process, before anything else can happen. */
  onSpawn(identity: ProcessIdentity): void
  /** Called with true when it listens, and with false when it ended by itself. */
  onAlive?(isAlive: boolean): void
}

/** The config constant in the generated file. */
const CONFIG_NAME = 'config'
/** The control descriptor and the first inherited socket; 0 to 2 are the standard ones. */
const CONTROL_FD = 3
const FIRST_SOCKET_FD = 4
/** Restart delays: the first one at once, then from here, doubled up to five seconds, so that a broken engine does not eat a core. */
const BACK_OFF_BASE_MS = 250
const BACK_OFF_MAX_MS = 5_000
/** A process that served this long did not fail at its start: its end counts as a first one. */
const HEALTHY_MS = 2_000
/** How often to look whether the last request is over, or whether threads are stopped: no event tells. */
const LOOK_MS = 10
/** Between two requests there is no connection either: only after this long without one has the engine surely heard that it must not accept more. */
const IDLE_MS = 100
/** A start takes well under a second, also with many objects on disk; one that takes this long never ends. */
const START_DEADLINE_MS = 30_000
/** What the engine said last, for the message when it fails at its first start. */
const KEPT_LINES = 20

/** However the supervisor ends, but for -9: an engine without it would go on alone. */
const living = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

export class EngineProcess {
  readonly #options: EngineProcessOptions
  readonly #lastLines: string[] = []
  #child: ChildProcess | undefined
  #startedMs = 0
  #delayMs = 0
  #isStopping = false
  #retry: NodeJS.Timeout | undefined
  #frozen = 0
  #wantsStart = false

  constructor(options: EngineProcessOptions) {
    this.#options = options
  }

  /** undefined between two lives. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /**
   * Resolves when the engine listens.
   *
   * @throws EngineError when the first start fails: a configuration that never worked is not tried again
   */
  async start(): Promise<void> {
    this.#isStopping = false
    const child = this.#spawn()
    if (await this.#becomesReady(child)) {
      this.#watch(child)
      return
    }
    this.#child = undefined
    throw new EngineError(
      `the ${this.#options.plane} process does not start`,
      this.#lastLines.join('\n       ') || 'it said nothing',
      'If the text above names your code, fix it there; otherwise report it.',
    )
  }

  /** SIGTERM, then SIGKILL once no request is open any more or the grace period is over. Safe: what was acknowledged is on disk. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true
    clearTimeout(this.#retry)
    const child = this.#child
    if (child?.pid === undefined) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    child.kill('SIGCONT')
    const deadline = Date.now() + graceMs
    let idleSinceMs: number | undefined
    // An engine with a live connection to its peer never ends by itself, so look for clients, too.
    while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
      const isIdle = this.#options.publicAt !== undefined && hasConnections(child.pid, this.#options.publicAt) === false
      idleSinceMs = isIdle ? (idleSinceMs ?? Date.now()) : undefined
      if (idleSinceMs !== undefined && Date.now() - idleSinceMs >= IDLE_MS) break
      await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, LOOK_MS))])
    }
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await exited
    this.#child = undefined
  }

  /** Ends it at once. */
  kill(): void {
    this.#isStopping = true
    clearTimeout(this.#retry)
    this.#child?.kill('SIGKILL')
  }

  /** Resolves when no thread of the process runs any more; it is not started either, until {@link thaw}. */
  async freeze(): Promise<void> {
    this.#frozen++
    const pid = this.#child?.pid
    if (pid === undefined) return
    this.#child?.kill('SIGSTOP')
    while (threadStates(pid).some((state) => !['T', 't', 'Z', 'X'].includes(state))) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }

  thaw(): void {
    this.#frozen--
    if (this.#frozen > 0) return
    this.#child?.kill('SIGCONT')
    if (this.#wantsStart) this.#restart()
  }

  #spawn(): ChildProcess {
    const { plane, configFile, sockets, log } = this.#options
    const socketArguments = [...sockets.keys()].flatMap((name, index) => [
      '--socket-fd',
      `${name}=${FIRST_SOCKET_FD + index}`,
    ])
    const child = spawn(
      workerd.default,
      ['serve', configFile, CONFIG_NAME, `--control-fd=${CONTROL_FD}`, ...socketArguments],
      {
        stdio: ['ignore', 'pipe', 'pipe', 'pipe', ...sockets.values()],
        env: this.#options.env(),
        // Its own group: Ctrl-C in the terminal reaches the supervisor only, which then lets requests finish.
        detached: true,
      },
    )
    this.#child = child
    this.#startedMs = Date.now()
    living.add(child)
    child.once('exit', () => living.delete(child))
    const identity = child.pid === undefined ? undefined : identify(child.pid)
    if (identity !== undefined) this.#options.onSpawn(identity)
    log({
      level: 'info',
      event: 'engine_started',
      process: plane,
      pid: child.pid,
      message: `started as process ${child.pid}`,
    })
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.#onLine(line))
    }
    return child
  }

  /** True once every socket listens, false when the process ends first. */
  #becomesReady(child: ChildProcess): Promise<boolean> {
    const waiting = new Set(this.#options.sockets.keys())
    const deadline = setTimeout(() => child.kill('SIGKILL'), START_DEADLINE_MS)
    child.once('exit', () => clearTimeout(deadline))
    return new Promise((resolve) => {
      child.once('error', (error) => {
        this.#onLine(error.message)
        resolve(false)
      })
      child.once('exit', () => resolve(false))
      const control = child.stdio[CONTROL_FD] as NodeJS.ReadableStream
      createInterface({ input: control }).on('line', (line) => {
        waiting.delete((JSON.parse(line) as { socket: string }).socket)
        if (waiting.size > 0) return
        clearTimeout(deadline)
        const { log, plane } = this.#options
        log({
          level: 'info',
          event: 'engine_ready',
          process: plane,
          pid: child.pid,
          message: `ready as process ${child.pid}`,
        })
        this.#options.onAlive?.(true)
        resolve(true)
      })
    })
  }

  #watch(child: ChildProcess): void {
    const onExit = (): void => {
      if (this.#child === child) this.#child = undefined
      if (this.#isStopping) return
      this.#options.onAlive?.(false)
      if (Date.now() - this.#startedMs >= HEALTHY_MS) this.#delayMs = 0
      const how = child.signalCode ?? `code ${child.exitCode}`
      this.#options.log({
        level: 'error',
        event: 'engine_exited',
        process: this.#options.plane,
        pid: child.pid,
        delayMs: this.#delayMs,
        message: `process ${child.pid} ended (${how}); starting again${this.#delayMs > 0 ? ` in ${this.#delayMs} ms` : ''}`,
      })
      if (this.#delayMs === 0) this.#restart()
      else this.#retry = setTimeout(() => this.#restart(), this.#delayMs)
      this.#delayMs = Math.min(BACK_OFF_MAX_MS, Math.max(BACK_OFF_BASE_MS, this.#delayMs * 2))
    }
    if (child.exitCode !== null || child.signalCode !== null) onExit()
    else child.once('exit', onExit)
  }

  #restart(): void {
    this.#wantsStart = this.#frozen > 0
    if (this.#wantsStart) return
    const child = this.#spawn()
    void this.#becomesReady(child)
    this.#watch(child)
  }

  #onLine(line: string): void {
    this.#lastLines.push(line)
    if (this.#lastLines.length > KEPT_LINES) this.#lastLines.shift()
    this.#options.log({ level: 'info', event: 'engine_output', process: this.#options.plane, ...parseLine(line) })
  }
}

/** The engine's structured lines have a level and a message; everything else is a message. */
function parseLine(line: string): { level?: 'info' | 'warn' | 'error'; message: string } {
  if (!line.startsWith('{')) return { message: line }
  try {
    const { level, message, ...rest } = JSON.parse(line) as { level?: string; message?: unknown }
    if (typeof message !== 'string') return { message: line }
    return { ...rest, level: level === 'error' || level === 'warn' ? level : 'info', message }
  } catch {
    return { message: line }
  }
}
