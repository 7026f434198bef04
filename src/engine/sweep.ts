// Files that purged or never created objects leave behind. The engine never removes a file; unlinking one while its object lives
// loses acknowledged writes, so this runs only while no engine does.

import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { PLANES, type DataDirectory } from './data-directory.ts'

/** One SQLite page, which has room for no table: what `deleteAll()` leaves, and what a touch of a new id makes. */
const EMPTY_FILE_BYTES = 4096

/** An object's file; `metadata.sqlite`, which holds the alarms of all objects of a class, is none. */
const OBJECT_FILE = /^[0-9a-f]{64}\.sqlite$/

/**
 * Removes the files of empty objects and answers how many. A write-ahead log with anything in it may hold all that an object has, so
 * its file stays; an empty log is what a killed engine leaves beside an object that only was looked at. An object without a table has no alarm of its own either (it is kept in
 * one of its tables); an alarm that the class's metadata still names finds an empty object, as it would have with the file.
 */
export function sweepEmptyObjects(directory: DataDirectory): number {
  let count = 0
  for (const folder of objectFolders(directory)) {
    for (const name of readdirSync(folder)) {
      const file = join(folder, name)
      if (!OBJECT_FILE.test(name) || statSync(file).size !== EMPTY_FILE_BYTES || sizeOf(`${file}-wal`) > 0) continue
      // The index of an empty log first: what is left when this is interrupted must still be a database.
      for (const part of [`${file}-shm`, `${file}-wal`, file]) rmSync(part, { force: true })
      count++
    }
  }
  return count
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

function objectFolders(directory: DataDirectory): string[] {
  return PLANES.flatMap((plane) =>
    readdirSync(directory.objects(plane), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(directory.objects(plane), entry.name)),
  )
}
