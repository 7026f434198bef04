// Catalog rows for an archive: what of them means something in another deployment.

import type { ArchivedRow, ArchiveMethods } from '../../wire/archive.ts'
import { ownedRow, pageOfAccount } from '../catalog.ts'
import type { ControlDeps } from '../deps.ts'
import { shardTime } from '../meta.ts'
import { placeOfRow } from '../moving/row-place.ts'
import { isPurgedImport, isRestorable, type CatalogRow } from '../row.ts'

/** A row with all that it may carry has 170 KB: a page of many is cut, so that it stays a small message. */
const MAX_PAGE_CHARACTERS = 1_000_000

/** @throws ResourceError `not_found` for an `id` that the account does not have */
export function exportRows(
  deps: ControlDeps,
  account: string,
  { after, limit, id }: ArchiveMethods['exportRows']['args'],
): ArchiveMethods['exportRows']['value'] {
  const rows = id === undefined ? pageOfAccount(deps.sql, account, after, limit + 1) : [ownedRow(deps.sql, id, account)]
  const clock = shardTime(deps.sql, deps.now())
  const data: ArchivedRow[] = []
  const skipped: string[] = []
  let characters = 0
  let position = after
  for (const [index, row] of rows.entries()) {
    if (index === limit || characters > MAX_PAGE_CHARACTERS) return { data, skipped, next: position }
    position = row.createTimeMs
    const archived = toArchived(row, clock, deps.type.addressing === 'unique')
    if (archived === 'skipped') skipped.push(row.id)
    if (typeof archived !== 'object') continue
    data.push(archived)
    characters += JSON.stringify(archived).length
  }
  const [row] = rows
  const at = id === undefined || row === undefined ? undefined : placeOfRow(row)
  return { data, skipped, ...(at === undefined ? {} : { at }) }
}

/** `never`: a creation that was given up, or an import: nobody was ever served by it. */
function toArchived(row: CatalogRow, clock: number, isUnique: boolean): ArchivedRow | 'skipped' | 'never' {
  const { descriptor } = row
  if (row.failure !== undefined && !isPurgedImport(row)) return 'never'
  // The platform named its object, and names none like it anywhere else.
  if (isUnique) return 'skipped'
  if (row.phase === 'creating' && descriptor.mode !== 'deleted') return 'skipped'
  const state = descriptor.mode !== 'deleted' ? 'live' : isRestorable(row) ? 'deleted' : 'purged'
  return {
    id: row.id,
    account: row.account,
    name: row.name,
    state,
    mode: row.ownMode,
    visibility: descriptor.visibility,
    generation: descriptor.generation,
    revoked: descriptor.revoked ?? [],
    allowedOrigins: descriptor.allowedOrigins,
    hosts: descriptor.hosts ?? [],
    settings: descriptor.settings,
    labels: row.labels,
    metadata: row.metadata,
    isProtected: row.isProtected,
    createTimeMs: row.createTimeMs,
    updateTimeMs: row.updateTimeMs,
    deleteTimeMs: row.deleteTimeMs,
    // What has passed of it was observed by this shard's clock, not by the wall's.
    retentionLeftMs: state === 'deleted' ? Math.max(0, (row.clockDue ?? clock) - clock) : null,
    expireTimeMs: row.expireTimeMs,
    incarnation: row.incarnation,
    version: row.desiredVersion,
    revision: row.revision,
    ...(row.usage === undefined || state === 'purged' ? {} : { usage: row.usage }),
  }
}
