// The control plane's face towards the edge: one RPC method that carries a call to the object that it names.

import { toStub } from '../object/stub.ts'
import { UNKNOWN_TYPE_DETAIL } from '../wire/reconcile.ts'
import type { ControlCall, ControlMethod, ControlMethods, Outcome } from '../wire/planes.ts'
import type { ControlObject } from './object.ts'

/** @param namespace of the call's type, or undefined when the deployment does not have it */
export async function callControlObject<M extends ControlMethod>(
  call: ControlCall<M>,
  namespace: DurableObjectNamespace<ControlObject> | undefined,
): Promise<Outcome<ControlMethods[M]['value']>> {
  if (namespace === undefined) {
    const message = 'The control plane does not know this type.'
    return { ok: false, error: { code: 'invalid_request', message, details: { [UNKNOWN_TYPE_DETAIL]: call.type } } }
  }
  // The generated RPC types of a generic method are too deep for the compiler; the face itself is typed.
  const object = toStub(namespace, call.object) as unknown as {
    call(call: ControlCall<M>): Promise<Outcome<ControlMethods[M]['value']>>
  }
  return object.call(call)
}
