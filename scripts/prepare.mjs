// What has to be there before anything runs: installed packages and a fresh dist. Both do nothing when nothing changed.

import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** npm is a script on Windows, which only a shell finds. */
const NEEDS_SHELL = process.platform === 'win32'

/** Installs what the lock file says, unless it is installed. */
export function install() {
  if (isInstalled()) return
  console.error('installing packages ...')
  // Some of what the tests need asks for a newer Node, and runs on ours all the same: npm's warnings about that are nobody's business.
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error'])
}

/** Generated assets, JavaScript and declarations in dist. */
export function build() {
  run(process.execPath, ['scripts/wiki-assets.mjs'])
  run(process.execPath, ['scripts/console.mjs'])
  run(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-b'])
  prune()
  copyBinaries()
  chmodSync(join(ROOT, 'dist/cli/main.js'), 0o755)
}

/**
 * Runs a program in the project's folder and ends this one when it fails. Its stdout becomes our stderr: what a caller of ours reads
 * on stdout is the result alone.
 */
export function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
    shell: NEEDS_SHELL && command === 'npm',
  })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
}

/** Compares versions, not times: npm writes its two lock files in either order. */
function isInstalled() {
  const record = join(ROOT, 'node_modules/.package-lock.json')
  if (!existsSync(record)) return false
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages
  const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages
  // Optional packages are those of other platforms.
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  )
}

/** Removes what a deleted source file left in dist: it would be packed and published. */
function prune() {
  for (const name of filesIn('dist')) {
    const source = name.replace(/\.d\.ts$|\.js$/, '.ts')
    if (source !== name && !existsSync(join(ROOT, 'src', source))) rmSync(join(ROOT, 'dist', name))
  }
}

/** The compiler copies no data. */
function copyBinaries() {
  for (const name of filesIn('src').filter((file) => file.endsWith('.bin'))) {
    const [from, to] = [join(ROOT, 'src', name), join(ROOT, 'dist', name)]
    if (existsSync(to) && statSync(to).mtimeMs >= statSync(from).mtimeMs) continue
    mkdirSync(dirname(to), { recursive: true })
    copyFileSync(from, to)
  }
}

function filesIn(folder) {
  return readdirSync(join(ROOT, folder), { recursive: true }).map(String)
}
