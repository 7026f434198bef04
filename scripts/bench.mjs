// npm run bench: sets up, builds, measures. Arguments go to bench/main.ts.

import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, build, install } from './prepare.mjs'

install()
build()
// Beside the packages, so that what is not bundled is found from there.
const outdir = join(ROOT, 'node_modules/.cache/biplane-bench')
mkdirSync(outdir, { recursive: true })
const { build: bundle } = await import('esbuild')
await bundle({
  absWorkingDir: ROOT,
  entryPoints: { main: 'bench/main.ts', generator: 'bench/load/generator.ts' },
  outdir,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
})
const { status } = spawnSync(process.execPath, [join(outdir, 'main.js'), '--root', ROOT, ...process.argv.slice(2)], {
  stdio: 'inherit',
})
process.exitCode = status ?? 1
