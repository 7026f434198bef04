// Small files that must not be half written or empty after a power failure, and of which a failure leaves nothing behind.

import { closeSync, fchownSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf } from './engine-error.ts'
import { publish } from './publish.ts'

/**
 * Replaces a file in one step, its content on disk before its name. Root replaces it on behalf of whose it was: the server that is to read
 * it is not root.
 *
 * @param mode of the file
 * @throws a system error
 */
export function writeDurably(file: string, content: string, mode = 0o666): void {
  withDraft(file, content, mode, (draft) => renameSync(draft, file))
}

/**
 * Makes a file in one step, and never replaces one.
 *
 * @returns false when there is one already
 * @throws a system error
 */
export function writeNewDurably(file: string, content: string, mode = 0o666): boolean {
  return withDraft(file, content, mode, (draft) => {
    try {
      publish(draft, file)
      return true
    } catch (thrown) {
      if (codeOf(thrown) !== 'EEXIST') throw thrown
      return false
    }
  })
}

/** The draft's name begins with a dot. */
function withDraft<T>(file: string, content: string, mode: number, use: (draft: string) => T): T {
  const draft = join(dirname(file), `.${basename(file)}-${process.pid}`)
  // What a process of the same number left; and in a folder that is open to all, what somebody has put there for us to write into.
  rmSync(draft, { force: true })
  const descriptor = openSync(draft, 'wx', mode)
  try {
    try {
      keepOwner(descriptor, file)
      writeFileSync(descriptor, content)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    return use(draft)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Only root can, and only root has to: everybody else writes files of his own. */
function keepOwner(descriptor: number, file: string): void {
  const previous = process.getuid?.() === 0 ? statSync(file, { throwIfNoEntry: false }) : undefined
  if (previous !== undefined) fchownSync(descriptor, previous.uid, previous.gid)
}
