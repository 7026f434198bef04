// From a Worker's environment to an open deployment: configuration with defaults, keys imported, types indexed.

import { detectEngine } from './edge/capabilities.ts'
import { createEdge, type Edge } from './edge/edge.ts'
import { typesOf, type BuilderHooks, type Deployment } from './edge/deployment.ts'
import { typeLacksOf } from './identity/capabilities.ts'
import type { CellTable } from './identity/cell.ts'
import { createDeploymentSigner } from './identity/deployment-signer.ts'
import { createKeyring } from './identity/keyring.ts'
import type { ConsoleFiles, ResourceType } from './resource-type.ts'
import { parseResourceId } from './identity/resource-id.ts'
import { Peers } from './object/peers.ts'
import { account } from './types/account/index.ts'
import { BINDINGS, parseConfig, toTimers, type DeploymentConfig, type DeploymentSecrets } from './wire/deployment.ts'
import { toTypeManifest } from './wire/manifest.ts'

export interface OpenDeployment {
  readonly deployment: Deployment
  readonly edge: Edge
}

/** @throws TypeError when the environment has no secrets, saying how to make them, or a type can be in no cell, saying why */
export function openDeployment(
  env: Readonly<Record<string, unknown>>,
  options: BuilderHooks & { readonly types: readonly ResourceType[]; readonly console?: ConsoleFiles },
  cells: CellTable,
): OpenDeployment {
  const { types } = options
  const secretsText = env[BINDINGS.secrets]
  if (typeof secretsText !== 'string') {
    throw new TypeError(
      `${BINDINGS.secrets} is not set: it holds the text of the secrets file that \`biplane serve\` makes at its first start`,
    )
  }
  const secrets = JSON.parse(secretsText) as DeploymentSecrets
  const config = toConfig(env[BINDINGS.config], cells)
  const accounts = accountTypeOf(options)
  const engine = detectEngine(config.engine, namespaceIn(env, typesOf({ types, ...accounts })))
  const [lack] = typeLacksOf({ engine, cells: config.cells, cell: config.cell }, types)
  if (lack !== undefined) throw new TypeError(`there is no place for the type "${lack.type}": ${lack.reason}`)
  const deployment: Deployment = {
    id: secrets.deployment,
    config,
    cells: config.cells,
    engine,
    types,
    typeByPlural: new Map(types.map((type) => [type.plural, type])),
    typeByName: new Map(types.map((type) => [type.name, type])),
    keyring: createKeyring(secrets.identifierKeys),
    signer: createDeploymentSigner(secrets),
    operatorKeys: secrets.operatorKeys,
    defaultAccount: secrets.defaultAccount,
    formerAccounts: secrets.formerAccounts ?? [],
    rootCell: parseResourceId(secrets.defaultAccount)?.cell ?? config.cell,
    peers: new Peers({
      env,
      cells: config.cells,
      own: config.cell,
      hopKey: secrets.hopKey,
      answerMs: config.timers.hopAnswerMs,
    }),
    ...accounts,
    hooks: options,
    ...(options.console === undefined ? {} : { console: options.console }),
  }
  return { deployment, edge: createEdge(deployment) }
}

/** Any one of the Worker's: which of them it has depends on the plane that it serves. */
function namespaceIn(
  env: Readonly<Record<string, unknown>>,
  types: readonly ResourceType[],
): DurableObjectNamespace | undefined {
  const bindings = types.map(toTypeManifest).flatMap(({ data, control }) => [data.binding, control.binding])
  return env[bindings.find((name) => env[name] !== undefined) ?? ''] as DurableObjectNamespace | undefined
}

/** Accounts are ours, unless a builder signs people in by himself. */
export function accountTypeOf(hooks: BuilderHooks): { readonly accountType?: ResourceType } {
  return hooks.authenticate === undefined ? { accountType: account } : {}
}

/** What the binding does not say has a default fit for development. */
function toConfig(binding: unknown, cells: CellTable): DeploymentConfig {
  const given = parseConfig(binding)
  const table = given.cells ?? cells
  return {
    publicUrl: 'http://localhost:8787',
    apex: 'localhost',
    cell: Object.keys(table)[0] ?? 'local',
    trustedProxies: [],
    requestLog: false,
    pathCapabilities: false,
    ...given,
    cells: table,
    timers: toTimers(given),
  }
}
