// Starts what a file of deploy/ describes, as its supervisor would: that command with that environment, that health check, that signal to
// the main process alone, and that time until everything has to be gone.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import type { DeploymentSecrets } from '../../src/wire/deployment.ts'
import { EngineLog, isRunning, kill9 } from './engine-log.ts'
import { CLI } from './server.ts'

export interface Supervised {
  /** The first word is the package's command. */
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly stopSignal: NodeJS.Signals
  readonly stopWithinMs: number
  /** A command whose success says that the server is up; absent: `/readyz` is asked. */
  readonly health?: readonly string[]
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Longest start of a busy machine. */
const HEALTHY_WITHIN_MS = 20_000
const HEALTH_INTERVAL_MS = 250

export class SupervisedProcess {
  readonly #about: Supervised
  readonly #log = new EngineLog()
  #child: ChildProcess | undefined

  constructor(about: Supervised) {
    this.#about = about
    onTestFinished(() => {
      this.#child?.kill('SIGKILL')
      for (const pid of this.#log.pids) kill9(pid)
    })
  }

  /** Resolves when the health check succeeds. @throws Error with what it said when it ends or takes too long */
  async start(): Promise<void> {
    const { command, env } = this.#about
    const [program = '', ...args] = command
    if (program.split('/').at(-1) !== 'biplane') throw new Error(`${program} is not our command`)
    const child = spawn(process.execPath, [CLI, ...args], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child = child
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => this.#log.add(line))
    const endMs = performance.now() + HEALTHY_WITHIN_MS
    while (!(await this.#isHealthy())) {
      if (child.exitCode !== null || performance.now() > endMs)
        throw new Error(`it is not healthy:\n${this.#log.lines.map(({ message }) => message).join('\n')}`)
      await new Promise((resolve) => setTimeout(resolve, HEALTH_INTERVAL_MS))
    }
  }

  /** @returns how it ended, how long that took, and what of it is left */
  async stop(): Promise<{ readonly code: number | null; readonly ms: number; readonly left: readonly number[] }> {
    const { stopSignal, stopWithinMs } = this.#about
    const child = this.#child
    if (child === undefined) throw new Error('start it first')
    const { pids } = this.#log
    const begin = performance.now()
    const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
    child.kill(stopSignal)
    const [code] = (await once(child, 'close')) as [number | null]
    clearTimeout(timer)
    return { code, ms: performance.now() - begin, left: pids.filter(isRunning) }
  }

  /** What a supervisor does with a service that breaks off: kills what is left of it. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const closed = once(child, 'exit')
    for (const pid of [child.pid ?? 0, ...this.#log.pids]) kill9(pid)
    await closed
  }

  /** The operator, at the public URL's host. */
  async ask(method: string, path: string, body?: object): Promise<Answer> {
    const { env } = this.#about
    const { operatorKeys } = JSON.parse(readFileSync(env['BIPLANE_SECRETS'] ?? '', 'utf8')) as DeploymentSecrets
    const host = env['BIPLANE_PUBLIC_URL'] === undefined ? this.#host : new URL(env['BIPLANE_PUBLIC_URL']).host
    const headers = { host, authorization: `Bearer ${operatorKeys.at(-1)}`, 'content-type': 'application/json' }
    const call = request(`http://${this.#host}${path}`, { method, headers })
    call.end(body === undefined ? undefined : JSON.stringify(body))
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    return { status: response.statusCode ?? 0, body: JSON.parse(await text(response)) as unknown }
  }

  get #host(): string {
    return `127.0.0.1:${this.#about.env['BIPLANE_PORT']}`
  }

  async #isHealthy(): Promise<boolean> {
    const { health, env } = this.#about
    if (health === undefined) {
      return fetch(`http://${this.#host}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      )
    }
    const [program = '', ...args] = health
    const check = spawn(program === 'node' ? process.execPath : program, args, { env, stdio: 'ignore' })
    const [code] = (await once(check, 'close')) as [number | null]
    return code === 0
  }
}
