// What a deployment can do, as `GET /v1/capabilities` says it.

import {
  ENGINES,
  engineOf,
  lackOf,
  type Capability,
  type Places,
  type RequiringType,
} from '../identity/capabilities.ts'
import { isHere, type Engine } from '../identity/cell.ts'

export interface CapabilitiesJson {
  /** What runs the process that answered. */
  readonly engine: Engine
  /** The process's own cell: where new resources go that name none. */
  readonly cell: string
  readonly cells: readonly CellJson[]
  readonly types: readonly TypeCapabilitiesJson[]
}

export interface CellJson {
  readonly code: string
  /** Whether the process that answered serves it by itself. */
  readonly here: boolean
  readonly hint?: string
  readonly jurisdiction?: string
  /** For the operator only. */
  readonly address?: string
  readonly engine: Engine
  readonly supports: EngineJson
}

export interface EngineJson {
  /** `ignored`: a location hint is accepted, and changes nothing. */
  readonly placement: 'ignored' | 'first_touch'
  readonly jurisdiction: boolean
  readonly point_in_time_recovery: boolean
  readonly failover: 'none' | 'automatic'
  /** Where a write is when it is acknowledged. */
  readonly durability: 'disk' | 'bucket' | 'replicated'
  readonly experimental: boolean
  /** null: none of the engine's own. */
  readonly limits: {
    readonly object_bytes: number | null
    readonly value_bytes: number
    readonly request_body_bytes: number | null
    readonly memory_bytes: number | null
    readonly sockets_per_object: number | null
    readonly connections_per_request: number | null
    readonly subrequests_per_request: number | null
    readonly alarms_per_object: number
    readonly alarm_retries: number
  }
}

export interface TypeCapabilitiesJson {
  readonly name: string
  readonly plural: string
  readonly requires: readonly Capability[]
  /** Codes of the cells that its resources can be in. */
  readonly cells: readonly string[]
}

/** @param options.withAddresses where the other cells are is the operator's business */
export function toCapabilitiesJson(
  places: Places,
  types: readonly (RequiringType & { readonly plural: string })[],
  { withAddresses }: { readonly withAddresses: boolean },
): CapabilitiesJson {
  const codes = Object.keys(places.cells)
  return {
    engine: places.engine,
    cell: places.cell,
    cells: codes.map((code) => toCellJson(places, code, withAddresses)),
    types: types.map((type) => ({
      name: type.name,
      plural: type.plural,
      requires: type.requires,
      cells: codes.filter((code) => lackOf(places, type, code) === undefined),
    })),
  }
}

function toCellJson(places: Places, code: string, withAddress: boolean): CellJson {
  const { hint, jurisdiction, address } = places.cells[code] ?? {}
  const engine = engineOf(places, code)
  return {
    code,
    here: isHere(places.cells, places.cell, code),
    ...(hint === undefined ? {} : { hint }),
    ...(jurisdiction === undefined ? {} : { jurisdiction }),
    ...(address === undefined || !withAddress ? {} : { address }),
    engine,
    supports: toEngineJson(engine),
  }
}

function toEngineJson(engine: Engine): EngineJson {
  const { placement, jurisdiction, pointInTimeRecovery, failover, durability, experimental, limits } = ENGINES[engine]
  return {
    placement,
    jurisdiction,
    point_in_time_recovery: pointInTimeRecovery,
    failover,
    durability,
    experimental,
    limits: {
      object_bytes: limits.objectBytes,
      value_bytes: limits.valueBytes,
      request_body_bytes: limits.requestBodyBytes,
      memory_bytes: limits.memoryBytes,
      sockets_per_object: limits.socketsPerObject,
      connections_per_request: limits.connectionsPerRequest,
      subrequests_per_request: limits.subrequestsPerRequest,
      alarms_per_object: limits.alarmsPerObject,
      alarm_retries: limits.alarmRetries,
    },
  }
}
