// The data plane's face towards the control plane: one RPC method, whatever process or cell the caller is in.

import { dataObjectName } from '../identity/object-name.ts'
import { parseResourceId } from '../identity/resource-id.ts'
import { placeOf, type CellTable } from '../identity/cell.ts'
import { toStub } from '../object/stub.ts'
import type { DataCall, DataMethod, DataMethods, Outcome } from '../wire/planes.ts'
import type { ResourceObject } from './object.ts'

/** Methods that a call may name; anything else on the object stays unreachable from the other plane. */
const METHODS: ReadonlySet<string> = new Set<DataMethod>(['apply', 'purge', 'forget', 'describe'])

/** Carries one call to its object. @param namespace of the call's type, or undefined when the deployment does not have it */
export async function callDataObject<M extends DataMethod>(
  call: DataCall<M>,
  namespace: DurableObjectNamespace<ResourceObject> | undefined,
  cells: CellTable,
): Promise<Outcome<DataMethods[M]['value']>> {
  const id = parseResourceId(call.resource)
  const place = id === undefined ? undefined : placeOf(cells, id.cell)
  if (id === undefined || id.type !== call.type || namespace === undefined || !METHODS.has(call.method)) {
    // Retryable: during a deployment the two planes may be of different releases for minutes.
    return { ok: false, error: { code: 'unavailable', message: 'The data plane does not know this call.' } }
  }
  if (place === undefined)
    return { ok: false, error: { code: 'unavailable', message: `There is no cell "${id.cell}" here.` } }
  const stub = toStub(namespace, dataObjectName(id.id), place)
  // The generated RPC types of a generic method are too deep for the compiler; the face itself is typed.
  const object = stub as unknown as {
    lifecycle(method: M, args: DataMethods[M]['args']): Promise<Outcome<DataMethods[M]['value']>>
  }
  return object.lifecycle(call.method, call.args)
}
