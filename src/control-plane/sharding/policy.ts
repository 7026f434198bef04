// Where accounts are. The type's root object persists the policy that the code proposed first; every other shard asks it, once for each
// policy that there ever is. The persisted policy is the authority: what the code proposes after it changes nothing but a line in the log.

import { controlObjectName } from '../../identity/object-name.ts'
import { isSamePolicy, shardOf, type ShardPolicy } from '../../identity/shard.ts'
import type { ResourceType } from '../../resource-type.ts'
import { FIRST_POLICY_EPOCH, type PersistedPolicy } from '../../wire/planes.ts'
import type { ControlDeps } from '../deps.ts'
import { readMeta, writeMeta } from '../meta.ts'
import { askShard } from './ask.ts'

/** The control plane object that a policy gives an account to. */
export function objectOf(deps: Pick<ControlDeps, 'type'>, policy: ShardPolicy, account: string): string {
  return controlObjectName(deps.type.name, shardOf(policy, account))
}

/** The root object's answer to `policy`: what it holds, or from now on the proposal. */
export function rootPolicy(deps: ControlDeps, proposal: ShardPolicy): PersistedPolicy {
  const stored = readPolicy(deps.sql)
  if (stored !== undefined) return stored
  const first: PersistedPolicy = { policy: proposal, epoch: FIRST_POLICY_EPOCH }
  writePolicy(deps.sql, first)
  return first
}

/** By which this shard serves a call. @param epoch that its sender knows: a newer one than ours is news from the root object */
export async function policyFor(deps: ControlDeps, epoch: number): Promise<PersistedPolicy> {
  const stored = readPolicy(deps.sql)
  const persisted = stored !== undefined && epoch <= stored.epoch ? stored : await askRoot(deps)
  warnOnce(deps.type, persisted)
  return persisted
}

/** Asks the root object again. */
export async function askRoot(deps: ControlDeps): Promise<PersistedPolicy> {
  const root = controlObjectName(deps.type.name)
  if (deps.objectName === root) return rootPolicy(deps, deps.type.shards)
  return learnPolicy(deps.sql, await askShard(deps, root, 'policy', { proposal: deps.type.shards }))
}

/** Keeps what is newer. The end of the moves is news, too; it is never taken back. @returns what is held now */
export function learnPolicy(sql: SqlStorage, told: PersistedPolicy): PersistedPolicy {
  const stored = readPolicy(sql)
  const isOld =
    stored !== undefined &&
    (stored.epoch > told.epoch || (stored.epoch === told.epoch && stored.previous === undefined))
  if (isOld) return stored
  writePolicy(sql, told)
  return told
}

export function readPolicy(sql: SqlStorage): PersistedPolicy | undefined {
  const text = readMeta(sql, 'policy')
  return text === undefined ? undefined : (JSON.parse(text) as PersistedPolicy)
}

export function writePolicy(sql: SqlStorage, { policy, epoch, previous }: PersistedPolicy): void {
  writeMeta(sql, 'policy', JSON.stringify({ policy, epoch, ...(previous === undefined ? {} : { previous }) }))
}

/** Types whose policy this isolate has looked at. */
const seen = new WeakSet<ResourceType>()

function warnOnce(type: ResourceType, { policy }: PersistedPolicy): void {
  if (seen.has(type)) return
  seen.add(type)
  if (isSamePolicy(policy, type.shards)) return
  const [persisted, proposed] = [JSON.stringify(policy), JSON.stringify(type.shards)]
  console.warn(
    JSON.stringify({
      event: 'policy_differs',
      type: type.name,
      persisted: policy,
      proposed: type.shards,
      message:
        `The accounts of "${type.name}" are spread by ${persisted}; the code proposes ${proposed}, which is not followed. To move them, ` +
        `PUT /v1/types/${type.name}/policy with ${proposed}; to keep them, declare the type with ${persisted}.`,
    }),
  )
}
