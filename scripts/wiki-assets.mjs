// Builds what the wiki type serves from the npm package `tiddlywiki`: the page of a new wiki (without the core), the core script that
// all wikis of a version share, and what an exported file has inlined in its place. Output: src/types/wiki/generated/, compressed once
// and for ever, since nothing of it is ever changed while serving. Does nothing when the output is up to date.

import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const require = createRequire(import.meta.url)
const OUTPUT = fileURLToPath(new URL('../src/types/wiki/generated/', import.meta.url))
/** The tiddlers of the hosting plugin, as files. */
const PLUGIN_SOURCES = fileURLToPath(new URL('./wiki-plugin/', import.meta.url))
const FILES = ['core.bin', 'template.bin', 'standalone.bin', 'assets.ts']

/** The plugin that every new wiki carries. A shadow tiddler, so that it is saved with the wiki and hard to delete by accident. */
const PLUGIN_TITLE = '$:/plugins/biplane/hosting'
/** Makes TiddlyWiki save "as the shell": preloaded by the core script, so a wiki that it booted has it in its store. */
const SAVE_TEMPLATE_TITLE = '$:/config/SaveWikiButton/Template'

/**
 * In an encrypted wiki nobody but the browser can take out the two tiddlers, once the password was given. Runs before the boot kernel,
 * which keeps the hooks that it finds; it is no tiddler, so the file's next save is without it.
 */
const REMOVE_HOSTING = `<script>
$tw.hooks = { names: { "th-boot-tiddlers-loaded": [function() {
	["${SAVE_TEMPLATE_TITLE}", "${PLUGIN_TITLE}"].forEach(function(title) { $tw.wiki.deleteTiddler(title); });
}] } };
</script>`

const { version } = require('tiddlywiki/package.json')
const pluginFiles = readdirSync(PLUGIN_SOURCES)
  .toSorted()
  .map((name) => join(PLUGIN_SOURCES, name))
const sources = [fileURLToPath(import.meta.url), ...pluginFiles].map((file) => readFileSync(file, 'utf8'))
const inputs = hash([...sources, version].join('\n'))
if (!isUpToDate()) build()

function isUpToDate() {
  if (!FILES.every((file) => existsSync(join(OUTPUT, file)))) return false
  return readFileSync(join(OUTPUT, 'assets.ts'), 'utf8').includes(inputs)
}

