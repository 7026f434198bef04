// Everything that the control plane's modules need from outside, in one value: they do no I/O of their own choosing.

import type { CellTable } from '../identity/cell.ts'
import type { Keyring } from '../identity/keyring.ts'
import type { ResourceType } from '../resource-type.ts'
import type { LifecycleTimers } from '../wire/deployment.ts'
import type { ControlPlaneFace, DataPlaneFace } from '../wire/planes.ts'
import type { Journal } from './journal.ts'
import type { Counters } from './metrics.ts'
import type { Slots } from './admission/slots.ts'

/** What app.ts gives to every control plane object of a type. */
export interface ControlServices {
  readonly type: ResourceType
  readonly timers: LifecycleTimers
  readonly dataPlane: DataPlaneFace
  /** For asking the type's root object. */
  readonly controlPlane: ControlPlaneFace
  /** Of accounts: the types whose resources belong to them. No other type has any. */
  readonly ownedTypes: readonly ResourceType[]
  /** Codes of the deployment's cells. */
  readonly cells: readonly string[]
  readonly cellTable: CellTable
  /** The deployment's own account, then those of deployments whose resources were imported: they are in no list of accounts. */
  readonly ownAccounts: readonly string[]
  /** The cell of that account. */
  readonly rootCell: string
  /** @throws ResourceError `invalid_request` for a cell that the deployment does not have, or where none of the type can be */
  requireCell(code: string): void
  /** For new identifiers. */
  readonly keyring: Keyring
}

export interface ControlDeps extends ControlServices {
  readonly sql: SqlStorage
  /** This object's own name. */
  readonly objectName: string
  readonly journal: Journal
  readonly counters: Counters
  /** Wall time, milliseconds since 1970. */
  now(): number
  /** Sets the alarm for the work table as it is now; commits with the turn's other writes. */
  arm(): void
  /** Waits for the next turn, then runs `change` in its own transaction; all writers of a turn share one commit. */
  transact<T>(change: (sql: SqlStorage) => T): Promise<T>
  /** Runs of `advance` under way in this instance, by resource. */
  readonly underWay: Map<string, Promise<void>>
  /** For what requests bring to objects. */
  readonly slots: Slots
}
