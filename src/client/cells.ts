// Cells of a deployment; the operator only.

import type { OperationJson } from '../wire/operation.ts'
import type { Page } from './listing.ts'
import type { CallOptions, Transport } from './transport.ts'

export class Cells {
  readonly #send: Transport

  constructor(send: Transport) {
    this.#send = send
  }

  /**
   * Tells what is in a cell that came back from a backup what has happened since. To do it again does no harm.
   *
   * @returns an operation for each type
   */
  async reconcile(cell: string, { signal }: CallOptions = {}): Promise<readonly OperationJson[]> {
    const path = `/cells/${encodeURIComponent(cell)}/reconcile`
    const call = { method: 'POST', path, body: {}, repeatable: 'refused', signal } as const
    return (await this.#send<Page<OperationJson>>(call)).body.data
  }
}
