// The two tables of a wiki: every save is a version, and the newest version is the wiki. A version's row is written after its chunks
// and in their transaction: it is the mark that they are complete.

import { joinChunks, toChunks } from './chunks.ts'

/** One saved version, without its content. */
export interface Version {
  /** Grows by one with each save and is never used twice. */
  readonly version: number
  readonly etag: string
  readonly sizeBytes: number
  readonly storedBytes: number
  readonly saveTimeMs: number
}

/** A content that is ready to be stored. */
export interface NewVersion {
  readonly etag: string
  readonly sizeBytes: number
  readonly gzip: Uint8Array<ArrayBuffer>
}

/** How much history is kept. The newest version is kept in any case. */
export interface Retention {
  readonly count: number
  /** Stored (compressed) bytes of all versions together. */
  readonly bytes: number
}

/** An hour of autosaves each minute, at the size of a wiki that somebody has used for years. */
export const DEFAULT_RETENTION: Retention = { count: 50, bytes: 100 * 1024 ** 2 }

/** Every save reads the list of versions. */
const MAX_COUNT = 1_000

/** @throws TypeError for what is no bound */
export function checkRetention({ count, bytes }: Retention): Retention {
  if (!Number.isInteger(count) || count < 1 || count > MAX_COUNT)
    throw new TypeError(`versions.count must be a whole number of 1 to ${MAX_COUNT}, the newest version included`)
  if (!Number.isSafeInteger(bytes) || bytes < 0)
    throw new TypeError('versions.bytes must be a whole number of bytes; 0 keeps the newest version only')
  return { count, bytes }
}

/** History may not take the place that the next save needs: at most half of what the resource may hold. */
export function retentionWithin(retention: Retention, limitBytes: number): Retention {
  return { count: retention.count, bytes: Math.min(retention.bytes, Math.floor(limitBytes / 2)) }
}

/** Schema, step 1. */
export function createVersionTables(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE version (
      version INTEGER PRIMARY KEY, etag TEXT NOT NULL, size_bytes INTEGER NOT NULL, stored_bytes INTEGER NOT NULL,
      save_time_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE chunk (
      version INTEGER NOT NULL, position INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (version, position)
    ) STRICT;
  `)
}

const COLUMNS = 'version, etag, size_bytes, stored_bytes, save_time_ms'

interface VersionRow extends Record<string, SqlStorageValue> {
  version: number
  etag: string
  size_bytes: number
  stored_bytes: number
  save_time_ms: number
}

/** The newest first. Bounded by the retention, so there are no pages. */
export function listVersions(sql: SqlStorage): Version[] {
  return sql.exec<VersionRow>(`SELECT ${COLUMNS} FROM version ORDER BY version DESC`).toArray().map(toVersion)
}

/** The wiki as it is now; undefined when it was never saved. */
export function currentVersion(sql: SqlStorage): Version | undefined {
  return sql
    .exec<VersionRow>(`SELECT ${COLUMNS} FROM version ORDER BY version DESC LIMIT 1`)
    .toArray()
    .map(toVersion)[0]
}

export function getVersion(sql: SqlStorage, version: number): Version | undefined {
  return sql.exec<VersionRow>(`SELECT ${COLUMNS} FROM version WHERE version = ?`, version).toArray().map(toVersion)[0]
}

/** The compressed content of a version. */
export function readVersion(sql: SqlStorage, version: number): Uint8Array<ArrayBuffer> {
  return joinChunks(readChunks(sql, version))
}

/** The same as it is stored. */
export function readChunks(sql: SqlStorage, version: number): ArrayBuffer[] {
  const rows = sql.exec<{ bytes: ArrayBuffer }>('SELECT bytes FROM chunk WHERE version = ? ORDER BY position', version)
  return rows.toArray().map(({ bytes }) => bytes)
}

/** Stores a content as the newest version and drops what the retention no longer covers. Call inside a transaction. */
export function addVersion(sql: SqlStorage, content: NewVersion, nowMs: number, retention: Retention): Version {
  const current = currentVersion(sql)
  const added: Version = {
    version: (current?.version ?? 0) + 1,
    etag: content.etag,
    sizeBytes: content.sizeBytes,
    storedBytes: content.gzip.length,
    // A clock that was set back does not turn the order of the list around.
    saveTimeMs: Math.max(nowMs, current?.saveTimeMs ?? 0),
  }
  for (const [position, chunk] of toChunks(content.gzip).entries()) {
    sql.exec('INSERT INTO chunk (version, position, bytes) VALUES (?, ?, ?)', added.version, position, chunk)
  }
  insertVersion(sql, added)
  for (const version of toPrune(listVersions(sql), retention)) {
    sql.exec('DELETE FROM chunk WHERE version = ?', version)
    sql.exec('DELETE FROM version WHERE version = ?', version)
  }
  return added
}

/** Puts a chunk aside, under the negative number of its version: nothing reads it until {@link replaceVersions}. */
export function stageChunk(sql: SqlStorage, version: number, position: number, bytes: Uint8Array): void {
  sql.exec('INSERT OR REPLACE INTO chunk (version, position, bytes) VALUES (?, ?, ?)', -version, position, bytes)
}

export function unstageChunks(sql: SqlStorage): void {
  sql.exec('DELETE FROM chunk WHERE version < 0')
}

/** Puts the staged chunks in place of everything. @returns false, and leaves a transaction to roll back, when they are not these versions' */
export function replaceVersions(sql: SqlStorage, versions: readonly Version[]): boolean {
  sql.exec('DELETE FROM version')
  sql.exec('DELETE FROM chunk WHERE version > 0')
  sql.exec('UPDATE chunk SET version = -version')
  for (const version of versions) insertVersion(sql, version)
  const { broken } = sql
    .exec<{ broken: number }>(
      `SELECT count(*) AS broken FROM version FULL JOIN
         (SELECT version, sum(length(bytes)) AS bytes FROM chunk GROUP BY version) AS stored USING (version)
       WHERE stored_bytes IS NOT bytes`,
    )
    .one()
  return broken === 0
}

/** Which of the versions (newest first) are beyond the retention: the oldest, and never the newest. */
export function toPrune(versions: readonly Pick<Version, 'version' | 'storedBytes'>[], retention: Retention): number[] {
  let bytes = 0
  const firstOut = versions.findIndex(({ storedBytes }, index) => {
    bytes += storedBytes
    return index > 0 && (index >= retention.count || bytes > retention.bytes)
  })
  return firstOut === -1 ? [] : versions.slice(firstOut).map(({ version }) => version)
}

function insertVersion(sql: SqlStorage, { version, etag, sizeBytes, storedBytes, saveTimeMs }: Version): void {
  const values = [version, etag, sizeBytes, storedBytes, saveTimeMs]
  sql.exec(`INSERT INTO version (${COLUMNS}) VALUES (?, ?, ?, ?, ?)`, ...values)
}

function toVersion(row: VersionRow): Version {
  return {
    version: row.version,
    etag: row.etag,
    sizeBytes: row.size_bytes,
    storedBytes: row.stored_bytes,
    saveTimeMs: row.save_time_ms,
  }
}
