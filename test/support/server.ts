// Starts the real command line as a child process, and gives a test its handles: both engine processes, the files on disk, the faults.
// Engine processes are known by what the supervisor logs (`--log json`), never by guessing.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { DeploymentSecrets, LifecycleTimers } from '../../src/wire/deployment.ts'
import { EngineLog, kill9, type EngineHandle, type LogLine } from './engine-log.ts'
import { FaultHarness, type Plane } from './fault-harness.ts'
import { freePort } from './ports.ts'

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
  // Purged at once, unless a test is about restoring.
  deleteRetentionMs: 0,
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
  /** Of a new data directory, instead of those that the first start makes. */
  readonly secrets?: DeploymentSecrets
  /** Default: any free one. */
  readonly port?: number
  /** Further command line flags. */
  readonly args?: readonly string[]
  /** Default: serve. */
  readonly command?: 'serve' | 'dev'
}

/** Servers that still run, for the check after each file (setup.ts). */
export const running = new Set<TestServer>()

/** See global-setup.ts. */
const KEPT_BUNDLES = { BIPLANE_BUNDLE_CACHE: process.env['BIPLANE_BUNDLE_CACHE'] ?? '' }

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
  /** What it printed on stdout, the present life. */
  stdout: string[] = []
  faults: FaultHarness | undefined
  readonly control: EngineHandle
  readonly data: EngineHandle
  readonly #options: StartOptions
  readonly #ownDirectory: string | undefined
  readonly #engine = new EngineLog()
  #child: ChildProcess | undefined
  #url = ''

  constructor(options: StartOptions) {
    this.#options = options
    this.#ownDirectory = options.dataDir === undefined ? makeTestDirectory() : undefined
    this.dataDir = options.dataDir ?? join(this.#ownDirectory ?? '', 'data')
    this.secretsFile = `${this.dataDir}.secrets.json`
    if (options.secrets !== undefined) writeFileSync(this.secretsFile, JSON.stringify(options.secrets), { mode: 0o600 })
    this.control = this.#engine.handle('control')
    this.data = this.#engine.handle('data')
  }

  /** Without a trailing slash. */
  get url(): string {
    return this.#url
  }

  get port(): number {
    return Number(new URL(this.#url).port)
  }

  /** What the supervisor logged, all lives. */
  get log(): readonly LogLine[] {
    return this.#engine.lines
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
    const port = this.#url === '' ? (this.#options.port ?? (await freePort())) : this.port
    const flags = [
      `--data=${this.dataDir}`,
      `--port=${port}`,
      '--log=json',
      `--timers=${JSON.stringify({ ...TEST_TIMERS, ...timers })}`,
      ...(app === undefined ? [] : ['--app', app]),
      ...(this.faults === undefined ? [] : ['--faults', this.faults.address]),
    ]
    const child = spawn(process.execPath, [CLI, command ?? 'serve', ...flags, ...(args ?? [])], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...KEPT_BUNDLES, ...env },
    })
    this.#child = child
    this.stdout = []
    const said: string[] = []
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line)
      this.#engine.add(line)
    })
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.stdout.push(line)
      this.#url = /^Biplane listening on (\S+)$/.exec(line)?.[1] ?? this.#url
      this.#engine.changed()
    })
    child.once('close', () => this.#engine.changed())
    await this.#engine.until(
      () => child.exitCode !== null || this.stdout.some((line) => line.startsWith('Biplane listening on')),
      'the ready line',
    )
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${said.join('\n')}`)
  }

  /** A process of a server with several cells: a cell's, or the front before them. */
  processOf(name: Plane | 'front', cell?: string): EngineHandle {
    return this.#engine.handle(name, cell)
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    await closed
    this.#engine.forget()
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
    const pids = this.#engine.pids
    await this.kill9Supervisor()
    for (const pid of pids) kill9(pid)
    this.#engine.forget()
  }

  /** Sends a signal to the supervisor. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** Resolves with the exit code when the supervisor has ended by itself. */
  async ended(): Promise<number | null> {
    const child = this.#child
    if (child !== undefined && child.exitCode === null && child.signalCode === null) await once(child, 'close')
    this.#engine.forget()
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
    await this.#engine.until(() => this.log.some((line) => test(line)), 'a log line')
    return this.log.find((line) => test(line)) as LogLine
  }

  /** Ends and removes everything. */
  async dispose(): Promise<void> {
    if (!running.delete(this)) return
    const pids = this.#engine.pids
    await this.stop()
    for (const pid of pids) kill9(pid)
    this.faults?.close()
    if (this.#ownDirectory !== undefined) rmSync(this.#ownDirectory, { recursive: true, force: true })
  }
}
