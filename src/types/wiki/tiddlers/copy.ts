// The tiddlers of a wiki in its portable copy: a line that says how many there are, then one for each revision, as plain fields. Whoever
// reads a copy makes of them what this release stores; nothing is believed but text.

import { ResourceError } from '../../../wire/errors.ts'
import { toFields, toNewTiddler, toText } from './fields.ts'
import { insertCopied, type StagedRevision } from './changes.ts'
import { getRow, listIds, readState, readText, type StorageMode } from './rows.ts'

/** The first line, absent in the copy of a wiki that never was anything but a file. */
export interface StorageLine {
  readonly storage: StorageMode
  readonly revision: number
  readonly tiddlers: number
}

/** A revision: its fields, or the title of a tiddler that was deleted by it. */
export type TiddlerLine = ({ readonly tiddler: object } | { readonly deleted: string }) & {
  readonly revision: number
  readonly saveTimeMs: number
  readonly current: boolean
}

/** All revisions that exist now. A row never changes; should one be pruned meanwhile, the copy ends without its end. */
export function* dumpTiddlers(sql: SqlStorage): Generator<StorageLine | TiddlerLine> {
  const { mode, revision } = readState(sql)
  const rows = listIds(sql)
  if (mode === 'file' && rows.length === 0) return
  yield { storage: mode, revision, tiddlers: rows.length }
  for (const { id, isCurrent } of rows) {
    const row = getRow(sql, id)
    if (row === undefined) throw new ResourceError('unavailable', 'The wiki was changed too often while it was copied.')
    const { title, fields, revision: own, saveTimeMs } = row
    const common = { revision: own, saveTimeMs, current: isCurrent }
    if (fields === '') {
      yield { deleted: title, ...common }
      continue
    }
    const text = readText(sql, id)
    // Joined as text: as an object, a field may be called `__proto__`.
    const literal = text === undefined ? '' : `,"text":${JSON.stringify(toText(text))}`
    yield { tiddler: JSON.parse(`${fields.slice(0, -1)}${literal}}`) as object, ...common }
  }
}

/** @returns undefined for a line of another kind */
export function parseTiddlerLine(line: Readonly<Record<string, unknown>>): StorageLine | TiddlerLine | undefined {
  const { storage, revision, tiddlers, tiddler, deleted, saveTimeMs, current } = line
  if (!isCount(revision)) return undefined
  if ((storage === 'file' || storage === 'tiddlers') && isCount(tiddlers)) return { storage, revision, tiddlers }
  if (!isCount(saveTimeMs) || typeof current !== 'boolean') return undefined
  const common = { revision, saveTimeMs, current }
  if (typeof tiddler === 'object' && tiddler !== null) return { tiddler, ...common }
  return typeof deleted === 'string' && deleted !== '' && !current ? { deleted, ...common } : undefined
}

/** Puts a revision aside, until `takeCopied` takes all of them. @throws ResourceError `invalid_request` for what is no tiddler */
export function stageTiddlerLine(sql: SqlStorage, line: TiddlerLine): void {
  const { revision, saveTimeMs, current } = line
  const staged: StagedRevision = { revision, saveTimeMs, isCurrent: current }
  if ('tiddler' in line) insertCopied(sql, toNewTiddler(toFields(line.tiddler)), staged)
  else insertCopied(sql, { title: line.deleted, fields: '', text: undefined, isDraft: false }, staged)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
