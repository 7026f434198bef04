// The data plane's face towards the control plane: one RPC method, whatever process or cell the caller is in.

import { dataObjectAddress } from '../identity/object-name.ts'
import { parseResourceId, uniqueResourceId } from '../identity/resource-id.ts'
import { placeOf, type CellTable, type ObjectPlace } from '../identity/cell.ts'
import { isObjectIdOf, newObjectIds, toStub } from '../object/stub.ts'
import type { Descriptor } from '../wire/descriptor.ts'
import { ResourceError, type ErrorData } from '../wire/errors.ts'
import {
  UNKNOWN_CALL,
  type DataCall,
  type DataMethod,
  type DataMethods,
  type DataPlaneFace,
  type DataReference,
  type MintCall,
  type Outcome,
} from '../wire/planes.ts'
import type { ResourceObject } from './object.ts'

/** Methods that a call may name; anything else on the object stays unreachable from the other plane. */
const METHODS: ReadonlySet<string> = new Set<DataMethod>([
  'apply',
  'purge',
  'forget',
  'describe',
  'takeOver',
  'digest',
  'leave',
])

/** What an object has for this entrypoint. The generated RPC types of a generic method are too deep for the compiler. */
interface DataObject {
  lifecycle<M extends DataMethod>(method: M, args: DataMethods[M]['args']): Promise<Outcome<DataMethods[M]['value']>>
  dumpContent(): Promise<ReadableStream<Uint8Array>>
  restoreContent(
    descriptor: Descriptor,
    content: ReadableStream<Uint8Array>,
    from?: ObjectPlace,
  ): Promise<Outcome<DataMethods['takeOver']['value']>>
}

type Namespace = DurableObjectNamespace<ResourceObject> | undefined

/**
 * Carries one call to its object.
 *
 * @param namespace of the call's type, or undefined when the deployment does not have it
 * @param dataPlane for what is at another place
 */
export async function callDataObject<M extends DataMethod>(
  call: DataCall<M>,
  namespace: Namespace,
  cells: CellTable,
  dataPlane: Pick<DataPlaneFace, 'dump'>,
): Promise<Outcome<DataMethods[M]['value']>> {
  if (!METHODS.has(call.method)) return { ok: false, error: UNKNOWN_CALL }
  const { object, error } = objectOf(call, namespace, cells)
  if (object === undefined) return { ok: false, error }
  if (call.method !== 'takeOver') return object.lifecycle(call.method, call.args)
  const { descriptor, from } = call.args as DataMethods['takeOver']['args']
  const { v, type, resource, requestId } = call
  const content = await dataPlane.dump({ v, type, resource, at: from, requestId })
  return object.restoreContent(descriptor, content, from)
}

/** Names objects that are yet to be: only where they will live can the platform do that. */
export function mintDataObjects(
  { type, cell, count }: MintCall,
  namespace: Namespace,
  cells: CellTable,
): Outcome<readonly string[]> {
  const place = placeOf(cells, cell)
  if (namespace === undefined || place === undefined)
    return { ok: false, error: { code: 'unavailable', message: `There is no cell "${cell}" here.` } }
  const objectIds = newObjectIds(namespace, place, count)
  return { ok: true, value: objectIds.map((objectId) => uniqueResourceId(type, cell, objectId).id) }
}

/** @throws ResourceError when there is no such object here */
export async function dumpDataObject(
  reference: DataReference,
  namespace: Namespace,
  cells: CellTable,
): Promise<ReadableStream<Uint8Array>> {
  const { object, error } = objectOf(reference, namespace, cells)
  if (object === undefined) throw new ResourceError(error.code, error.message)
  return object.dumpContent()
}

export async function restoreDataObject(
  reference: DataReference & { readonly descriptor: Descriptor },
  content: ReadableStream<Uint8Array>,
  namespace: Namespace,
  cells: CellTable,
): Promise<Outcome<DataMethods['takeOver']['value']>> {
  const { object, error } = objectOf(reference, namespace, cells)
  return object === undefined ? { ok: false, error } : object.restoreContent(reference.descriptor, content)
}

/** A stub has every member that it is asked for, so that it cannot be told from an error by one. */
type Found =
  | { readonly object: DataObject; readonly error?: undefined }
  | { readonly object?: undefined; readonly error: ErrorData }

function objectOf(
  { resource, type, at }: Pick<DataReference, 'resource' | 'type' | 'at'>,
  namespace: Namespace,
  cells: CellTable,
): Found {
  const id = parseResourceId(resource)
  if (id === undefined || id.type !== type || namespace === undefined)
    return { error: { code: 'unavailable', message: 'The data plane does not know this call.' } }
  const cell = at?.cell ?? id.cell
  const place = placeOf(cells, cell)
  if (place === undefined) return { error: { code: 'unavailable', message: `There is no cell "${cell}" here.` } }
  if (id.format === 'unique' && (at !== undefined || !isObjectIdOf(namespace, id.objectId, place)))
    return { error: { code: 'invalid_request', message: 'What the platform has named is where it was made.' } }
  return { object: toStub(namespace, dataObjectAddress(id, at), place) as unknown as DataObject }
}
