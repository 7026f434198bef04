// Changes of a wiki that is stored by tiddlers. All of these are called inside a transaction.

import { ResourceError } from '../../../wire/errors.ts'
import { BODY_BYTES } from '../body.ts'
import { toChunks } from '../chunks.ts'
import type { Retention } from '../versions.ts'
import type { NewTiddler } from './fields.ts'
import { getTiddler, readSizes, readText, STATE, type StorageMode, type TiddlerRow } from './rows.ts'

/** All tiddlers together, as they stand in a page: as much as a page may have, so that each wiki can become a file again. */
export const CONTENT_BYTES: number = BODY_BYTES

/** The wiki as it was some thousand edits ago. */
export const HISTORY: Retention = { count: 5_000, bytes: 32 * 1024 ** 2 }
/** No tiddler that is edited all the time takes the history of the others. */
const HISTORY_PER_TIDDLER = 50
/** Pruning goes over the whole history, so it makes room for many changes at once. */
const PRUNE_TO = 0.9

/** What every change needs to know. */
export interface Writing {
  readonly nowMs: number
  readonly history: Retention
}

/**
 * Makes this the current revision of the tiddler. The same again changes nothing: the answer to the first attempt was lost.
 *
 * @param isSkinny it has no text of its own and keeps the one that is stored
 * @returns its revision
 * @throws ResourceError `storage_full`
 */
export function putTiddler(sql: SqlStorage, tiddler: NewTiddler, isSkinny: boolean, writing: Writing): number {
  const current = getTiddler(sql, tiddler.title)
  const stored = current === undefined ? undefined : readText(sql, current.id)
  const text = isSkinny && current !== undefined ? stored : tiddler.text
  if (current !== undefined && current.fields === tiddler.fields && isSame(stored, text)) return current.revision
  const revision = nextRevision(sql)
  if (current !== undefined) retire(sql, current)
  insert(sql, { ...tiddler, text }, STATE.current, revision, writing.nowMs)
  settle(sql, writing.history)
  return revision
}

/** Ends a tiddler; its revisions stay in the history, but for a draft's. */
export function deleteTiddler(sql: SqlStorage, title: string, writing: Writing): void {
  const current = getTiddler(sql, title)
  if (current === undefined) return
  const revision = nextRevision(sql)
  retire(sql, current)
  if (!current.isDraft)
    insert(sql, { title, fields: '', text: undefined, isDraft: false }, STATE.past, revision, writing.nowMs)
  settle(sql, writing.history)
}

/** Begins to put tiddlers aside, and ends what had begun before and did not live to its end. @returns a number for this attempt */
export function beginStaging(sql: SqlStorage): number {
  unstage(sql)
  return nextRevision(sql)
}

/** Puts tiddlers aside, where nothing sees them until {@link takeStaged}. The last of a title counts. */
export function stageTiddlers(sql: SqlStorage, tiddlers: readonly NewTiddler[], attempt: number, nowMs: number): void {
  for (const tiddler of tiddlers) {
    dropRows(sql, `state = ${STATE.staged} AND title = ?`, tiddler.title)
    insert(sql, tiddler, STATE.staged, attempt, nowMs)
  }
}

export function unstage(sql: SqlStorage): void {
  dropRows(sql, `state IN (${STATE.staged}, ${STATE.stagedPast})`)
}

/**
 * Everything staged becomes current, as one change; what it replaces becomes history.
 *
 * @param count what was staged; a later attempt has taken some of it away otherwise
 * @throws ResourceError `storage_full`, `not_ready`
 */
export function takeStaged(sql: SqlStorage, attempt: number, count: number, history: Retention): void {
  const staged = `title IN (SELECT title FROM tiddler WHERE state = ${STATE.staged})`
  dropRows(sql, `state = ${STATE.current} AND is_draft = 1 AND ${staged}`)
  sql.exec(`UPDATE tiddler SET state = ${STATE.past} WHERE state = ${STATE.current} AND ${staged}`)
  const taken = sql.exec(
    `UPDATE tiddler SET state = ${STATE.current}, revision = ? WHERE state = ${STATE.staged} AND revision = ? RETURNING 1`,
    nextRevision(sql),
    attempt,
  )
  if (taken.toArray().length !== count) {
    throw new ResourceError(
      'not_ready',
      'Another import or conversion of this wiki was begun meanwhile. Nothing was changed.',
    )
  }
  settle(sql, history)
}

/** A revision of another wiki. */
export interface StagedRevision {
  readonly revision: number
  readonly saveTimeMs: number
  readonly isCurrent: boolean
}

