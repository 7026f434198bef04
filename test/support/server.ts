// Starts the real command line as a child process, and gives a test its handles: both engine processes, the files on disk, the faults.
// Engine processes are known by what the supervisor logs (`--log json`), never by guessing.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { DeploymentSecrets, LifecycleTimers } from '../../src/wire/deployment.ts'
import { FaultHarness, type Plane } from './fault-harness.ts'

export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url))
export const CLI: string = join(ROOT, 'dist/cli/main.js')
/** A hand-written app without the framework, for tests of the engine alone. */
export const NOTES_APP: string = join(ROOT, 'test/support/apps/notes.ts')

/** Every wait of the lifecycle, short enough for a test and long enough for a busy machine. */
export const TEST_TIMERS: Partial<LifecycleTimers> = {
  createWaitMs: 3_000,
  applyDeadlineMs: 3_000,
  callTimeoutMs: 2_000,
  reconcileBaseMs: 50,
  reconcileMaxMs: 500,
}

export interface StartOptions {
  /** App file; default: the ready-made app. */
  readonly app?: string
  readonly env?: Readonly<Record<string, string>>
  /** On top of {@link TEST_TIMERS}. */
  readonly timers?: Partial<LifecycleTimers>
  /** Builds with fault points, and listens to them. */
  readonly faults?: boolean
  /** An existing one is kept at the end; by default a new one, removed at the end. */
  readonly dataDir?: string
  /** Further command line flags. */
  readonly args?: readonly string[]
  /** Default: serve. */
  readonly command?: 'serve' | 'dev'
}

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

/** Servers that still run, for the check after each file (setup.ts). */
export const running = new Set<TestServer>()

/** A new temporary directory of this test process; setup.ts checks that all are gone at the end. */
export function makeTestDirectory(): string {
  return mkdtempSync(join(tmpdir(), `biplane-test-${process.pid}-`))
}

/**
 * Starts a server; resolves when it answers. Inside a test it is stopped at the test's end, otherwise at the file's end.
 *
 * @throws Error with everything it said, when it ends before
 */
export async function startServer(options: StartOptions = {}): Promise<TestServer> {
  const server = new TestServer(options)
  running.add(server)
  try {
    onTestFinished(() => server.dispose())
  } catch {
    // Not inside a test (beforeAll): setup.ts disposes of it.
  }
  if (options.faults === true) await server.listenForFaults()
  await server.start()
  return server
}

export class TestServer {
  readonly dataDir: string
  readonly secretsFile: string
  /** What the supervisor logged, all lives. */
  readonly log: LogLine[] = []
  /** What it printed on stdout, the present life. */
  stdout: string[] = []
  faults: FaultHarness | undefined
  readonly control: EngineHandle
  readonly data: EngineHandle
  readonly #options: StartOptions
  readonly #ownDirectory: string | undefined
  readonly #pids = new Map<Plane, number>()
  readonly #ready = new Set<Plane>()
  #watchers = new Set<() => void>()
  #child: ChildProcess | undefined
  #url = ''

