// npm test: sets up, builds, runs the tests. Arguments go to vitest. The last line is `N passed, N failed, N skipped`.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT, build, install } from './prepare.mjs'

install()
build()
const folder = mkdtempSync(join(tmpdir(), 'biplane-report-'))
const report = join(folder, 'report.json')
const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)],
  { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] },
)
const result = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined
rmSync(folder, { recursive: true })
const passed = result?.numPassedTests ?? 0
const failed = result?.numFailedTests ?? 0
const skipped = (result?.numPendingTests ?? 0) + (result?.numTodoTests ?? 0)
// A file that fails outside its tests, or a run without any test, has no failed test to count, and is no success either.
const unaccounted = (status !== 0 || passed === 0) && failed === 0 ? 1 : 0
console.log(`${passed} passed, ${failed + unaccounted} failed, ${skipped} skipped`)
process.exitCode = failed + unaccounted === 0 ? 0 : 1
