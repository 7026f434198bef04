// The two engine processes of a running server: configured from one bundle, started and ended in order, frozen together.

import { realpathSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { BINDINGS, DEFAULT_TIMERS, type DeploymentConfig, type DeploymentSecrets } from '../wire/deployment.ts'
import type { AppBundle } from './app-bundle.ts'
import { ignoredHints } from './check-capabilities.ts'
import { PLANES, clearRun, type DataDirectory, type Plane } from './data-directory.ts'
import { EngineError, reasonOf } from './engine-error.ts'
import { EngineProcess } from './engine-process.ts'
import type { Listener } from './listeners.ts'
import type { Lock } from './lock.ts'
import { catchUp, forgetRestored, isRestored, isWhole } from './restored.ts'
import { readSecrets, toWorkerSecrets, uniqueKeyOf } from './secrets.ts'
import { ENGINE, bundleServed } from './served-app.ts'
import { writeServerFile } from './server-file.ts'
import type { RunningServer, ServerOptions } from './server-options.ts'
import { listenForCommands } from './supervisor-socket.ts'
import { peersOf } from './peers.ts'
import { PLANE_SOCKET, PUBLIC_SOCKET, toWorkerdConfig } from './workerd-config.ts'

/** All its requests come from the data process, which is gone before: this only lets it close its files. */
const CONTROL_GRACE_MS = 500
/** After an edit nobody wants to wait for an open socket. */
const RELOAD_GRACE_MS = 250

export interface Parts {
  readonly options: ServerOptions
  readonly directory: DataDirectory
  readonly secrets: DeploymentSecrets
  readonly lock: Lock
  /** Socket name in the configuration -> listener, of the sockets for clients. */
  readonly publicSockets: ReadonlyMap<string, Listener>
  /** Each plane's for the other one. */
  readonly planes: Readonly<Record<Plane, Listener>>
  readonly bundle: AppBundle
}

export class RunningEngine implements RunningServer {
  readonly #parts: Parts
  readonly #processes: Readonly<Record<Plane, EngineProcess>>
  readonly url: string
  readonly publicUrl: string
  #bundle: AppBundle
  #secrets: DeploymentSecrets
  #commands: Server | undefined
  /** Copies of the data directory under way. */
  #frozen = 0
  #isStopping = false
  /** Nothing of it is served yet: see restored.ts. */
  #isRestored: boolean
  #isRestoredToEnd = false
  readonly #ended = new AbortController()
  /** One restart at a time. */
  #restarting: Promise<void> = Promise.resolve()

  constructor(parts: Parts) {
    this.#parts = parts
    this.#bundle = parts.bundle
    this.#secrets = parts.secrets
    const { options, directory, secrets, publicSockets, planes } = parts
    this.#isRestored = isRestored(directory) && !isWhole(options, secrets)
    this.url = options.front?.url ?? `http://${publicSockets.get(PUBLIC_SOCKET)?.address}`
    this.publicUrl = options.publicUrl ?? toLoopback(this.url)
    const open = Array.from(publicSockets, ([name, { fd }]) => [name, fd] as const)
    this.#processes = {
      data: this.#process('data', new Map([...open, [PLANE_SOCKET, planes.data.fd]])),
      control: this.#process('control', new Map([[PLANE_SOCKET, planes.control.fd]])),
    }
  }

  get directory(): DataDirectory {
    return this.#parts.directory
  }

  get secrets(): DeploymentSecrets {
    return this.#secrets
  }

  get inputs(): readonly string[] {
    return this.#bundle.inputs
  }

  async start(): Promise<this> {
    try {
      const hints = ignoredHints({ ...this.#parts.options, engine: ENGINE })
      if (hints !== undefined) this.#parts.options.log(hints)
      await this.#startProcesses()
      this.#commands = await listenForCommands(this.directory, {
        freeze: async () => {
          this.#frozen++
          await this.#restarting
          await Promise.all(PLANES.map((plane) => this.#processes[plane].freeze()))
        },
        thaw: () => {
          this.#frozen--
          PLANES.forEach((plane) => this.#processes[plane].thaw())
          if (this.#isRestoredToEnd) void this.#serveRestored()
        },
        takeSecrets: (file) => this.#takeSecrets(file),
      })
      this.#announce()
      if (this.#isRestored) void this.#catchUp()
      else if (isWhole(this.#parts.options, this.#secrets)) forgetRestored(this.directory)
      return this
    } catch (thrown) {
      this.kill()
      throw thrown
    }
  }

  /** What was restored learns what has happened since; then it is served. */
  async #catchUp(): Promise<void> {
    const { options, directory } = this.#parts
    const { cell, log } = options
    const { publicUrl } = this
    const [url, signal] = [toLoopback(this.url), this.#ended.signal]
    const hopKey = (): string => toWorkerSecrets(this.#secrets).hopKey ?? ''
    const types = this.#bundle.manifest.types.map(({ name }) => name)
    const hasOthers = peersOf(options).length > 0
    try {
      await catchUp({ cell, types, hasOthers, directory, url, publicUrl, hopKey, log, signal })
      forgetRestored(directory)
      await this.#serveRestored()
    } catch (thrown) {
      if (!signal.aborted) log({ level: 'error', event: 'restored_failed', message: reasonOf(thrown) })
    }
  }

  /** Not while it is being copied: then as soon as that is done. */
  async #serveRestored(): Promise<void> {
    this.#isRestoredToEnd = this.#frozen > 0
    if (this.#isRestoredToEnd) return
    this.#isRestored = false
    await this.#restart(this.#parts.options.graceMs)
  }

  async reload(): Promise<void> {
    const { options } = this.#parts
    this.#bundle = await bundleServed(options, [options.cell])
    await this.#restart(RELOAD_GRACE_MS)
    this.#announce()
  }

  /**
   * Goes on with what the secrets file holds now. Requests finish first, and those that come meanwhile wait in the sockets' queues: the
   * control process is restarted while nobody can be asking it for anything.
   */
  async #takeSecrets(file: string): Promise<void> {
    const { options } = this.#parts
    if (realpathSync(file) !== realpathSync(options.secretsFile)) {
      throw new EngineError(
        `the running server does not use ${file}`,
        `it was started with ${options.secretsFile}`,
        'Name that file with --secrets.',
        2,
      )
    }
    const secrets = readSecrets(options.secretsFile)
    const { deployment, namespaceKey } = this.#secrets
    if (secrets.deployment !== deployment || secrets.namespaceKey !== namespaceKey)
      throw new EngineError(`${file} has become another deployment's`, deployment, 'Restore it from your backup.', 2)
    if (this.#frozen > 0)
      throw new EngineError('the server is being copied', 'a backup is under way', 'Try again when it is done.')
    this.#secrets = secrets
    await this.#restart(options.graceMs)
  }

  /** Also after one that failed. */
  #restart(graceMs: number): Promise<void> {
    const restarted = this.#restarting.then(async () => {
      if (this.#isStopping) return
      await this.#stopProcesses(graceMs)
      if (!this.#isStopping) await this.#startProcesses()
    })
    this.#restarting = restarted.catch(() => {})
    return restarted
  }

  async stop(): Promise<void> {
    // New connections are refused as soon as the engine stops listening, too, instead of waiting in a queue that nobody serves.
    const { publicSockets, planes } = this.#parts
    for (const listener of [...publicSockets.values(), planes.data, planes.control]) listener.close()
    this.#commands?.close()
    this.#isStopping = true
    this.#ended.abort()
    await this.#restarting
    await this.#stopProcesses(this.#parts.options.graceMs)
    clearRun(this.directory)
    this.#parts.lock.release()
  }

  kill(): void {
    this.#ended.abort()
    for (const plane of PLANES) this.#processes[plane].kill()
    this.#commands?.close()
  }

  #announce(): void {
    const plurals = Object.fromEntries(this.#bundle.manifest.types.map((type) => [type.name, type.plural]))
    writeServerFile(this.directory, { url: this.url, publicUrl: this.publicUrl, plurals })
  }

  async #startProcesses(): Promise<void> {
    this.#writeRun()
    await Promise.all([this.#processes.control.start(), this.#processes.data.start()])
  }

  /** The data process first: its open requests may still need the control plane. */
  async #stopProcesses(graceMs: number): Promise<void> {
    await this.#processes.data.stop(graceMs)
    await this.#processes.control.stop(CONTROL_GRACE_MS)
  }

  #process(plane: Plane, sockets: ReadonlyMap<string, number>): EngineProcess {
    const { options, directory, lock, publicSockets } = this.#parts
    const { front } = options
    const at = [...publicSockets.values()].map(({ port, address }) => port || address.replace(/^unix:/, ''))
    return new EngineProcess({
      plane,
      configFile: configFile(directory, plane),
      sockets,
      env: () => ({ [BINDINGS.secrets]: JSON.stringify(toWorkerSecrets(this.#secrets)) }),
      ...(plane === 'data' ? { publicAt: at } : {}),
      ...(plane === 'data' && front !== undefined ? { onAlive: (isAlive: boolean) => front.setUp(isAlive) } : {}),
      log: options.log,
      onSpawn: (identity) => lock.record(plane, identity),
    })
  }

  #writeRun(): void {
    const { options, directory, secrets, planes } = this.#parts
    const { manifest, modules, data } = this.#bundle
    for (const [name, content] of [...modules, ...data]) writeFileSync(join(directory.run, name), content)
    for (const plane of PLANES) {
      const config = toWorkerdConfig({
        plane,
        manifest,
        modules: [...modules.keys()],
        data: [...data.keys()],
        objects: directory.objects(plane),
        peerAddress: planes[plane === 'data' ? 'control' : 'data'].address,
        hasFront: options.front !== undefined,
        uniqueKey: (className) => uniqueKeyOf(secrets, className),
        config: JSON.stringify(this.#deploymentConfig()),
        peers: peersOf(options),
        structuredLogging: options.structuredLogging,
        ...(options.faultsAddress === undefined ? {} : { faultsAddress: options.faultsAddress }),
      })
      writeFileSync(configFile(directory, plane), config)
    }
  }

  #deploymentConfig(): DeploymentConfig {
    const { options } = this.#parts
    return {
      publicUrl: this.publicUrl,
      apex: options.apex,
      cell: options.cell,
      cells: options.cells,
      engine: ENGINE,
      trustedProxies: options.trustedProxies,
      hasFront: options.front !== undefined,
      ...(this.#isRestored ? { isRestored: true } : {}),
      requestLog: options.requestLog,
      pathCapabilities: options.pathCapabilities ?? false,
      timers: { ...DEFAULT_TIMERS, ...options.timers },
    }
  }
}

/** Who listens on every address is reached on this machine by its own one. */
export function toLoopback(url: string): string {
  return url.replace(/\/(0\.0\.0\.0|\[::\])(?=:)/, '/127.0.0.1')
}

/** Also how an engine process of this directory is recognised: it has this path on its command line. */
export function configFile(directory: DataDirectory, plane: Plane): string {
  return join(directory.run, `${plane}.capnp`)
}
