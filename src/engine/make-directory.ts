// Directories that are missing, one after the other: Node's own recursive mkdir never ends where the system lets nobody make any, as in /proc.

import { existsSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { codeOf } from './engine-error.ts'

/**
 * As `mkdir -p`.
 *
 * @param mode of those that it makes
 * @throws a system error
 */
export function makeDirectory(path: string, mode = 0o777): void {
  const missing: string[] = []
  // The root is always there.
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at)
  for (const directory of missing) {
    try {
      mkdirSync(directory, { mode })
    } catch (thrown) {
      // Somebody else has just made it.
      if (codeOf(thrown) !== 'EEXIST') throw thrown
    }
  }
}
