// Rows of another deployment's archive. What has content is recorded first and waits, suspended, until its object was filled (content.ts);
// what was purged there is purged here, too, which leaves its tombstone. An identifier that this deployment has already is never touched:
// neither its row, nor what its object holds, which is asked before anything is recorded.

import { toNameKey } from '../../identity/caller-name.ts'
import { parseResourceId } from '../../identity/resource-id.ts'
import { fault } from '../../object/fault.ts'
import type { ArchivedRow, ArchiveMethods, ImportedRow } from '../../wire/archive.ts'
import type { Held } from '../../wire/descriptor.ts'
import { ResourceError } from '../../wire/errors.ts'
import type { Caller } from '../../wire/planes.ts'
import { readAccount } from '../accounts/account.ts'
import { takeBytes } from '../accounts/metering.ts'
import { takeOne } from '../accounts/quota.ts'
import { findRow, insertRow, requireFreeName } from '../catalog.ts'
import type { ControlDeps } from '../deps.ts'
import { scheduleWork } from '../descriptor.ts'
import { indexLabels } from '../labels.ts'
import { nextIncarnation, raiseCounters } from '../meta.ts'
import { callObject } from '../object-call.ts'
import { NO_RETENTION } from '../retention.ts'
import type { CatalogRow } from '../row.ts'
import type { Awaiting } from './content.ts'

/** Cloudflare allows six connections per request. */
const CONCURRENCY = 6

export async function importRows(
  deps: ControlDeps,
  caller: Caller,
  { archive, rows, dryRun = false }: ArchiveMethods['importRows']['args'],
): Promise<ArchiveMethods['importRows']['value']> {
  if (dryRun) return { data: rows.map((row) => foresee(deps, archive, row)) }
  const held = await askObjects(
    deps,
    caller.requestId,
    rows.filter(({ id }) => findRow(deps.sql, id) === undefined),
  )
  const data = await deps.transact(() => rows.map((row) => take(deps, caller, archive, row, held.get(row.id))))
  TEST_BUILD: await fault('import.recorded')
  return { data }
}

/** What the objects of identifiers hold that are in no row of this shard: nothing, unless they are another account's, or were once. */
async function askObjects(
  deps: ControlDeps,
  requestId: string,
  rows: readonly ArchivedRow[],
): Promise<ReadonlyMap<string, Held>> {
  const held = new Map<string, Held>()
  const queue = [...rows]
  const workers = Array.from({ length: CONCURRENCY }, async () => {
    for (let row = queue.shift(); row !== undefined; row = queue.shift())
      held.set(row.id, (await callObject({ ...deps, requestId }, { id: row.id }, 'describe', {})).held)
  })
  await Promise.all(workers)
  return held
}

function take(
  deps: ControlDeps,
  caller: Caller,
  archive: string,
  row: ArchivedRow,
  held: Held | undefined,
): ImportedRow {
  const foreseen = foresee(deps, archive, row)
  if (foreseen.outcome === 'conflict' || findRow(deps.sql, row.id) !== undefined) return foreseen
  // The row went between the question and this transaction: whoever repeats the call asks the object, too.
  if (held === undefined || held.kind !== 'nothing') return conflict(row, toReason(held))
  raiseCounters(deps.sql, { incarnation: row.incarnation, createTime: row.createTimeMs, clockMs: 0 })
  record(deps, archive, row)
  deps.journal.audit(caller, 'import', row.id)
  return foreseen
}

function toReason(held: Held | undefined): string {
  if (held?.kind === 'tombstone') return 'It was purged in this deployment.'
  return held === undefined ? 'It was here a moment ago.' : 'Another account of this deployment has it.'
}

/** What would come of a row, as far as this shard knows by itself. */
function foresee(deps: ControlDeps, archive: string, row: ArchivedRow): ImportedRow {
  const { id, account, state, name } = row
  const here = findRow(deps.sql, id)
  if (here !== undefined) {
    if (here.archive !== archive) return conflict(row, 'This deployment has a resource with this identifier.')
    return { id, outcome: here.awaiting === null ? 'complete' : 'awaiting' }
  }
  if (state === 'purged') return { id, outcome: 'complete' }
  if (readAccount(deps.sql, account).hold === 'deleted') return conflict(row, 'Its account was deleted here.')
  if (state === 'live' && name !== null) {
    try {
      requireFreeName(deps.sql, account, toNameKey(name), { wayOut: 'rename one of them' })
    } catch (error) {
      if (error instanceof ResourceError) return conflict(row, error.message)
      throw error
    }
  }
  return { id, outcome: 'awaiting' }
}

function conflict({ id }: ArchivedRow, reason: string): ImportedRow {
  return { id, outcome: 'conflict', reason }
}

/** Limits of the account do not count: the operator decides what comes in. */
function record(deps: ControlDeps, archive: string, row: ArchivedRow): void {
  const { sql } = deps
  const isPurged = row.state === 'purged'
  const incarnation = nextIncarnation(sql)
  const version = row.version + 1
  const awaiting: Awaiting = { state: row.state, retentionLeftMs: row.retentionLeftMs ?? 0 }
  const recorded: CatalogRow = {
    id: row.id,
    account: row.account,
    name: row.name,
    nameKey: row.name === null ? null : toNameKey(row.name),
    // An object is where its identifier says, wherever it was moved to before.
    cell: parseResourceId(row.id)?.cell ?? '',
    phase: isPurged ? 'purging' : 'creating',
    isListed: row.state === 'live',
    incarnation,
    desiredVersion: version,
    appliedVersion: isPurged ? version : 0,
    descriptor: {
      id: row.id,
      type: deps.type.name,
      account: row.account,
      shard: deps.objectName,
      incarnation,
      version,
      mode: isPurged ? 'deleted' : 'suspended',
      visibility: row.visibility,
      // What it may have is asked once it is here: it may have more already.
      limits: { bytes: deps.type.limits.bytes },
      generation: row.generation,
      ...(row.revoked.length === 0 ? {} : { revoked: row.revoked }),
      allowedOrigins: row.allowedOrigins,
      ...(row.hosts.length === 0 ? {} : { hosts: row.hosts }),
      settings: row.settings,
    },
    params: undefined,
    failure: undefined,
    labels: row.labels,
    metadata: row.metadata,
    revision: row.revision,
    createTimeMs: freeCreateTime(sql, row),
    updateTimeMs: row.updateTimeMs,
    deleteTimeMs: row.deleteTimeMs,
    ...NO_RETENTION,
    ownMode: row.mode,
    isProtected: row.isProtected,
    expireTimeMs: row.expireTimeMs,
    lifeDue: null,
    awakeTimeMs: null,
    operation: null,
    archive,
    awaiting: isPurged ? null : JSON.stringify(awaiting),
    ...(row.usage === undefined ? {} : { usage: row.usage }),
  }
  insertRow(sql, recorded)
  if (isPurged) return scheduleWork(deps, row.id, 'purge', 0)
  if (recorded.isListed) takeOne(sql, row.account, undefined)
  indexLabels(sql, recorded)
  takeBytes(deps, recorded)
}

/** Lists go by it: no other resource of the account has it. */
function freeCreateTime(sql: SqlStorage, { account, createTimeMs }: ArchivedRow): number {
  for (let time = createTimeMs; ; time++) {
    const taken = [0, 1].some(
      (listed) =>
        sql
          .exec(
            `SELECT 1 FROM resource WHERE listed = ${listed} AND account = ? AND create_time = ? LIMIT 1`,
            account,
            time,
          )
          .toArray().length > 0,
    )
    if (!taken) return time
  }
}
