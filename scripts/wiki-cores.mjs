// The core scripts of every TiddlyWiki that wikis were ever made with. A saved wiki names its core by version and hash, for ever; so what
// stands in released-cores.json is built and served by every later release. Lines are only ever added:
//
// - a new TiddlyWiki: add its version and hash, which the build tells;
// - and keep the one before: `npm install --save-dev tiddlywiki-5.4.1@npm:tiddlywiki@5.4.1` installs it beside the new one.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hash } from './hash.mjs'

const require = createRequire(import.meta.url)
const LIST = fileURLToPath(new URL('./released-cores.json', import.meta.url))

/** Those that are served, the first one that new wikis get. */
export const RELEASED = JSON.parse(readFileSync(LIST, 'utf8'))
/** Files that a change of the cores may come from. */
export const CORE_SOURCES = [LIST, fileURLToPath(import.meta.url)]
export const CURRENT_VERSION = require('tiddlywiki/package.json').version

/**
 * Boots a TiddlyWiki in this process, on a wiki folder without tiddlers, and hands it to `use`.
 *
 * @param version one of RELEASED
 */
export function withTiddlyWiki(version, use) {
  const folder = mkdtempSync(join(tmpdir(), 'biplane-wiki-'))
  try {
    const themes = ['tiddlywiki/vanilla', 'tiddlywiki/snowwhite']
    writeFileSync(join(folder, 'tiddlywiki.info'), JSON.stringify({ plugins: [], themes }))
    const tiddlyWiki = requireTiddlyWiki(version)()
    // Without running any command; its only output would be the version.
    tiddlyWiki.boot.argv = [folder, '--version']
    tiddlyWiki.boot.disabledStartupModules = ['commands']
    tiddlyWiki.boot.boot()
    return use(tiddlyWiki)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function requireTiddlyWiki(version) {
  const name = version === CURRENT_VERSION ? 'tiddlywiki' : `tiddlywiki-${version}`
  try {
    return require(name).TiddlyWiki
  } catch (error) {
    const how = `npm install --save-dev ${name}@npm:tiddlywiki@${version}`
    throw new Error(`wikis were made with TiddlyWiki ${version}, whose core must go on being served: ${how}`, {
      cause: error,
    })
  }
}

/** The core script, which must be the one that was released. */
export function renderCore(tiddlyWiki, version) {
  const core = tiddlyWiki.wiki.renderTiddler('text/plain', '$:/core/templates/tiddlywiki5.js')
  const found = hash(core).slice(0, 12)
  const released = RELEASED.find((entry) => entry.version === version)
  if (released?.hash !== found) {
    const entry = JSON.stringify({ version, hash: found })
    throw new Error(`the core of TiddlyWiki ${version} is ${entry}, which is not in scripts/released-cores.json`)
  }
  return core
}

/** @returns the cores of all versions but the current one, as [version, text] */
export function renderEarlierCores() {
  return RELEASED.filter(({ version }) => version !== CURRENT_VERSION).map(({ version }) => [
    version,
    withTiddlyWiki(version, (tiddlyWiki) => renderCore(tiddlyWiki, version)),
  ])
}

/** The list as a module, with the file of each beside it. */
export function toCoresModule() {
  const imports = RELEASED.map(({ version }, index) => `import core${index} from './core-${version}.bin'\n`)
  const entries = RELEASED.map(
    ({ version, hash: coreHash }, index) => `  { version: '${version}', hash: '${coreHash}', body: core${index} },\n`,
  )
  return `// Written by scripts/wiki-cores.mjs
${imports.join('')}
/** Every core that wikis may name. */
export const CORES: readonly { readonly version: string; readonly hash: string; readonly body: ArrayBuffer }[] = [
${entries.join('')}]
`
}
