// Long work: looking at it, waiting for its end, ending it early.

import type { OperationJson } from '../wire/operation.ts'
import { BiplaneError } from './errors.ts'
import { Listing, type Page } from './listing.ts'
import { sleep, type CallOptions, type Transport } from './transport.ts'
import { pollDelays } from './wait.ts'

export interface WatchOptions extends CallOptions {
  /** Called with every state that was seen, the first and the last among them. */
  readonly onProgress?: ((operation: OperationJson) => void) | undefined
}

export class Operations {
  readonly #send: Transport

  constructor(send: Transport) {
    this.#send = send
  }

  async get(id: string, { signal }: CallOptions = {}): Promise<OperationJson> {
    const call = { method: 'GET', path: `/operations/${encodeURIComponent(id)}`, repeatable: 'always', signal } as const
    return (await this.#send<OperationJson>(call)).body
  }

  /** Newest first of each type. @param query `limit`: of one page */
  list(
    { cursor, limit }: { readonly limit?: number | undefined; readonly cursor?: string | undefined } = {},
    { signal }: CallOptions = {},
  ): Listing<OperationJson> {
    const read = async (from: string | undefined): Promise<Page<OperationJson>> => {
      const call = { method: 'GET', path: '/operations', repeatable: 'always', signal } as const
      return (await this.#send<Page<OperationJson>>({ ...call, query: { limit, cursor: from } })).body
    }
    return new Listing(read, { cursor })
  }

  /** What it has done stays; one that has ended is answered as it is. Refused where `cancellable` is false. */
  async cancel(id: string, { signal }: CallOptions = {}): Promise<OperationJson> {
    const path = `/operations/${encodeURIComponent(id)}/cancel`
    return (await this.#send<OperationJson>({ method: 'POST', path, body: {}, repeatable: 'always', signal })).body
  }

  /**
   * Waits for the end, as long as it takes; `signal` ends waiting, not the operation.
   *
   * @returns the operation that has succeeded or was cancelled; `progress.failed` of its parts may have been refused
   * @throws BiplaneError with the operation's own error when it failed
   * @example
   * const operation = await client.wikis.createMany([{ name: 'a' }, { name: 'b' }])
   * await client.operations.wait(operation, { onProgress: ({ progress }) => console.log(progress.done) })
   */
  async wait(operation: OperationJson | string, { onProgress, signal }: WatchOptions = {}): Promise<OperationJson> {
    let seen = typeof operation === 'string' ? await this.get(operation, { signal }) : operation
    onProgress?.(seen)
    for (const delayMs of pollDelays()) {
      if (seen.state !== 'running') break
      await sleep(delayMs, signal)
      seen = await this.get(seen.id, { signal })
      onProgress?.(seen)
    }
    if (seen.state !== 'failed') return seen
    const { code = 'internal', message = 'It failed.' } = seen.error ?? {}
    throw new BiplaneError({ code, detail: message, details: { operation: seen.id } })
  }
}
