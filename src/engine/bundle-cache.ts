// Bundles that are kept between starts, in the folder that `BIPLANE_BUNDLE_CACHE` names: for whoever starts the same app hundreds of times, as
// the tests do. A bundle is as good as new while every file that went into it is as it was.

import { createHash } from 'node:crypto'
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import type { AppBundle } from './app-bundle.ts'
import { makeDirectory } from './make-directory.ts'

interface Kept {
  readonly bundle: AppBundle
  /** Of each input, in their order: see {@link stampOf}. */
  readonly stamps: readonly string[]
}

/** @param name what is bundled, and how */
export async function keptBundle(name: string, make: () => Promise<AppBundle>): Promise<AppBundle> {
  const folder = process.env['BIPLANE_BUNDLE_CACHE'] ?? ''
  if (folder === '') return make()
  const file = join(folder, createHash('sha256').update(name).digest('hex'))
  const kept = read(file)
  if (kept !== undefined && kept.bundle.inputs.every((input, index) => stampOf(input) === kept.stamps[index]))
    return kept.bundle
  const bundle = await make()
  makeDirectory(folder)
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, serialize({ bundle, stamps: bundle.inputs.map(stampOf) } satisfies Kept))
  renameSync(draft, file)
  return bundle
}

function read(file: string): Kept | undefined {
  try {
    return deserialize(readFileSync(file)) as Kept
  } catch {
    // None yet, or of another version of Node.
    return undefined
  }
}

/** Changes whenever the file does. */
function stampOf(file: string): string {
  const { mtimeMs, size } = statSync(file, { throwIfNoEntry: false }) ?? {}
  return `${mtimeMs} ${size}`
}