/** Puts a revision of a copy aside. */
export function insertCopied(sql: SqlStorage, tiddler: NewTiddler, staged: StagedRevision): void {
  if (staged.isCurrent) dropRows(sql, `state = ${STATE.staged} AND title = ?`, tiddler.title)
  const state = staged.isCurrent ? STATE.staged : STATE.stagedPast
  insert(sql, tiddler, state, staged.revision, staged.saveTimeMs)
}

/**
 * Puts what {@link insertCopied} set aside in place of everything. The counter goes on above both, so that no client takes the one for the
 * other; where nothing was ever stored it is the copy's own, so that a copy of a copy is the same.
 *
 * @returns false, and leaves a transaction to roll back, when it is not as many as it should be
 */
export function takeCopied(
  sql: SqlStorage,
  mode: StorageMode,
  revision: number,
  count: number,
  history: Retention,
): boolean {
  dropRows(sql, `state IN (${STATE.past}, ${STATE.current})`)
  sql.exec(`UPDATE tiddler SET state = CASE state WHEN ${STATE.staged} THEN ${STATE.current} ELSE ${STATE.past} END`)
  sql.exec(
    'UPDATE storage SET mode = ?1, revision = CASE revision WHEN 0 THEN ?2 ELSE max(revision, ?2) + 1 END',
    mode,
    revision,
  )
  const { total } = sql.exec<{ total: number }>('SELECT count(*) AS total FROM tiddler').one()
  if (total !== count) return false
  settle(sql, history)
  return true
}

/** Ends the tiddlers of a wiki that has become a file: they are in the file now. Their history stays. */
export function dropTiddlers(sql: SqlStorage): void {
  dropRows(sql, `state = ${STATE.current}`)
  nextRevision(sql)
}

export function setMode(sql: SqlStorage, mode: StorageMode): void {
  sql.exec('UPDATE storage SET mode = ?', mode)
}

function nextRevision(sql: SqlStorage): number {
  return sql.exec<{ revision: number }>('UPDATE storage SET revision = revision + 1 RETURNING revision').one().revision
}

function insert(sql: SqlStorage, tiddler: NewTiddler, state: number, revision: number, nowMs: number): void {
  const { title, fields, text, isDraft } = tiddler
  const bytes = fields.length + (text?.length ?? 0)
  const { id } = sql
    .exec<{ id: number }>(
      `INSERT INTO tiddler (title, state, revision, bytes, save_time_ms, is_draft, fields) VALUES (?, ?, ?, ?, ?, ?, ?)
       RETURNING id`,
      title,
      state,
      revision,
      bytes,
      nowMs,
      Number(isDraft),
      fields,
    )
    .one()
  if (text === undefined) return
  for (const [position, chunk] of toChunks(text).entries()) {
    sql.exec('INSERT INTO tiddler_text (tiddler, position, bytes) VALUES (?, ?, ?)', id, position, chunk)
  }
}

/** A draft is replaced every few seconds while somebody types: it has no history. */
function retire(sql: SqlStorage, { id, title, isDraft }: TiddlerRow): void {
  if (isDraft) return dropRows(sql, 'id = ?', id)
  sql.exec(`UPDATE tiddler SET state = ${STATE.past} WHERE id = ?`, id)
  const old = `SELECT id FROM tiddler WHERE state = ${STATE.past} AND title = ? ORDER BY id DESC LIMIT -1 OFFSET ${HISTORY_PER_TIDDLER}`
  dropRows(sql, `id IN (${old})`, title)
}

/** Keeps both bounds: the content's by refusing, the history's by dropping its oldest. */
function settle(sql: SqlStorage, history: Retention): void {
  const { bytes, pastCount, pastBytes } = readSizes(sql)
  if (bytes > CONTENT_BYTES) {
    throw new ResourceError('storage_full', `A wiki may have ${CONTENT_BYTES} bytes of tiddlers.`, {
      details: { limit: CONTENT_BYTES, used: bytes },
    })
  }
  if (pastCount <= history.count && pastBytes <= history.bytes) return
  dropRows(
    sql,
    `id IN (SELECT id FROM (
       SELECT id, row_number() OVER newest AS number, sum(bytes) OVER newest AS total FROM tiddler WHERE state = ${STATE.past}
       WINDOW newest AS (ORDER BY id DESC)
     ) WHERE number > ? OR total > ?)`,
    history.count * PRUNE_TO,
    history.bytes * PRUNE_TO,
  )
}

function dropRows(sql: SqlStorage, where: string, ...bindings: readonly (string | number)[]): void {
  sql.exec(`DELETE FROM tiddler_text WHERE tiddler IN (SELECT id FROM tiddler WHERE ${where})`, ...bindings)
  sql.exec(`DELETE FROM tiddler WHERE ${where}`, ...bindings)
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  if (a.length !== b.length) return false
  // Not `every`: a call for each byte of an image takes ten times as long.
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}
