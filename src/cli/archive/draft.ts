// The file that an archive is written into until the whole of it is on the disk. Its name is this export's own, so two that are to have the
// same name in the end know nothing of each other, and the later one finds it taken.

import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf } from '../../engine/engine-error.ts'

/** An export that is alive writes every few minutes. What was not written to for so long is what was left of one that was killed. */
const ABANDONED_MS = 24 * 3_600_000

/** A name beside the final one, which nobody else has. */
export function draftOf(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}.part`
}

/** Removes what killed exports to this name have left. */
export function sweepDrafts(path: string, nowMs: number): void {
  const begin = `${basename(path)}.`
  for (const name of readdirSync(dirname(path))) {
    if (!name.startsWith(begin) || !/^[0-9a-f]{12}\.part$/.test(name.slice(begin.length))) continue
    const draft = join(dirname(path), name)
    const written = statSync(draft, { throwIfNoEntry: false })
    if (written?.isFile() === true && written.mtimeMs < nowMs - ABANDONED_MS) rmSync(draft, { force: true })
  }
}

/**
 * Gives a draft its final name, which nobody may have taken meanwhile, and waits until the name is on the disk.
 *
 * @param link for file systems that have no hard links, such as exFAT
 * @throws Error `EEXIST` when the name is taken; the draft is there then as before
 */
export function publish(draft: string, path: string, link: typeof linkSync = linkSync): void {
  try {
    link(draft, path)
    rmSync(draft)
  } catch (thrown) {
    if (!NO_LINKS.has(codeOf(thrown) ?? '')) throw thrown
    renameExclusively(draft, path)
  }
  syncDirectory(dirname(path))
}

/** How systems say that a file has one name only. */
const NO_LINKS: ReadonlySet<string> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
  'EINVAL',
  'UNKNOWN',
])

/** The name is taken first, by an empty file, which is no archive and which the draft then replaces. */
function renameExclusively(draft: string, path: string): void {
  closeSync(openSync(path, 'wx'))
  try {
    renameSync(draft, path)
  } catch (thrown) {
    rmSync(path, { force: true })
    throw thrown
  }
}

/** Not every system lets a directory be opened, or synchronised: it has the name then when it has it. */
function syncDirectory(path: string): void {
  let directory: number
  try {
    directory = openSync(path, 'r')
  } catch {
    return
  }
  try {
    fsyncSync(directory)
  } catch (thrown) {
    // A disk that fails is told.
    if (codeOf(thrown) === 'EIO') throw thrown
  } finally {
    closeSync(directory)
  }
}