function build() {
  const folder = mkdtempSync(join(tmpdir(), 'biplane-wiki-'))
  try {
    const themes = ['tiddlywiki/vanilla', 'tiddlywiki/snowwhite']
    writeFileSync(join(folder, 'tiddlywiki.info'), JSON.stringify({ plugins: [], themes }))
    const tiddlyWiki = bootTiddlyWiki(folder)
    const core = render(tiddlyWiki, '$:/core/templates/tiddlywiki5.js')
    const coreHash = hash(core).slice(0, 12)
    addPlugin(tiddlyWiki, `/assets/tiddlywikicore-${version}.${coreHash}.js`)
    // The definitions at the top of the save template leave two blank lines.
    const template = render(tiddlyWiki, '$:/core/save/offline-external-js').trim()
    const standalone = renderStandalone(tiddlyWiki)
    check(core, template, standalone, coreHash)
    mkdirSync(OUTPUT, { recursive: true })
    write('core.bin', gzip(core))
    write('template.bin', gzip(template))
    write('standalone.bin', gzip(standalone))
    // Last: it says that the others are complete.
    write('assets.ts', toModule(coreHash, template))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Boots TiddlyWiki in this process on an empty wiki folder, without running any command. */
function bootTiddlyWiki(folder) {
  const { TiddlyWiki } = require('tiddlywiki')
  const tiddlyWiki = TiddlyWiki()
  tiddlyWiki.boot.argv = [folder, '--version']
  // Its only output would be the version.
  tiddlyWiki.boot.disabledStartupModules = ['commands']
  tiddlyWiki.boot.boot()
  return tiddlyWiki
}

function render(tiddlyWiki, title) {
  return tiddlyWiki.wiki.renderTiddler('text/plain', title)
}

/** What makes a wiki at home on its server, in a way that survives saving: where the core is, and what the person is told about saving. */
function addPlugin({ wiki, Tiddler, loadTiddlersFromFile }, coreUrl) {
  const coreAddress = {
    title: `${PLUGIN_TITLE}/core-url`,
    tags: '$:/tags/Global',
    text: `\\define coreURL() ${coreUrl}\n`,
  }
  const shadows = [coreAddress, ...pluginFiles.flatMap((file) => loadTiddlersFromFile(file).tiddlers)]
  wiki.addTiddler(
    new Tiddler({
      title: PLUGIN_TITLE,
      type: 'application/json',
      'plugin-type': 'plugin',
      name: 'Hosting',
      description: 'Where this wiki finds the core of TiddlyWiki, and whether it can be saved',
      version,
      dependents: '',
      text: JSON.stringify({ tiddlers: Object.fromEntries(shadows.map((shadow) => [shadow.title, shadow])) }),
    }),
  )
  wiki.readPluginInfo()
  wiki.registerPluginTiddlers('plugin')
  wiki.unpackPluginTiddlers()
}

/** What an ordinary single-file wiki holds beside its own tiddlers: the core as a tiddler, the libraries and the boot kernel. */
function renderStandalone({ wiki }) {
  const wikitext = [
    '`<script class="tiddlywiki-tiddler-store" type="application/json">[`',
    '{{$:/core||$:/core/templates/html-json-tiddler}}',
    '`]</script>`',
    '`<div id="libraryModules" style="display:none;">`',
    '{{{ [is[system]type[application/javascript]library[yes]] ||$:/core/templates/javascript-tiddler}}}',
    '`</div>`',
    '`<div id="bootKernelPrefix" style="display:none;">`',
    '{{ $:/boot/bootprefix.js ||$:/core/templates/javascript-tiddler}}',
    '`</div>`',
    `\`${REMOVE_HOSTING}\``,
    '`<div id="bootKernel" style="display:none;">`',
    '{{ $:/boot/boot.js ||$:/core/templates/javascript-tiddler}}',
    '`</div>`',
  ]
  return wikitext.map((line) => wiki.renderText('text/plain', 'text/vnd.tiddlywiki', line)).join('\n')
}

/** A new release of TiddlyWiki may change its templates: then the build fails here, not a wiki in a browser. */
function check(core, template, standalone, coreHash) {
  const expectations = {
    'the core script preloads the save template': core.includes(SAVE_TEMPLATE_TITLE),
    'the page loads the core by its hashed address': template.includes(
      `<script src="/assets/tiddlywikicore-${version}.${coreHash}.js"`,
    ),
    'the page has the marker that exporting looks for': template.includes('<!--~~ Load external JavaScripts ~~-->'),
    'the page has a JSON store': template.includes(
      '<script class="tiddlywiki-tiddler-store" type="application/json">[',
    ),
    'the page carries the plugin': template.includes(PLUGIN_TITLE),
    'the page is without the core': template.length < 300_000,
    'an exported file has the core': standalone.includes('"title":"$:/core"') && standalone.length > 2_000_000,
    'an exported file has the libraries': standalone.includes('sjcl'),
    'an exported file boots': standalone.includes('$tw.boot.boot()') && standalone.includes('window.$tw = _bootprefix'),
  }
  for (const [what, isMet] of Object.entries(expectations)) {
    if (!isMet) throw new Error(`tiddlywiki ${version}: expected that ${what}`)
  }
}

function toModule(coreHash, template) {
  return `// Written by scripts/wiki-assets.mjs from tiddlywiki ${version}; inputs ${inputs}
export const TIDDLYWIKI_VERSION: string = '${version}'
/** Part of the core script's address. */
export const CORE_HASH: string = '${coreHash}'
/** ETag of the page of a wiki that was never saved. */
export const TEMPLATE_ETAG: string = '"${hash(template).slice(0, 32)}"'
/** The tiddlers that only make sense in a page whose core is elsewhere. */
export const PLUGIN_TITLE: string = '${PLUGIN_TITLE}'
export const SAVE_TEMPLATE_TITLE: string = '${SAVE_TEMPLATE_TITLE}'
`
}

/** Two builds at once may not read each other's half-written file. */
function write(name, content) {
  const temporary = join(OUTPUT, `.${process.pid}.${name}`)
  writeFileSync(temporary, content)
  renameSync(temporary, join(OUTPUT, name))
}

function gzip(text) {
  return gzipSync(text, { level: 9 })
}

function hash(text) {
  return createHash('sha256').update(text).digest('hex')
}
