// Small files that must not be half written or empty after a power failure.

import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Replaces a file in one step, its content on disk before its name. The draft's name begins with a dot. @param mode of the file */
export function writeDurably(file: string, content: string, mode = 0o666): void {
  const draft = join(dirname(file), `.${basename(file)}-${process.pid}`)
  const descriptor = openSync(draft, 'w', mode)
  try {
    writeSync(descriptor, content)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(draft, file)
}
