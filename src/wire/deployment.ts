// What a deployment tells its Workers: configuration (public) and secrets, two environment bindings as JSON. The engine folder
// writes them, app.ts reads them; both sides share these shapes and nothing else.

import type { CellTable, Engine } from '../identity/cell.ts'
import type { IdentifierKey } from '../identity/keyring.ts'
import type { TokenKey } from '../identity/token.ts'

/** Names of the environment bindings. */
export const BINDINGS = {
  config: 'BIPLANE_CONFIG',
  secrets: 'BIPLANE_SECRETS',
  /** Service binding to the other process's `ControlPlane` entrypoint; without it: loopback. */
  controlPlane: 'BIPLANE_CONTROL_PLANE',
  dataPlane: 'BIPLANE_DATA_PLANE',
  /** Fault harness, test builds only. */
  faults: 'BIPLANE_FAULTS',
} as const

/** Behind a front: set by the engine on what a trusted proxy sends, and deleted from everything else. */
export const TRUSTED_PEER_HEADER = 'biplane-trusted-peer'

/** Service binding to the servers of another cell: its HTTP face. Without one its address is fetched. */
export function cellBinding(code: string): string {
  return `BIPLANE_CELL_${code.toUpperCase()}`
}

export interface DeploymentConfig {
  /** `http://127.0.0.1:8787`; no trailing slash. */
  readonly publicUrl: string
  /** Host under which every resource has its own origin, without port: `localhost`, `wikis.example`. */
  readonly apex: string
  /** The cell in which this process's new resources are created. */
  readonly cell: string
  readonly cells: CellTable
  /** What it was configured for; absent in a Worker that a builder configures: it is then found out. */
  readonly engine?: Engine
  /** CIDR blocks whose X-Forwarded-* headers are believed. */
  readonly trustedProxies: readonly string[]
  /** A front brings the connections: the engine does not see whose they are, but by {@link TRUSTED_PEER_HEADER}. */
  readonly hasFront?: boolean
  /** Whether links lead to `/{plural}/{id}/~{capability}/` on the main origin: for hosts that can have no wildcard name. */
  readonly pathCapabilities: boolean
  /** What is in this cell came back from a backup, and is not served before it knows what has happened since. */
  readonly isRestored?: boolean
  /** One structured log line per request. */
  readonly requestLog: boolean
  /** Bodies without a declared length that one isolate may hold at once; default: what a machine of one's own has room for. */
  readonly heldBodyBytes?: number
  readonly timers: LifecycleTimers
}

/** Every duration that the lifecycle depends on, in one place so that a test can shorten them together. Milliseconds. */
export interface LifecycleTimers {
  /** How long POST waits for the object before it answers 202. */
  readonly createWaitMs: number
  /** A creation's `apply` is refused by the object after this long: beyond it the reconciler sends a new one. */
  readonly applyDeadlineMs: number
  /** Deadline of one call between the planes (an engine may hang a call for 40 s). */
  readonly callTimeoutMs: number
  /** How long a client's request waits for another cell to begin its answer. Whoever waits for an event in a request waits less. */
  readonly hopAnswerMs: number
  /** First delay of the reconciler's back-off; doubles up to reconcileMaxMs. */
  readonly reconcileBaseMs: number
  readonly reconcileMaxMs: number
  /** A creation that could not be applied for this long is given up: `deleted` is pushed instead. */
  readonly createGiveUpMs: number
  /** How long a catalog row and a tombstone outlive the purge: at least the longest token, idempotency and call lifetime. */
  readonly tombstoneRetentionMs: number
  readonly idempotencyMs: number
  /** How long a deleted resource can be restored before its content is purged. 0 = purged at once. */
  readonly deleteRetentionMs: number
  /** How long audit log and events are kept. */
  readonly journalRetentionMs: number
  readonly operationRetentionMs: number
  readonly usageRetentionMs: number
  /** An object reports its usage at most this often. */
  readonly usageIntervalMs: number
  /** Added to the clock of the control plane; a test moves time with it. */
  readonly clockOffsetMs: number
}

export const DEFAULT_TIMERS: LifecycleTimers = {
  createWaitMs: 10_000,
  applyDeadlineMs: 30_000,
  callTimeoutMs: 10_000,
  hopAnswerMs: 30_000,
  reconcileBaseMs: 1_000,
  // What an object missed it has within five seconds of its return.
  reconcileMaxMs: 4_000,
  createGiveUpMs: 24 * 3_600_000,
  tombstoneRetentionMs: 30 * 24 * 3_600_000,
  idempotencyMs: 24 * 3_600_000,
  deleteRetentionMs: 7 * 24 * 3_600_000,
  journalRetentionMs: 90 * 24 * 3_600_000,
  operationRetentionMs: 30 * 24 * 3_600_000,
  // A year and a month: for comparing a month with the same one a year before.
  usageRetentionMs: 396 * 24 * 3_600_000,
  usageIntervalMs: 60_000,
  clockOffsetMs: 0,
}

/** A JSON binding arrives as an object, a plain variable as text; what it does not say has a default, which {@link toTimers} knows. */
export function parseConfig(binding: unknown): Partial<DeploymentConfig> {
  return (typeof binding === 'string' ? JSON.parse(binding) : (binding ?? {})) as Partial<DeploymentConfig>
}

export function toTimers(given: Partial<DeploymentConfig>): LifecycleTimers {
  return { ...DEFAULT_TIMERS, ...given.timers }
}

/** Longest lifetime of a token or session: equal to the default tombstone retention, so that none outlives its tombstone. */
export const MAX_TOKEN_SECONDS: number = 30 * 24 * 3_600

export interface DeploymentSecrets {
  readonly version: 1
  /** Random name of the deployment: the issuer of its tokens. */
  readonly deployment: string
  /** Identifier of the account that owns everything until accounts come. */
  readonly defaultAccount: string
  readonly identifierKeys: readonly IdentifierKey[]
  readonly tokenKeys: readonly TokenKey[]
  /** Bearer keys of the operator; the newest is shown, all are accepted. */
  readonly operatorKeys: readonly string[]
  /** Keys the engine's object ids; see engine/. Not needed inside the Workers. */
  readonly namespaceKey: string
  /** base64url, 32 bytes: what the cells of a deployment show each other. It follows from `namespaceKey`, and only Workers have it apart. */
  readonly hopKey?: string
  /** Deployments' own accounts whose resources were imported: the operator acts for them, though they are no resources here. */
  readonly formerAccounts?: readonly string[]
  /** Digests of the token and operator keys that were retired: no file of before brings them back. */
  readonly retiredKeys?: readonly string[]
}
