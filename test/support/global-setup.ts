// Tests speak to what is built: without a fresh dist they would prove something about yesterday's code.

import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LEFT_OUT } from './long-tests.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export default function setup(): () => void {
  const built = join(ROOT, 'dist/cli/main.js')
  if (!existsSync(built)) throw new Error('dist is missing. Run: npm run build')
  const newest = (folder: string, pattern: RegExp): number =>
    readdirSync(join(ROOT, folder), { recursive: true })
      .map(String)
      .filter((name) => pattern.test(name))
      .reduce((latest, name) => Math.max(latest, statSync(join(ROOT, folder, name)).mtimeMs), 0)
  if (newest('src', /\.ts$/) > newest('dist', /\.tsbuildinfo$/))
    console.warn("\ndist is older than src: run npm run build, or the tests speak to yesterday's code.\n")
  if (LEFT_OUT.length > 0)
    console.log(
      `\n${LEFT_OUT.length} files of tests that take minutes are left out; with BIPLANE_TESTS=all they run, too:\n  ${LEFT_OUT.join('\n  ')}\n`,
    )
  // Bundling is most of what a start costs, and the same few apps are started hundreds of times.
  const bundles = mkdtempSync(join(tmpdir(), 'biplane-bundles-'))
  process.env['BIPLANE_BUNDLE_CACHE'] = bundles
  return () => rmSync(bundles, { recursive: true, force: true })
}
