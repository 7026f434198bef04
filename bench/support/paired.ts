// Paired measurement: what is compared takes turns, many short rounds, the order reversed each time, so that whatever else happens on
// the machine happens to all of them. The result is the median of the rounds' ratios.

import type { LoadGenerator } from '../load/load-generator.ts'
import type { LoadResult, LoadSpec } from '../load/spec.ts'
import { cpuSecondsOf } from './cpu.ts'
import type { ServerUnderTest } from './server-under-test.ts'

export interface Side {
  readonly server: ServerUnderTest
  /** Everything but the port. */
  readonly spec: Omit<LoadSpec, 'port'>
}

export interface Measured extends LoadResult {
  readonly perSecond: number
  readonly serverCpuSeconds: number
}

/** @returns per side, its rounds */
export async function measureInTurns(
  load: LoadGenerator,
  sides: readonly Side[],
  rounds: number,
): Promise<Measured[][]> {
  const measured: Measured[][] = sides.map(() => [])
  for (let round = 0; round < rounds; round++) {
    const order = sides.map((_, index) => index)
    if (round % 2 === 1) order.reverse()
    for (const index of order) measured[index]?.push(await measure(load, sides[index] as Side))
  }
  return measured
}

export async function measure(load: LoadGenerator, { server, spec }: Side): Promise<Measured> {
  const before = cpuSecondsOf(server.pids())
  const result = await load.run({ ...spec, port: server.port })
  return {
    ...result,
    perSecond: result.requests / result.seconds,
    serverCpuSeconds: cpuSecondsOf(server.pids()) - before,
  }
}

/** Visits every target once: objects awake, tokens and code known. */
export async function warmUp(load: LoadGenerator, { server, spec }: Side): Promise<void> {
  await load.run({ ...spec, port: server.port, until: { requests: Math.max(spec.targets.length, spec.connections) } })
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** CPU time per request over all rounds: the kernel counts in steps of 10 ms, one round would be too coarse. */
export function cpuMicrosPerRequest(rounds: readonly Pick<Measured, 'requests' | 'serverCpuSeconds'>[]): number {
  const requests = rounds.reduce((sum, round) => sum + round.requests, 0)
  return (rounds.reduce((sum, round) => sum + round.serverCpuSeconds, 0) / requests) * 1e6
}
