// What a server is started with, and what its owner can do with it.

import type { CellTable } from '../identity/cell.ts'
import type { DeploymentSecrets, LifecycleTimers } from '../wire/deployment.ts'
import type { DataDirectory } from './data-directory.ts'
import type { Log } from './log.ts'

export interface ServerOptions {
  readonly app: string
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly data: string
  /** Code of the cell that is served. */
  readonly cell: string
  /** Every cell of the deployment, the served one among them. */
  readonly cells: CellTable
  /** File of certificates by which other cells are believed, beside the well-known ones. */
  readonly cellCertificates?: string
  readonly secretsFile: string
  /** There are several cells on this machine, and a front brings each connection to one of them. */
  readonly front?: FrontFace
  /** Default: where it listens. */
  readonly publicUrl?: string
  readonly apex: string
  readonly trustedProxies: readonly string[]
  readonly requestLog: boolean
  /** See `DeploymentConfig`; default: false. */
  readonly pathCapabilities?: boolean
  /** How long open requests and sockets may go on after a stop. */
  readonly graceMs: number
  readonly structuredLogging: boolean
  readonly log: Log
  /** Tests only: shorter lifecycle. */
  readonly timers?: Partial<LifecycleTimers>
  /** Tests only: `host:port` of the fault harness; also keeps the fault points in the bundle. */
  readonly faultsAddress?: string
}

/** What a cell has to know of the front before it. */
export interface FrontFace {
  /** Where clients reach it. */
  readonly url: string
  /** Whether the cell can be asked. */
  setUp(isUp: boolean): void
}

export interface RunningServer {
  /** Where it listens. */
  readonly url: string
  readonly publicUrl: string
  readonly directory: DataDirectory
  readonly secrets: DeploymentSecrets
  /** Files that the app was bundled from. */
  readonly inputs: readonly string[]
  /** Bundles the app again and restarts the engine on the same data and sockets. @throws EngineError and goes on with the old one */
  reload(): Promise<void>
  /** Requests finish, then everything ends, at the latest after the grace period. */
  stop(): Promise<void>
  /** Everything ends now. */
  kill(): void
}
