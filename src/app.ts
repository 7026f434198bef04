// The composition root: types and hooks in, Worker exports out. The only file that sees every plane.

import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers'
import { DeclarationError, checkAppOptions } from './declaration.ts'
import { callControlObject } from './control-plane/entrypoint.ts'
import { ControlObject } from './control-plane/object.ts'
import type { ControlServices } from './control-plane/deps.ts'
import { callDataObject, dumpDataObject, mintDataObjects, restoreDataObject } from './data-plane/entrypoint.ts'
import type { ResourceObject } from './data-plane/object.ts'
import { accountTypeOf, openDeployment } from './deployment.ts'
import { requireCell } from './edge/capabilities.ts'
import { typesOf, type BuilderHooks, type EdgeContext } from './edge/deployment.ts'
import { callControlPlane } from './edge/to-control-plane.ts'
import { serveRequest } from './edge/worker.ts'
import { checkCellTable, type CellTable } from './identity/cell.ts'
import { cellOfControlObject } from './identity/object-name.ts'
import { loggedCall } from './object/call-log.ts'
import { controlPlaneOverCells, dataPlaneOverCells } from './object/planes.ts'
import type { ConsoleFiles, ResourceType } from './resource-type.ts'
import { BINDINGS } from './wire/deployment.ts'
import type { Descriptor } from './wire/descriptor.ts'
import { ResourceError } from './wire/errors.ts'
import { toTypeManifest, type AppManifest } from './wire/manifest.ts'
import type {
  Caller,
  ControlCall,
  ControlMethod,
  ControlMethods,
  ControlPlaneFace,
  DataCall,
  DataMethod,
  DataMethods,
  DataPlaneFace,
  DataReference,
  MintCall,
  Outcome,
} from './wire/planes.ts'

export interface AppOptions<Types extends readonly ResourceType[] = readonly ResourceType[]> extends BuilderHooks {
  readonly types: Types
  /** Cells of a deployment that has no configuration of its own; default: one, `local`, in this process. */
  readonly cells?: CellTable
  /** The page at `/`, such as `consoleFiles` of `biplane/console`; default: a plain page that says what runs here. */
  readonly console?: ConsoleFiles
}

type Env = Readonly<Record<string, unknown>>
/** What a handler's third argument and an object's `ctx` have in common: the loopback bindings of this Worker. */
type WithExports = { readonly exports?: unknown }

/** Control plane calls from code, for one caller. */
export type ControlCalls = <M extends ControlMethod>(
  type: string,
  method: M,
  args: ControlMethods[M]['args'],
) => Promise<ControlMethods[M]['value']>

export interface App<Types extends readonly ResourceType[] = readonly ResourceType[]> {
  /** Never there: carries the types to `createClient<typeof app>()`. */
  readonly '~types'?: Types
  /** The whole HTTP face; a builder may call it for some paths or hosts of his own Worker. */
  fetch(request: Request, env: unknown, ctx: ExecutionContext): Promise<Response>
  /** Classes that the Worker's main module must export under these names. */
  readonly exports: Readonly<Record<string, new (ctx: never, env: never) => object>>
  readonly manifest: AppManifest
  /** Typed calls to the control plane from a builder's own code: `app.control(env, ctx, caller)('wiki', 'create', {...})`. */
  control(env: unknown, ctx: ExecutionContext, caller: Pick<Caller, 'account' | 'role'>): ControlCalls
}

/**
 * Makes an application of resource types.
 *
 * @throws DeclarationError (a TypeError) for no type at all, two types of one name, or a member or value that there is not; TypeError for a
 * cell table that breaks the syntax
 * @example
 * export default createApp({ types: [wiki] })
 */
