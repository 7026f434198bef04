// What the edge knows about its deployment, made once per isolate: keys are imported, types indexed, hosts computed.

import type { CellTable, Engine } from '../identity/cell.ts'
import type { Keyring } from '../identity/keyring.ts'
import type { TokenSigner } from '../identity/token.ts'
import type { ConsoleFiles, ResourceType } from '../resource-type.ts'
import type { DeploymentConfig } from '../wire/deployment.ts'
import type { Peers } from '../object/peers.ts'
import type { Caller, CallerLimits, ControlPlaneFace, DataPlaneFace } from '../wire/planes.ts'
import type { ControlAction } from './roles.ts'

export type { ControlAction }

/** Who a builder's own sign-in says is calling. */
export interface AuthenticatedCaller {
  readonly account: string
  readonly role: Caller['role']
  readonly limits?: CallerLimits
  /** Where the account has its new resources. Default: as the type says, or near the user. */
  readonly cell?: string
  /** For the audit log; default: the account. */
  readonly actor?: string
}

export interface BuilderHooks {
  /** Replaces the operator key by the builder's own sign-in on the control plane's routes. undefined = not signed in. */
  authenticate?(
    request: Request,
    env: unknown,
  ): AuthenticatedCaller | undefined | Promise<AuthenticatedCaller | undefined>
  /** Asked before every control plane action; false = 403. `resource` is absent for create and list. */
  authorize?(
    caller: AuthenticatedCaller,
    action: ControlAction,
    resource: { readonly type?: string; readonly id?: string },
  ): boolean | Promise<boolean>
}

/** Independent of a request. */
export interface Deployment {
  readonly id: string
  readonly config: DeploymentConfig
  readonly cells: CellTable
  /** What this Worker runs in. */
  readonly engine: Engine
  readonly types: readonly ResourceType[]
  readonly typeByPlural: ReadonlyMap<string, ResourceType>
  readonly typeByName: ReadonlyMap<string, ResourceType>
  /** The built-in type of accounts; absent where a builder signs people in by himself. */
  readonly accountType?: ResourceType
  readonly keyring: Keyring
  readonly signer: TokenSigner
  readonly operatorKeys: readonly string[]
  readonly defaultAccount: string
  /** Deployments' own accounts whose resources were imported: no resources here, and without limits and keys like this one's own. */
  readonly formerAccounts: readonly string[]
  /** Where the control plane objects are that belong to no region: the cell of the deployment's own account. */
  readonly rootCell: string
  /** The other cells. */
  readonly peers: Peers
  readonly hooks: BuilderHooks
  readonly console?: ConsoleFiles
}

/** Every type that has a control plane, accounts among them. */
export function typesOf({ types, accountType }: Pick<Deployment, 'types' | 'accountType'>): readonly ResourceType[] {
  return accountType === undefined ? types : [...types, accountType]
}

/** A deployment as one request sees it: with the other plane and the namespaces of this Worker's environment. */
export interface EdgeContext extends Deployment {
  readonly env: unknown
  /** Over all cells. */
  readonly controlPlane: ControlPlaneFace
  readonly dataPlane: DataPlaneFace
  /** Of this cell alone. */
  readonly here: { readonly controlPlane: ControlPlaneFace; readonly dataPlane: DataPlaneFace }
  /** Data plane namespace of a type. */
  namespaceOf(type: ResourceType): DurableObjectNamespace
}
