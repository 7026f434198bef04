// The two faces between the planes. A call is a reference, arguments and a version field: plain values only (a stub that crosses a
// process boundary fails, a Request costs 126 us), and the answer is a value, also when it is a refusal. The same two faces are a
// loopback in one Worker, a unix socket between two processes, and later the hop between cells.
//
// Compatibility: version n accepts the calls and answers of n-1. Only add optional members; the golden transcripts in
// test/fixtures/planes hold us to it.

import type { CallerLimits } from './account.ts'
import type { ControlMethods, PersistedPolicy } from './control-methods.ts'
import type { Descriptor, Held } from './descriptor.ts'
import type { ErrorData } from './errors.ts'

export type { CallerLimits } from './account.ts'
export type * from './control-methods.ts'

export const PLANES_VERSION = 1

/** The answer of every call: a refusal is an outcome, not an exception. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ErrorData; readonly moved?: PersistedPolicy }

// --- edge -> control plane -----------------------------------------------------------------------------------------------------

/** Who is calling, as decided at the edge. Counters live in the shard. */
export interface Caller {
  /** Identifier of the account. */
  readonly account: string
  readonly role: 'operator' | 'admin' | 'member' | 'read'
  readonly limits: CallerLimits
  readonly policyEpoch: number
  readonly requestId: string
  /** For the audit log: `operator`, `key:<id>`, `system`, or a name that a builder's `authenticate` gave. */
  readonly actor?: string
}

export type ControlMethod = keyof ControlMethods

export interface ControlCall<M extends ControlMethod = ControlMethod> {
  readonly v: typeof PLANES_VERSION
  readonly type: string
  /** From {@link import('../identity/object-name.ts').controlObjectName}. */
  readonly object: string
  readonly method: M
  readonly args: ControlMethods[M]['args']
  readonly caller: Caller
}

/** The epoch of every first policy. */
export const FIRST_POLICY_EPOCH = 1

// --- control plane -> data plane -------------------------------------------------------------------------------------------------

/** The lifecycle face of a data plane object. Reachable by RPC only, never by a path. */
export interface DataMethods {
  apply: {
    readonly args: { readonly descriptor: Descriptor; readonly params?: unknown; readonly notAfterMs: number }
    readonly value: ApplyOutcome
  }
  purge: {
    readonly args: { readonly id: string; readonly incarnation: number; readonly version: number }
    readonly value: PurgeOutcome
  }
  forget: { readonly args: { readonly incarnation: number }; readonly value: ForgetOutcome }
  describe: { readonly args: Record<string, never>; readonly value: { readonly held: Held; readonly bytes: number } }
}

/** `applied`: stored now. `held`: it already had this or something newer. `refused`: too late, or fenced by a tombstone. */
export interface ApplyOutcome {
  readonly outcome: 'applied' | 'held' | 'refused'
  readonly held: Held
  readonly reason?: 'not_after' | 'tombstone'
}

export interface PurgeOutcome {
  readonly outcome: 'purged' | 'refused'
  readonly held: Held
}

export interface ForgetOutcome {
  readonly outcome: 'forgotten' | 'refused'
  readonly held: Held
}

export type DataMethod = keyof DataMethods

export interface DataCall<M extends DataMethod = DataMethod> {
  readonly v: typeof PLANES_VERSION
  readonly type: string
  /** The resource's identifier; the object's name and place follow from it. */
  readonly resource: string
  readonly method: M
  readonly args: DataMethods[M]['args']
  readonly requestId: string
}

/** Both planes as seen from the other side: one method each, so a process needs no stub of a foreign object. */
export interface ControlPlaneFace {
  call<M extends ControlMethod>(call: ControlCall<M>): Promise<Outcome<ControlMethods[M]['value']>>
}

export interface DataPlaneFace {
  call<M extends DataMethod>(call: DataCall<M>): Promise<Outcome<DataMethods[M]['value']>>
}
