// What the running deployment can do, and the refusal of what it cannot.

import * as z from 'zod'
import type { ZodType } from 'zod'
import { CAPABILITIES, lackOf, type Places } from '../identity/capabilities.ts'
import { placeOf, type CellTable, type Engine } from '../identity/cell.ts'
import type { ResourceType } from '../resource-type.ts'
import { toCapabilitiesJson } from '../wire/capabilities.ts'
import { ResourceError } from '../wire/errors.ts'
import type { Deployment } from './deployment.ts'
import type { ControlRequest } from './route.ts'

const limit: ZodType = z.int().nullable().describe('null: none of the engine’s own.')
const engineName: ZodType = z.enum(['workerd', 'workerd-cluster', 'cloudflare'])

const engineAnswer: ZodType = z
  .strictObject({
    placement: z.enum(['ignored', 'first_touch']).describe('What becomes of a location hint.'),
    jurisdiction: z.boolean(),
    point_in_time_recovery: z.boolean(),
    failover: z.enum(['none', 'automatic']),
    durability: z.enum(['disk', 'bucket', 'replicated']).describe('Where a write is when it is acknowledged.'),
    experimental: z.boolean(),
    limits: z.strictObject({
      object_bytes: limit,
      value_bytes: z.int(),
      request_body_bytes: limit,
      memory_bytes: limit,
      sockets_per_object: limit,
      connections_per_request: limit,
      subrequests_per_request: limit,
      alarms_per_object: z.int(),
      alarm_retries: z.int(),
    }),
  })
  .meta({ id: 'EngineCapabilities' })

export const capabilitiesAnswer: ZodType = z
  .strictObject({
    engine: engineName.describe('What runs the process that answered.'),
    cell: z.string().describe('Where new resources go that name none.'),
    cells: z.array(
      z.strictObject({
        code: z.string(),
        here: z.boolean().describe('Whether the process that answered serves it by itself.'),
        hint: z.string().optional(),
        jurisdiction: z.string().optional(),
        address: z.string().optional().describe('For the operator only.'),
        engine: engineName,
        supports: engineAnswer,
      }),
    ),
    types: z.array(
      z.looseObject({
        name: z.string(),
        plural: z.string(),
        requires: z.array(z.enum(CAPABILITIES)),
        cells: z.array(z.string()).describe('Where its resources can be.'),
      }),
    ),
  })
  .meta({ id: 'Capabilities' })

export async function getCapabilities({ context, caller }: ControlRequest): Promise<Response> {
  const withAddresses = caller.role === 'operator'
  return Response.json(toCapabilitiesJson(placesOf(context), context.types, { withAddresses }))
}

/** @param by who asks for it; undefined = the request itself. @throws ResourceError `invalid_request` */
export function requireKnownCell({ cells }: Pick<Deployment, 'cells'>, code: string, by?: string): string {
  if (placeOf(cells, code) !== undefined) return code
  throw new ResourceError(
    'invalid_request',
    `There is no cell "${code}"${by === undefined ? '' : `, which ${by} asks for`}: choose one of ${Object.keys(cells).join(', ')}.`,
    { details: { parameter: 'cell' } },
  )
}

/** @throws ResourceError `invalid_request` for a cell that the deployment does not have, or that the type's resources cannot be in */
export function requireCell(deployment: Deployment, type: ResourceType, code: string): void {
  requireKnownCell(deployment, code)
  const reason = lackOf(placesOf(deployment), type, code)
  if (reason === undefined) return
  throw new ResourceError('invalid_request', `No ${type.name} can be in the cell "${code}": ${reason}.`, {
    details: { resource_type: type.name, cell: code, reason },
  })
}

/** The cells that resources of a type can be in. */
export function cellsFor(deployment: Deployment, type: ResourceType): CellTable {
  const { cells } = deployment
  const places = placesOf(deployment)
  return Object.fromEntries(Object.entries(cells).filter(([code]) => lackOf(places, type, code) === undefined))
}

function placesOf({ engine, cells, config }: Deployment): Places {
  return { engine, cells, cell: config.cell }
}

/**
 * What this Worker runs in. Only what is configured for Cloudflare, or for nothing, is looked at twice: such a Worker may be in a local
 * runtime, which is workerd and has no jurisdictions. Asking for one touches no object.
 *
 * @param namespace any one of the Worker's; without one the engine that promises least is assumed
 */
export function detectEngine(configured: Engine | undefined, namespace: DurableObjectNamespace | undefined): Engine {
  if (configured === 'workerd' || configured === 'workerd-cluster') return configured
  try {
    return namespace?.jurisdiction('eu') === undefined ? 'workerd' : 'cloudflare'
  } catch {
    return 'workerd'
  }
}
