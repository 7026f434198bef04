// The faces of both planes over all cells: a call goes to the cell where its object lives, which both planes' names say.

import { cellOfControlObject } from '../identity/object-name.ts'
import { parseResourceId } from '../identity/resource-id.ts'
import { ResourceError } from '../wire/errors.ts'
import type {
  ControlCall,
  ControlMethod,
  ControlMethods,
  ControlPlaneFace,
  DataCall,
  DataMethod,
  DataMethods,
  DataPlaneFace,
  DataReference,
  Outcome,
} from '../wire/planes.ts'
import type { Peers } from './peers.ts'

/** @param root the cell of the deployment's own account */
export function controlPlaneOverCells(here: ControlPlaneFace, peers: Peers, root: string): ControlPlaneFace {
  if (!peers.hasOthers) return here
  return {
    async call<M extends ControlMethod>(call: ControlCall<M>) {
      const cell = cellOfControlObject(call.type, call.object, root)
      if (peers.isHere(cell)) return here.call(call)
      const response = await peers.call(cell, 'control', { ...call, requestId: call.caller.requestId })
      return response.json<Outcome<ControlMethods[M]['value']>>()
    },
  }
}

export function dataPlaneOverCells(here: DataPlaneFace, peers: Peers): DataPlaneFace {
  if (!peers.hasOthers) return here
  return {
    async call<M extends DataMethod>(call: DataCall<M>) {
      const cell = cellOf(call)
      if (peers.isHere(cell)) return here.call(call)
      return (await peers.call(cell, 'data', call)).json<Outcome<DataMethods[M]['value']>>()
    },
    async mint(call) {
      if (peers.isHere(call.cell)) return here.mint(call)
      return (await peers.call(call.cell, 'mint', call)).json<Outcome<readonly string[]>>()
    },
    async dump(reference) {
      const cell = cellOf(reference)
      if (peers.isHere(cell)) return here.dump(reference)
      const { body } = await peers.call(cell, 'dump', reference)
      if (body === null) throw new ResourceError('unavailable', `The cell "${cell}" sent no content.`)
      return body
    },
    async restore(reference, content) {
      const cell = cellOf(reference)
      if (peers.isHere(cell)) return here.restore(reference, content)
      return (await peers.stream(cell, reference, content)).json<Outcome<DataMethods['takeOver']['value']>>()
    },
  }
}

/** Where an object is: as the call says, or its identifier. */
export function cellOf({ at, resource }: Pick<DataReference, 'at' | 'resource'>): string {
  return at?.cell ?? parseResourceId(resource)?.cell ?? ''
}