export function createApp<const Types extends readonly ResourceType[]>(options: AppOptions<Types>): App<Types> {
  checkAppOptions(options)
  const { types } = options
  const names = types.flatMap((type) => (type.name === type.plural ? [type.name] : [type.name, type.plural]))
  if (new Set(names).size !== names.length) throw new DeclarationError(`two types share a name: ${names.join(', ')}`)
  const cells = checkCellTable(options.cells ?? { local: {} })
  /** The builder's, and accounts. */
  const allTypes = typesOf({ types, ...accountTypeOf(options) })
  const manifest: AppManifest = { version: 1, types: allTypes.map(toTypeManifest) }
  const open = memoize((env) => openDeployment(env, options, cells))
  const bindingOf = new Map(allTypes.map((type) => [type, toTypeManifest(type).data.binding]))
  /** Where the planes are apart nothing in a context belongs to one request; a loopback binding belongs to its `ctx`. */
  const contexts = new WeakMap<Env, EdgeContext>()

  /** Both planes, over all cells. */
  function planesOf(env: Env, ctx: WithExports): Pick<EdgeContext, 'controlPlane' | 'dataPlane'> {
    const { peers, rootCell } = open(env).deployment
    return {
      controlPlane: controlPlaneOverCells(controlPlaneOf(env, ctx), peers, rootCell),
      dataPlane: dataPlaneOverCells(dataPlaneOf(env, ctx), peers),
    }
  }

  function toContext(env: Env, ctx: WithExports): EdgeContext {
    const known = contexts.get(env)
    if (known !== undefined) return known
    const context: EdgeContext = {
      ...open(env).deployment,
      env,
      ...planesOf(env, ctx),
      here: { controlPlane: controlPlaneOf(env, ctx), dataPlane: dataPlaneOf(env, ctx) },
      namespaceOf: (type) => namespaceOf(env, bindingOf.get(type) ?? ''),
    }
    if (env[BINDINGS.controlPlane] !== undefined) contexts.set(env, context)
    return context
  }

  function dataNamespaceOf(
    env: Env,
    call: Pick<DataReference, 'type'>,
  ): DurableObjectNamespace<ResourceObject> | undefined {
    const type = manifest.types.find(({ name }) => name === call.type)
    return type && (namespaceOf(env, type.data.binding) as unknown as DurableObjectNamespace<ResourceObject>)
  }

  class ControlPlane extends WorkerEntrypoint<Env> {
    async call<M extends ControlMethod>(call: ControlCall<M>): Promise<Outcome<ControlMethods[M]['value']>> {
      const type = manifest.types.find(({ name }) => name === call.type)
      const namespace =
        type && (namespaceOf(this.env, type.control.binding) as unknown as DurableObjectNamespace<ControlObject>)
      const { config, peers, rootCell } = open(this.env).deployment
      const { requestLog } = config
      // Objects report their usage through their own cell, whose control plane may not be theirs.
      const isElsewhere = peers.hasOthers && !peers.isHere(cellOfControlObject(call.type, call.object, rootCell))
      const run = () =>
        isElsewhere ? planesOf(this.env, this.ctx).controlPlane.call(call) : callControlObject(call, namespace)
      return loggedCall(requestLog, 'control_call', call, call.caller.requestId, run)
    }
  }

  class DataPlane extends WorkerEntrypoint<Env> {
    async call<M extends DataMethod>(call: DataCall<M>): Promise<Outcome<DataMethods[M]['value']>> {
      const namespace = dataNamespaceOf(this.env, call)
      const { deployment } = open(this.env)
      const run = () => callDataObject(call, namespace, deployment.cells, planesOf(this.env, this.ctx).dataPlane)
      return loggedCall(deployment.config.requestLog, 'data_call', call, call.requestId, run)
    }

    async mint(call: MintCall): Promise<Outcome<readonly string[]>> {
      return mintDataObjects(call, dataNamespaceOf(this.env, call), open(this.env).deployment.cells)
    }

    async dump(reference: DataReference): Promise<ReadableStream<Uint8Array>> {
      return dumpDataObject(reference, dataNamespaceOf(this.env, reference), open(this.env).deployment.cells)
    }

    async restore(
      reference: DataReference & { readonly descriptor: Descriptor },
      content: ReadableStream<Uint8Array>,
    ): Promise<Outcome<DataMethods['takeOver']['value']>> {
      const { deployment } = open(this.env)
      return restoreDataObject(reference, content, dataNamespaceOf(this.env, reference), deployment.cells)
    }
  }

  function controlClassOf(type: ResourceType): new (ctx: DurableObjectState, env: Env) => DurableObject {
    return class extends ControlObject<Env> {
      protected override services(): ControlServices {
        const { deployment } = open(this.env)
        return {
          type,
          timers: deployment.config.timers,
          ...planesOf(this.env, this.ctx),
          ownedTypes: type === deployment.accountType ? deployment.types : [],
          cells: Object.keys(deployment.cells),
          cellTable: deployment.cells,
          ownAccounts: [deployment.defaultAccount, ...deployment.formerAccounts],
          rootCell: deployment.rootCell,
          keyring: deployment.keyring,
          requireCell: (cell) => requireCell(deployment, type, cell),
        }
      }
    }
  }

  const classes = allTypes.flatMap((type) => {
    const { control, data } = toTypeManifest(type)
    return [
      [control.className, controlClassOf(type)],
      [data.className, type.object],
    ] as const
  })

  return {
    manifest,
    exports: { ControlPlane, DataPlane, ...Object.fromEntries(classes) } as App['exports'],
    fetch: (request, env, ctx) => serveRequest(open(env as Env).edge, toContext(env as Env, ctx), request),
    control(env, ctx, { account, role }) {
      const context = toContext(env as Env, ctx)
      return (typeName, method, args) => {
        const type = allTypes.find(({ name }) => name === typeName)
        if (type === undefined) throw new ResourceError('not_found', `There is no resource type "${typeName}".`)
        return callControlPlane(
          context,
          type,
          { account, role, limits: {}, requestId: crypto.randomUUID() },
          method,
          args,
        )
      }
    },
  }
}

/** Once per environment object: an isolate has one, or a few. */
function memoize<T>(make: (env: Env) => T): (env: Env) => T {
  const made = new WeakMap<Env, T>()
  return (env) => {
    const known = made.get(env)
    if (known !== undefined) return known
    const value = make(env)
    made.set(env, value)
    return value
  }
}

/** The other process's entrypoint where the planes are apart, else this Worker's own. */
function controlPlaneOf(env: Env, ctx: WithExports): ControlPlaneFace {
  return (env[BINDINGS.controlPlane] ?? (ctx.exports as { ControlPlane: unknown }).ControlPlane) as ControlPlaneFace
}

function dataPlaneOf(env: Env, ctx: WithExports): DataPlaneFace {
  return (env[BINDINGS.dataPlane] ?? (ctx.exports as { DataPlane: unknown }).DataPlane) as DataPlaneFace
}

function namespaceOf(env: Env, binding: string): DurableObjectNamespace {
  const namespace = env[binding] as DurableObjectNamespace | undefined
  if (namespace === undefined)
    throw new TypeError(`the Durable Object binding ${binding} is missing from this Worker's configuration`)
  return namespace
}