  constructor(options: StartOptions) {
    this.#options = options
    this.#ownDirectory = options.dataDir === undefined ? makeTestDirectory() : undefined
    this.dataDir = options.dataDir ?? join(this.#ownDirectory ?? '', 'data')
    this.secretsFile = `${this.dataDir}.secrets.json`
    this.control = this.#handle('control')
    this.data = this.#handle('data')
  }

  /** Without a trailing slash. */
  get url(): string {
    return this.#url
  }

  get port(): number {
    return Number(new URL(this.#url).port)
  }

  get supervisorPid(): number {
    return this.#child?.pid ?? 0
  }

  get secrets(): DeploymentSecrets {
    return JSON.parse(readFileSync(this.secretsFile, 'utf8')) as DeploymentSecrets
  }

  get operatorKey(): string {
    return this.secrets.operatorKeys.at(-1) ?? ''
  }

  /** `fetch` of a path with the operator's key. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${this.operatorKey}`)
    return fetch(this.#url + path, { redirect: 'manual', ...init, headers })
  }

  async start(): Promise<void> {
    const { app, env, timers, args, command } = this.#options
    const flags = [
      ...(app === undefined ? [] : ['--app', app]),
      ...['--data', this.dataDir, '--port', this.#url === '' ? '0' : String(this.port), '--log', 'json'],
      ...['--timers', JSON.stringify({ ...TEST_TIMERS, ...timers })],
      ...(this.faults === undefined ? [] : ['--faults', this.faults.address]),
    ]
    const child = spawn(process.execPath, [CLI, command ?? 'serve', ...flags, ...(args ?? [])], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
    })
    this.#child = child
    this.stdout = []
    const said: string[] = []
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line)
      this.#onLog(line)
    })
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.stdout.push(line)
      this.#url = /^Biplane listening on (\S+)$/.exec(line)?.[1] ?? this.#url
      this.#changed()
    })
    child.once('close', () => this.#changed())
    await this.#until(
      () => child.exitCode !== null || this.stdout.some((line) => line.startsWith('Biplane listening on')),
      'the ready line',
    )
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${said.join('\n')}`)
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    await closed
    this.#forget()
    return child.exitCode
  }

  /** SIGTERM and a new start on the same data and port. */
  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** Kills the supervisor alone with -9: the engine processes stay, as after a crash. */
  async kill9Supervisor(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  /** Kills everything with -9 at once, as a power failure would (but for the disk). */
  async kill9(): Promise<void> {
    const pids = [...this.#pids.values()]
    await this.kill9Supervisor()
    for (const pid of pids) kill9(pid)
    this.#forget()
  }

  /** Sends a signal to the supervisor. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** Resolves with the exit code when the supervisor has ended by itself. */
  async ended(): Promise<number | null> {
    const child = this.#child
    if (child !== undefined && child.exitCode === null && child.signalCode === null) await once(child, 'close')
    this.#forget()
    return child?.exitCode ?? null
  }

  /** Object files per plane; `metadata.sqlite` is none. */
  sqliteFiles(): Record<Plane, number> {
    const count = (plane: Plane): number => {
      const folder = join(this.dataDir, plane)
      if (!existsSync(folder)) return 0
      return readdirSync(folder, { recursive: true }).filter((name) => /[0-9a-f]{64}\.sqlite$/.test(String(name)))
        .length
    }
    return { control: count('control'), data: count('data') }
  }

  async listenForFaults(): Promise<void> {
    this.faults = await FaultHarness.start((plane) => this[plane].kill9())
  }

  /** The next time that execution passes the point, that process is killed. Needs `faults: true`. */
  armFault(name: string, victim: Plane): void {
    if (this.faults === undefined) throw new Error('start the server with { faults: true }')
    this.faults.arm(name, victim)
  }

  /** Resolves when execution has reached the point and the victim is gone. */
  async faultHit(name: string, times = 1): Promise<void> {
    await this.faults?.hit(name, times)
  }

  /** Resolves with the first log line, past or to come, that `test` accepts. */
  async logged(test: (line: LogLine) => boolean): Promise<LogLine> {
    await this.#until(() => this.log.some(test), 'a log line')
    return this.log.find(test) as LogLine
  }

  /** Ends and removes everything. */
  async dispose(): Promise<void> {
    if (!running.delete(this)) return
    const pids = [...this.#pids.values()]
    await this.stop()
    for (const pid of pids) kill9(pid)
    this.faults?.close()
    if (this.#ownDirectory !== undefined) rmSync(this.#ownDirectory, { recursive: true, force: true })
  }

  #handle(plane: Plane): EngineHandle {
    const pidOf = (): number | undefined => this.#pids.get(plane)
    const { ready, gone } = {
      ready: () => this.#ready.has(plane),
      gone: (pid: number) => this.#pids.get(plane) !== pid,
    }
    return {
      get pid() {
        return pidOf()
      },
      kill9: async () => {
        const pid = pidOf()
        if (pid === undefined) return
        kill9(pid)
        await this.#until(() => gone(pid), `the end of the ${plane} process`)
      },
      ready: () => this.#until(ready, `the ${plane} process`),
    }
  }

  #onLog(text: string): void {
    let line: LogLine
    try {
      line = JSON.parse(text) as LogLine
    } catch {
      line = { event: 'text', message: text }
    }
    this.log.push(line)
    const { event, process: plane, pid } = line
    if (plane !== undefined && pid !== undefined) {
      if (event === 'engine_started') this.#pids.set(plane, pid)
      if (event === 'engine_ready') this.#ready.add(plane)
      if (event === 'engine_exited') {
        this.#ready.delete(plane)
        if (this.#pids.get(plane) === pid) this.#pids.delete(plane)
      }
    }
    this.#changed()
  }

  #forget(): void {
    this.#pids.clear()
    this.#ready.clear()
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher()
  }

  async #until(condition: () => boolean, what: string): Promise<void> {
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
      const timer = setTimeout(
        () =>
          done(
            new Error(
              `waited in vain for ${what}; the server said:\n${this.log.map((line) => line.message).join('\n')}`,
            ),
          ),
        EVENT_TIMEOUT_MS,
      )
      this.#watchers.add(watcher)
    })
  }
}

/** Whether a process of that number runs. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function kill9(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It was quicker.
  }
}
