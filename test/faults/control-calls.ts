// Calls between the planes, sent by a test through the side door of test/support/apps/cask.ts: the way of every real call.

import { randomUUID } from 'node:crypto'
import { createKeyring } from '../../src/identity/keyring.ts'
import { mintResourceId } from '../../src/identity/resource-id.ts'
import type { Descriptor } from '../../src/wire/descriptor.ts'
import {
  FIRST_POLICY_EPOCH,
  PLANES_VERSION,
  type ControlCall,
  type ControlMethod,
  type ControlMethods,
  type CallerLimits,
  type DataCall,
  type DataMethod,
  type DataMethods,
  type Outcome,
} from '../../src/wire/planes.ts'
import { json } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'

export async function exchange(
  server: TestServer,
  plane: 'control' | 'data',
  call: ControlCall | DataCall,
): Promise<unknown> {
  const response = await server.fetch(`/planes/${plane}`, json('POST', call))
  if (response.status !== 200) throw new Error(`the side door answered ${response.status}: ${await response.text()}`)
  return response.json()
}

/** One call to a data plane object of a cask. */
export async function callData<M extends DataMethod>(
  server: TestServer,
  resource: string,
  method: M,
  args: DataMethods[M]['args'],
  type: string = 'cask',
): Promise<DataMethods[M]['value']> {
  const call: DataCall<M> = {
    v: PLANES_VERSION,
    type,
    resource,
    method,
    args,
    requestId: randomUUID(),
  }
  const outcome = (await exchange(server, 'data', call)) as Outcome<DataMethods[M]['value']>
  if (!outcome.ok) throw new Error(`${method} was refused: ${outcome.error.code}`)
  return outcome.value
}

/** What is imported has an object before its import is closed. */
export async function fillImported(server: TestServer, descriptor: Descriptor): Promise<void> {
  await callData(server, descriptor.id, 'apply', { descriptor, notAfterMs: Number.MAX_SAFE_INTEGER })
}

/** One call to the control plane of casks, on behalf of the default account. @returns the answer, which may be a refusal */
export async function askControl<M extends ControlMethod>(
  server: TestServer,
  method: M,
  args: ControlMethods[M]['args'],
  limits: CallerLimits = {},
  epoch: number = FIRST_POLICY_EPOCH,
  type: string = 'cask',
): Promise<Outcome<ControlMethods[M]['value']>> {
  const account = server.secrets.defaultAccount
  const caller = { account, role: 'admin', limits, policyEpoch: epoch, requestId: randomUUID() } as const
  const call: ControlCall<M> = { v: PLANES_VERSION, type, object: `control-plane-${type}`, method, args, caller }
  return (await exchange(server, 'control', call)) as Outcome<ControlMethods[M]['value']>
}

/** Runs SQL on the catalog of casks; needs test/support/apps/catalog.ts. */
export async function runSql(server: TestServer, text: string): Promise<Readonly<Record<string, unknown>>[]> {
  const { ok, value } = (await askControl(server, 'sql' as 'list', { text } as never)) as unknown as {
    ok: boolean
    value: Readonly<Record<string, unknown>>[]
  }
  if (!ok) throw new Error(`the catalog refused: ${text}`)
  return value
}

/** An identifier that this deployment could have issued, of a resource that no catalog knows. */
export async function mintCaskId(server: TestServer): Promise<string> {
  return (await mintResourceId(createKeyring(server.secrets.identifierKeys), 'cask', 'local')).id
}

export function caskDescriptor(id: string, more: Partial<Descriptor> = {}): Descriptor {
  return {
    id,
    type: 'cask',
    account: 'somebody',
    shard: 'control-plane-cask',
    incarnation: 1,
    version: 1,
    mode: 'active',
    visibility: 'public',
    limits: { bytes: 1_000_000 },
    generation: 1,
    allowedOrigins: [],
    settings: {},
    ...more,
  }
}
