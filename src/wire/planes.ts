// The two faces between the planes. A call is a reference, arguments and a version field: plain values only (a stub that crosses a
// process boundary fails, a Request costs 126 us), and the answer is a value, also when it is a refusal. The same two faces are a
// loopback in one Worker, a unix socket between two processes, and later the hop between cells.
//
// Compatibility: version n accepts the calls and answers of n-1. Only add optional members; the golden transcripts in
// test/fixtures/planes hold us to it.

import type { ObjectPlace } from '../identity/cell.ts'
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

/**
 * The answer of an object that is of an older release than its caller: a Worker and its objects are, for minutes, at every deployment.
 * Nothing has happened, and the next attempt may find it renewed.
 */
export const UNKNOWN_CALL: ErrorData = {
  code: 'unavailable',
  message: 'What holds this is of an older release, which does not know the call. Try again.',
  applied: 'no',
  retryAfterSeconds: 1,
}

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
    /**
     * `isMarker`: the resource is, or was, at another place; without it an object that only knows where it went refuses. `to`: who asks here
     * is sent there, to the place that its identifier names, instead of to a tombstone. `onlyOf`: of an import that never came to its end;
     * content that is not of this incarnation and that account is another's, and stays.
     */
    readonly args: {
      readonly id: string
      readonly incarnation: number
      readonly version: number
      readonly isMarker?: boolean
      readonly to?: ObjectPlace
      readonly onlyOf?: string
    }
    readonly value: PurgeOutcome
  }
  /** `isMarker`: what is known of a place to which the resource went is forgotten, too. */
  forget: {
    readonly args: { readonly incarnation: number; readonly isMarker?: boolean }
    readonly value: ForgetOutcome
  }
  describe: {
    /** `isForCopy`: refused, with the reason, when its content cannot be copied. */
    readonly args: { readonly isForCopy?: boolean }
    readonly value: {
      readonly held: Held
      readonly bytes: number
      /** Of the last write, while it is not reported. */
      readonly writeTimeMs?: number
    }
  }
  /**
   * To the object at its next place: takes descriptor and content over from where it is. What came of an attempt before is replaced, but a
   * complete copy only by a newer descriptor: each attempt has one. It serves nothing until a newer one is applied.
   */
  takeOver: {
    readonly args: { readonly descriptor: Descriptor; readonly from: ObjectPlace }
    readonly value: { readonly held: Held; readonly content: ContentDigest }
  }
  /** Digest of the content as a dump has it. */
  digest: { readonly args: Record<string, never>; readonly value: ContentDigest }
  /** To the object at the place before: wipes the content and remembers only where it went. Idempotent; refused to what is newer. */
  leave: {
    readonly args: {
      readonly id: string
      readonly incarnation: number
      readonly version: number
      readonly to: ObjectPlace
    }
    readonly value: {
      readonly outcome: 'left' | 'refused'
      readonly held: Held
      /** What was counted there and not reported. */
      readonly usage?: { readonly requests: number; readonly writes: number }
    }
  }
}

/** Of a dump: equal for equal content, whatever the engine. */
export interface ContentDigest {
  /** 64 hexadecimal digits, over every byte of the stream. */
  readonly sha256: string
  readonly bytes: number
}

/** `applied`: stored now. `held`: it already had this or something newer. `refused`: too late, or fenced by a tombstone. */
export interface ApplyOutcome {
  readonly outcome: 'applied' | 'held' | 'refused'
  readonly held: Held
  /** `arriving`: its content is not complete. */
  readonly reason?: 'not_after' | 'tombstone' | 'moved' | 'arriving'
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
  /** Where it is, if that is elsewhere than the identifier says. */
  readonly at?: ObjectPlace
  readonly method: M
  readonly args: DataMethods[M]['args']
  readonly requestId: string
}

/** Both planes as seen from the other side: one method each, so a process needs no stub of a foreign object. */
export interface ControlPlaneFace {
  call<M extends ControlMethod>(call: ControlCall<M>): Promise<Outcome<ControlMethods[M]['value']>>
}

/** For new resources that the platform names, which it can only where their objects will be. */
export interface MintCall {
  readonly v: typeof PLANES_VERSION
  readonly type: string
  readonly cell: string
  readonly count: number
  readonly requestId: string
}

export interface DataPlaneFace {
  call<M extends DataMethod>(call: DataCall<M>): Promise<Outcome<DataMethods[M]['value']>>
  /** Identifiers of resources that are yet to be created. Nothing is touched, and nothing remembers them. */
  mint(call: MintCall): Promise<Outcome<readonly string[]>>
  /** The whole content as one portable stream. @throws ResourceError when there is none, or nobody to ask */
  dump(reference: DataReference): Promise<ReadableStream<Uint8Array>>
  /**
   * Fills an object from a dump. What came of the same import before is replaced, and nothing else: `already_exists`. It serves nothing until
   * a newer descriptor is applied.
   */
  restore(
    reference: DataReference & { readonly descriptor: Descriptor },
    content: ReadableStream<Uint8Array>,
  ): Promise<Outcome<DataMethods['takeOver']['value']>>
}

/** One data plane object, for what is no call. */
export type DataReference = Pick<DataCall, 'v' | 'type' | 'resource' | 'at' | 'requestId'>
