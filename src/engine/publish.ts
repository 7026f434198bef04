// A file that was written under another name gets its own, which it never takes from another file.

import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf } from './engine-error.ts'

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
