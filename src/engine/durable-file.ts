// Small files that must not be half written or empty after a power failure.

import { closeSync, fchownSync, fsyncSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * Replaces a file in one step, its content on disk before its name. The draft's name begins with a dot. Root replaces it on behalf of
 * whose it was: the server that is to read it is not root.
 *
 * @param mode of the file
 */
export function writeDurably(file: string, content: string, mode = 0o666): void {
  const draft = join(dirname(file), `.${basename(file)}-${process.pid}`)
  const descriptor = openSync(draft, 'w', mode)
  try {
    keepOwner(descriptor, file)
    writeSync(descriptor, content)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(draft, file)
}

/** Only root can, and only root has to: everybody else writes files of his own. */
function keepOwner(descriptor: number, file: string): void {
  const previous = process.getuid?.() === 0 ? statSync(file, { throwIfNoEntry: false }) : undefined
  if (previous !== undefined) fchownSync(descriptor, previous.uid, previous.gid)
}
