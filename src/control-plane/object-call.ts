// The one way from a row to its object, wherever that is.

import type { ObjectPlace } from '../identity/cell.ts'
import { withDeadline } from '../object/deadline.ts'
import { ResourceError } from '../wire/errors.ts'
import { PLANES_VERSION, type DataMethod, type DataMethods } from '../wire/planes.ts'
import type { ControlDeps } from './deps.ts'
import { homeOf, isSame, placeOfRow } from './moving/row-place.ts'
import type { CatalogRow } from './row.ts'

/** On whose behalf: for the logs of the other plane. */
export type Running = ControlDeps & { readonly requestId: string }

/**
 * One call to the data plane, with our own deadline.
 *
 * @param how.at another place than the row's @param how.deadlineMs default: that of every call
 * @throws ResourceError what it answered, or `deadline_exceeded`
 */
export async function callObject<M extends DataMethod>(
  deps: Running,
  row: Pick<CatalogRow, 'id' | 'place'>,
  method: M,
  args: DataMethods[M]['args'],
  how: { readonly at?: ObjectPlace; readonly deadlineMs?: number } = {},
): Promise<DataMethods[M]['value']> {
  const { at = placeOfRow(row), deadlineMs = deps.timers.callTimeoutMs } = how
  const call = {
    v: PLANES_VERSION,
    type: deps.type.name,
    resource: row.id,
    ...(isSame(at, homeOf(row.id)) ? {} : { at }),
    method,
    args,
    requestId: deps.requestId,
  } as const
  const outcome = await withDeadline(deps.dataPlane.call(call), deadlineMs, 'The data plane')
  if (!outcome.ok) throw new ResourceError(outcome.error.code, outcome.error.message, outcome.error)
  return outcome.value
}
