// Rows of another deployment's archive. What has content is recorded first and waits, suspended, until its object was filled (content.ts);
// what was purged there is purged here, too, which leaves its tombstone. An identifier that this deployment has already is never touched:
// neither its row, nor what its object holds, which is asked before anything is said or recorded. What another archive's import has recorded and
// not filled is in nobody's way: it is taken over.

import { toNameKey } from '../../identity/caller-name.ts'
import { parseResourceId } from '../../identity/resource-id.ts'
import { fault } from '../../object/fault.ts'
import type { ArchivedRow, ArchiveMethods, ImportedRow } from '../../wire/archive.ts'
import type { Held } from '../../wire/descriptor.ts'
import { ResourceError } from '../../wire/errors.ts'
import type { Caller } from '../../wire/planes.ts'
import { readAccount } from '../accounts/account.ts'
import { releaseBytes, takeBytes } from '../accounts/metering.ts'
import { giveBackOne, takeOne } from '../accounts/quota.ts'
import { deleteRow, findRow, insertRow, requireFreeName } from '../catalog.ts'
import type { ControlDeps } from '../deps.ts'
import { scheduleWork } from '../descriptor.ts'
import { dropLabels, indexLabels } from '../labels.ts'
import { nextIncarnation, raiseCounters } from '../meta.ts'
import { callObject } from '../object-call.ts'
import { NO_RETENTION } from '../retention.ts'
import { PURGED_IMPORT, isGivenUpImport, type CatalogRow } from '../row.ts'
import { dropWork } from '../work.ts'
import type { Awaiting } from './content.ts'

/** Cloudflare allows six connections per request. */
const CONCURRENCY = 6

export async function importRows(
  deps: ControlDeps,
  caller: Caller,
  { archive, rows, dryRun = false }: ArchiveMethods['importRows']['args'],
): Promise<ArchiveMethods['importRows']['value']> {
  const held = await askObjects(
    deps,
    caller.requestId,
    rows.filter(({ id }) => isFree(findRow(deps.sql, id))),
  )
  if (dryRun) return { data: rows.map((row) => foresee(deps, archive, row, held.get(row.id))) }
  const data = await deps.transact(() => rows.map((row) => take(deps, caller, archive, row, held.get(row.id))))
  TEST_BUILD: await fault('import.recorded')
  return { data }
}

/** Whether an identifier is nobody's, as far as this shard knows. */
function isFree(here: CatalogRow | undefined): boolean {
  return here === undefined || (isGivenUpImport(here) && here.phase === 'purged')
}

/** Whether it is here from this very archive, filled or not. */
function isFrom(archive: string, here: CatalogRow | undefined): here is CatalogRow {
  return here?.archive === archive && !isGivenUpImport(here)
}

/** What the objects of free identifiers hold: nothing, unless they are another account's, or were once. */
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
  const foreseen = foresee(deps, archive, row, held)
  const here = findRow(deps.sql, row.id)
  if (foreseen.outcome === 'conflict' || isFrom(archive, here)) return foreseen
  raiseCounters(deps.sql, { incarnation: row.incarnation, createTime: row.createTimeMs, clockMs: 0 })
  if (here !== undefined) makeRoom(deps, here)
  record(deps, archive, row, here)
  deps.journal.audit(caller, 'import', row.id)
  return foreseen
}

/** What would come of a row. @param held what its object holds; asked where the identifier is free */
function foresee(deps: ControlDeps, archive: string, row: ArchivedRow, held: Held | undefined): ImportedRow {
  const { id, account, state, name } = row
  const here = findRow(deps.sql, id)
  if (isFrom(archive, here)) return { id, outcome: here.awaiting === null ? 'complete' : 'awaiting' }
  const why = here === undefined || isFree(here) ? whyNotEmpty(here, held) : whyNotTakenOver(here, row)
  if (why !== undefined) return conflict(row, why)
  if (state === 'purged') return { id, outcome: 'complete' }
  if (readAccount(deps.sql, account).hold === 'deleted') return conflict(row, 'Its account was deleted here.')
  if (state === 'live' && name !== null) {
    try {
      requireFreeName(deps.sql, account, toNameKey(name), { exceptId: id, wayOut: 'rename one of them' })
    } catch (error) {
      if (error instanceof ResourceError) return conflict(row, error.message)
      throw error
    }
  }
  return { id, outcome: 'awaiting' }
}

const PURGED = 'It was purged in this deployment.'

/** @param here a row that was given up, whose tombstone is in nobody's way: the next incarnation is above it */
function whyNotEmpty(here: CatalogRow | undefined, held: Held | undefined): string | undefined {
  // The row went between the question and this transaction: whoever repeats the call asks the object, too.
  if (held === undefined) return 'It was here a moment ago.'
  if (held.kind === 'nothing') return undefined
  if (held.kind !== 'tombstone') return 'Another account of this deployment has it.'
  return here !== undefined && held.tombstone.incarnation <= here.incarnation ? undefined : PURGED
}

/** Only what was never served is, by what is no older, for the same account. */
function whyNotTakenOver(here: CatalogRow, row: ArchivedRow): string | undefined {
  if (isGivenUpImport(here))
    return 'It was deleted before it was filled, and is just being purged: try again in a moment.'
  const isPurged = here.phase === 'purging' || here.phase === 'purged'
  if (isPurged && here.awaiting === null) return PURGED
  if (here.awaiting === null) return 'This deployment has a resource with this identifier.'
  if (here.account !== row.account) return `The import of another archive has begun, in which it is ${here.account}'s.`
  const { incarnation = 0, revision = 0 } = JSON.parse(here.awaiting) as Awaiting
  const isOlder = row.incarnation < incarnation || (row.incarnation === incarnation && row.revision < revision)
  return isOlder ? 'The import of a newer archive has begun: go on with that, or delete it here first.' : undefined
}

function conflict({ id }: ArchivedRow, reason: string): ImportedRow {
  return { id, outcome: 'conflict', reason }
}

/** Takes back what an import before has counted of a row that it never filled. */
function makeRoom(deps: ControlDeps, here: CatalogRow): void {
  const { sql } = deps
  if (here.awaiting !== null) {
    if (here.isListed) giveBackOne(sql, here.account)
    dropLabels(sql, here)
    releaseBytes(deps, here)
  }
  deleteRow(sql, here.id)
  dropWork(sql, here.id)
}

/**
 * Limits of the account do not count: the operator decides what comes in.
 *
 * @param before of the same identifier, and never filled. Its object may hold a part of it, which only the same incarnation replaces; every
 * attempt of that import has a lower version
 */
function record(deps: ControlDeps, archive: string, row: ArchivedRow, before: CatalogRow | undefined): void {
  const { sql } = deps
  const isPurged = row.state === 'purged'
  const incarnation = before === undefined || isFree(before) ? nextIncarnation(sql) : before.incarnation
  const version = Math.max(row.version, before?.desiredVersion ?? 0) + 1
  const awaiting: Awaiting = {
    state: row.state,
    retentionLeftMs: row.retentionLeftMs ?? 0,
    incarnation: row.incarnation,
    revision: row.revision,
  }
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
    failure: isPurged ? PURGED_IMPORT : undefined,
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
