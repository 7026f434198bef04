// Where a run keeps its data: one temporary folder, removed at the end whatever happens.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export function makeRunFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'biplane-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
