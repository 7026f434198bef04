// Resource types, and how the accounts of each are spread over control plane objects; the operator only.

import type { ShardPolicy } from '../identity/shard.ts'
import type { OperationJson } from '../wire/operation.ts'
import type { Page } from './listing.ts'
import type { CallOptions, Transport } from './transport.ts'

export interface TypeInfo {
  readonly name: string
  readonly plural: string
  /** The one that rules. */
  readonly policy: ShardPolicy
  /** What the code declares: it ruled only if it was the first. */
  readonly proposed_policy: ShardPolicy
  /** Grows with every change of the policy. */
  readonly epoch: number
  /** Whether accounts still move to where the policy puts them. */
  readonly moving: boolean
}

export class Types {
  readonly #send: Transport

  constructor(send: Transport) {
    this.#send = send
  }

  async list({ signal }: CallOptions = {}): Promise<readonly TypeInfo[]> {
    return (await this.#send<Page<TypeInfo>>({ method: 'GET', path: '/types', repeatable: 'always', signal })).body.data
  }

  /** Another policy: each account moves while it goes on being served. @param type its name */
  async reshard(type: string, policy: ShardPolicy, { signal }: CallOptions = {}): Promise<OperationJson> {
    const path = `/types/${encodeURIComponent(type)}/policy`
    return (await this.#send<OperationJson>({ method: 'PUT', path, body: policy, repeatable: 'refused', signal })).body
  }
}
