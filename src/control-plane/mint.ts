// Identifiers of new resources, before anything is recorded: random ones, those that follow from a name, and those that the platform makes.

import { isAddressable, nameHomeOf, namedResourceId } from '../identity/caller-name.ts'
import { mintResourceId } from '../identity/resource-id.ts'
import { withDeadline } from '../object/deadline.ts'
import { ResourceError } from '../wire/errors.ts'
import { PLANES_VERSION, type Caller, type CreateRequest } from '../wire/planes.ts'
import type { ControlDeps } from './deps.ts'

/**
 * One identifier for each creation, in their order. Nothing is created by that, so a crash leaves nothing behind.
 *
 * @throws ResourceError `invalid_request` for a cell that the deployment does not have, or that the name does not lead to, and for a name
 * that is missing or can be no address; `unavailable` without the data plane, where that has to name its objects
 */
export async function mintIds(
  deps: ControlDeps,
  caller: Caller,
  requests: readonly CreateRequest[],
): Promise<readonly string[]> {
  for (const cell of new Set(requests.map((request) => request.cell))) deps.requireCell(cell)
  const { type, keyring } = deps
  if (type.addressing === 'unique') return mintUnique(deps, caller, requests)
  if (type.naming === 'caller') return Promise.all(requests.map((request) => idOfName(deps, caller, request)))
  return Promise.all(
    requests.map(async ({ cell, name }) => {
      const { id } = await mintResourceId(keyring, type.name, cell, type.identifiers === 'slug' ? name : undefined)
      return id
    }),
  )
}

async function idOfName(
  { type, keyring, rootCell }: ControlDeps,
  { account }: Caller,
  { name, cell }: CreateRequest,
): Promise<string> {
  if (name === undefined || !isAddressable(name))
    throw new ResourceError(
      'invalid_request',
      `A ${type.name} is reached by its name: it needs one that can be a path.`,
    )
  const home = await nameHomeOf(keyring, account, rootCell)
  if (cell !== home.cell) {
    throw new ResourceError(
      'invalid_request',
      `A ${type.name} is reached by its name, which leads to "${home.cell}", the cell of its account: leave the cell out.`,
    )
  }
  return (await namedResourceId(keyring, type.name, home, name)).id
}

/** Those of one cell by one call. */
async function mintUnique(
  deps: ControlDeps,
  { requestId }: Caller,
  requests: readonly CreateRequest[],
): Promise<readonly string[]> {
  const minted = new Map<string, string[]>()
  for (const cell of new Set(requests.map((request) => request.cell))) {
    const count = requests.filter((request) => request.cell === cell).length
    const call = deps.dataPlane.mint({ v: PLANES_VERSION, type: deps.type.name, cell, count, requestId })
    // Whatever went wrong, nothing was recorded.
    const outcome = await withDeadline(call, deps.timers.callTimeoutMs, 'The data plane').catch(() => undefined)
    if (outcome?.ok !== true) throw cannotName(deps, cell)
    minted.set(cell, [...outcome.value])
  }
  return requests.map(({ cell }) => minted.get(cell)?.shift() ?? '')
}

function cannotName({ type }: ControlDeps, cell: string): ResourceError {
  return new ResourceError(
    'unavailable',
    `New ${type.plural} are named by the data plane of "${cell}", which does not answer: try again in a moment.`,
    { applied: 'no', retryAfterSeconds: 1 },
  )
}
