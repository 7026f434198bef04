// The file that an archive is written into until the whole of it is on the disk. Its name is this export's own, so two that are to have the
// same name in the end know nothing of each other, and the later one finds it taken.

import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

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
