// A real headless Chromium from npm. Its package unpacks into the temporary directory, unguarded against a second process that does the
// same; here it unpacks once per version into node_modules/.cache, and appears there complete or not at all.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import chromium, { inflate } from '@sparticuz/chromium'
import { chromium as playwright, type Browser } from 'playwright-core'

/** Arguments of the package that would switch off what these tests are about: the separation of origins. */
const INSECURE = [
  '--disable-web-security',
  '--disable-site-isolation-trials',
  '--allow-running-insecure-content',
  // Would put the pages of all origins into one process, and a crash of one page would end the browser.
  '--single-process',
]
/** Contains `IsolateOrigins,site-per-process`. */
const INSECURE_PREFIX = '--disable-features='

const PACKAGE = dirname(dirname(dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium')))))
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url))

/** Starts a browser of its own; close it after the test. @param more further arguments */
export async function launchBrowser(more: readonly string[] = []): Promise<Browser> {
  const folder = await unpack()
  // Drawing by a software GPU takes more time than everything else in these tests.
  chromium.setGraphicsMode = false
  const executablePath = join(folder, 'chromium')
  const args = chromium.args.filter(
    (arg) => !INSECURE.includes(arg) && !arg.startsWith(INSECURE_PREFIX) && !arg.startsWith('--headless'),
  )
  return playwright.launch({
    executablePath,
    args: [...args, ...more],
    headless: true,
    env: { ...process.env, ...libraries(folder, executablePath) },
  })
}

async function unpack(): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(PACKAGE, 'chromium', 'package.json'), 'utf8')) as { version: string }
  const folder = join(CACHE, `chromium-${version}`)
  if (existsSync(folder)) return folder
  mkdirSync(CACHE, { recursive: true })
  const partial = mkdtempSync(join(CACHE, 'chromium-partial-'))
  const { TMPDIR } = process.env
  process.env['TMPDIR'] = partial
  try {
    await chromium.executablePath()
    await inflate(join(PACKAGE, 'chromium', 'bin', 'al2023.tar.br'))
  } finally {
    if (TMPDIR === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = TMPDIR
  }
  try {
    renameSync(partial, folder)
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    // Another process was quicker.
    if (!existsSync(folder)) throw error
  }
  return folder
}

/** The package brings the few system libraries that Chromium needs, for machines that lack them. */
function libraries(folder: string, executablePath: string): { LD_LIBRARY_PATH?: string } {
  const isComplete = !execFileSync('ldd', [executablePath], { encoding: 'utf8' }).includes('not found')
  return isComplete ? {} : { LD_LIBRARY_PATH: join(folder, 'al2023', 'lib') }
}
