// The tables of a wiki that is stored by tiddlers. A row is one revision of one tiddler and never changes but for its state: the current
// one is what the wiki is, past ones are its history, staged ones wait for the transaction that puts all of them in place.
//
// Revisions come from one counter of the wiki: a tiddler's revision says which change wrote it, and the counter alone says whether
// anything changed at all.

import { joinChunks } from '../chunks.ts'

/** How a wiki is stored; never both. */
export type StorageMode = 'file' | 'tiddlers'

export interface StorageState {
  readonly mode: StorageMode
  /** Grows with every change of a tiddler, and with every conversion. */
  readonly revision: number
}

/** One revision of a tiddler, without its text. */
export interface TiddlerRow {
  readonly id: number
  readonly title: string
  readonly revision: number
  /** JSON of its fields; empty for a deletion. */
  readonly fields: string
  readonly bytes: number
  readonly saveTimeMs: number
  readonly isDraft: boolean
}

/** A current tiddler with its text as it is stored. */
export interface StoredTiddler {
  readonly title: string
  readonly revision: number
  readonly fields: string
  readonly text: Uint8Array<ArrayBuffer> | undefined
}

/**
 * States of a row. An index of some states is used by statements that name the state as a literal, which is why they are written into the
 * statements' texts.
 */
export const STATE = { stagedPast: -1, past: 0, current: 1, staged: 2 } as const

/** Schema, step 2. Wikis of earlier releases are files. */
export function createTiddlerTables(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE storage (
      one INTEGER PRIMARY KEY CHECK (one = 1), mode TEXT NOT NULL, revision INTEGER NOT NULL
    ) STRICT;
    INSERT INTO storage VALUES (1, 'file', 0);
    CREATE TABLE tiddler (
      id INTEGER PRIMARY KEY, title TEXT NOT NULL, state INTEGER NOT NULL, revision INTEGER NOT NULL, bytes INTEGER NOT NULL,
      save_time_ms INTEGER NOT NULL, is_draft INTEGER NOT NULL, fields TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX tiddler_current ON tiddler (title) WHERE state = 1;
    CREATE UNIQUE INDEX tiddler_staged ON tiddler (title) WHERE state = 2;
    CREATE INDEX tiddler_past ON tiddler (title, id) WHERE state = 0;
    CREATE INDEX tiddler_size ON tiddler (state, bytes);
    CREATE TABLE tiddler_text (
      tiddler INTEGER NOT NULL, position INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (tiddler, position)
    ) STRICT;
  `)
}

export function readState(sql: SqlStorage): StorageState {
  return sql.exec<{ mode: StorageMode; revision: number }>('SELECT mode, revision FROM storage').one()
}

/** How many tiddlers there are, and their bytes; the same of what is kept of earlier ones. */
export function readSizes(sql: SqlStorage): Readonly<Record<'count' | 'bytes' | 'pastCount' | 'pastBytes', number>> {
  const sizes = sql
    .exec<{ state: number; count: number; bytes: number }>(
      'SELECT state, count(*) AS count, sum(bytes) AS bytes FROM tiddler GROUP BY state',
    )
    .toArray()
  const of = (wanted: number): { count: number; bytes: number } =>
    sizes.find(({ state }) => state === wanted) ?? { count: 0, bytes: 0 }
  return {
    count: of(STATE.current).count,
    bytes: of(STATE.current).bytes,
    pastCount: of(STATE.past).count,
    pastBytes: of(STATE.past).bytes,
  }
}

interface Row extends Record<string, SqlStorageValue> {
  id: number
  title: string
  revision: number
  fields: string
  bytes: number
  save_time_ms: number
  is_draft: number
}

const COLUMNS = 'id, title, revision, fields, bytes, save_time_ms, is_draft'

export function getTiddler(sql: SqlStorage, title: string): TiddlerRow | undefined {
  return select(sql, 'state = 1 AND title = ?', title)[0]
}

export function readText(sql: SqlStorage, id: number): Uint8Array<ArrayBuffer> | undefined {
  const chunks = sql.exec<{ bytes: ArrayBuffer }>(
    'SELECT bytes FROM tiddler_text WHERE tiddler = ? ORDER BY position',
    id,
  )
  const bytes = chunks.toArray().map((chunk) => chunk.bytes)
  return bytes.length === 0 ? undefined : joinChunks(bytes)
}

/** Without texts, by title. */
export function listTiddlers(sql: SqlStorage): TiddlerRow[] {
  return select(sql, 'state = 1 ORDER BY title')
}

/** The whole wiki as it is at this moment, by title. */
export function readTiddlers(sql: SqlStorage): StoredTiddler[] {
  const rows = sql.exec<{ id: number; title: string; revision: number; fields: string; bytes: ArrayBuffer | null }>(
    `SELECT t.id, title, revision, fields, p.bytes FROM tiddler AS t LEFT JOIN tiddler_text AS p ON p.tiddler = t.id
     WHERE state = 1 ORDER BY title, position`,
  )
  const all: (Omit<StoredTiddler, 'text'> & { id: number; chunks: ArrayBuffer[] })[] = []
  for (const { bytes, ...row } of rows) {
    const last = all.at(-1)
    if (last?.id === row.id && bytes !== null) last.chunks.push(bytes)
    else all.push({ ...row, chunks: bytes === null ? [] : [bytes] })
  }
  return all.map(({ title, revision, fields, chunks }) => {
    return { title, revision, fields, text: chunks.length === 0 ? undefined : joinChunks(chunks) }
  })
}

/** A tiddler's revisions, the newest first: the current one, if there is one, and those that are kept. */
export function listRevisions(sql: SqlStorage, title: string): TiddlerRow[] {
  return [
    ...select(sql, 'state = 1 AND title = ?', title),
    ...select(sql, 'state = 0 AND title = ? ORDER BY id DESC', title),
  ]
}

/** What was deleted and can be brought back: the deletion of each title that has no current tiddler, the newest first. */
export function listDeleted(sql: SqlStorage): TiddlerRow[] {
  return select(
    sql,
    `state = 0 AND fields = '' AND NOT EXISTS (SELECT 1 FROM tiddler AS c WHERE c.title = tiddler.title AND c.state = 1)
     AND id = (SELECT max(id) FROM tiddler AS p WHERE p.title = tiddler.title AND p.state = 0) ORDER BY id DESC`,
  )
}

/** Every revision that is stored, the oldest first. */
export function listIds(sql: SqlStorage): { id: number; isCurrent: boolean }[] {
  const rows = sql.exec<{ id: number; state: number }>(
    'SELECT id, state FROM tiddler WHERE state IN (0, 1) ORDER BY id',
  )
  return rows.toArray().map(({ id, state }) => ({ id, isCurrent: state === STATE.current }))
}

export function getRow(sql: SqlStorage, id: number): TiddlerRow | undefined {
  return select(sql, 'id = ?', id)[0]
}

function select(sql: SqlStorage, where: string, ...bindings: (string | number)[]): TiddlerRow[] {
  return sql
    .exec<Row>(`SELECT ${COLUMNS} FROM tiddler WHERE ${where}`, ...bindings)
    .toArray()
    .map(({ save_time_ms: saveTimeMs, is_draft: isDraft, ...row }) => ({ ...row, saveTimeMs, isDraft: isDraft === 1 }))
}
