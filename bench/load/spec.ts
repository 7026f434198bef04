// What the load generator is told, and what it answers.

export interface Target {
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface LoadSpec {
  readonly port: number
  readonly connections: number
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH'
  /** Visited in turn. */
  readonly targets: readonly Target[]
  /** Each connection keeps to every n-th target, the first one to the first, and so on. Default: all visit all of them. */
  readonly apart?: number
  readonly body?: string
  readonly until: { readonly seconds: number } | { readonly requests: number }
  /** Requests begin at this rate whatever the server does, and waiting counts (no coordinated omission). Default: closed loop. */
  readonly ratePerSecond?: number
  /** Any other status is a failure. */
  readonly expectedStatus: number
  /** A status that is counted, but no failure: what a flood is meant to get. */
  readonly refusedStatus?: number
}

export interface LoadResult {
  readonly requests: number
  readonly failures: number
  readonly refusals: number
  /** Status line and beginning of the body of one of them. */
  readonly firstFailure?: string
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** CPU time of the generator itself: close to `seconds`, it is the bottleneck and the result is worthless. */
  readonly generatorCpuSeconds: number
}

/** In a path or a body this is replaced by a number of the same length that never comes twice: engines skip writes that change nothing. */
export const COUNTER = '@@@@@@@@@@@@'
