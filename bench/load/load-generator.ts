// Drives the load generator's process.

import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { LoadResult, LoadSpec } from './spec.ts'

export class LoadGenerator {
  /** Beside this file in the bundle; see scripts/bench.mjs. */
  readonly #child: ChildProcess = fork(join(import.meta.dirname, 'generator.js'))

  /**
   * One load at a time.
   *
   * @throws Error when a request failed: a number made of errors is none
   */
  async run(spec: LoadSpec): Promise<LoadResult> {
    this.#child.send(spec)
    const [answer] = (await once(this.#child, 'message')) as [{ result?: LoadResult; error?: string }]
    if (answer.result === undefined) throw new Error(answer.error)
    const { failures, firstFailure, requests } = answer.result
    if (failures > 0)
      throw new Error(`${failures} of ${requests} requests failed (${spec.method}); one of them:\n${firstFailure}`)
    return answer.result
  }

  close(): void {
    this.#child.kill()
  }
}
