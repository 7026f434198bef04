// Builds what the wiki type serves from the npm package `tiddlywiki`: the page of a new wiki (without the core), the core script that
// all wikis of a version share, and what an exported file has inlined in its place. Output: src/types/wiki/generated/, compressed once
// and for ever, since nothing of it is ever changed while serving. Does nothing when the output is up to date.

import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { hash } from './hash.mjs'
import {
  CORE_SOURCES,
  CURRENT_VERSION as version,
  RELEASED,
  renderCore,
  renderEarlierCores,
  toCoresModule,
  withTiddlyWiki,
} from './wiki-cores.mjs'

const require = createRequire(import.meta.url)
const OUTPUT = fileURLToPath(new URL('../src/types/wiki/generated/', import.meta.url))
/** The tiddlers of the hosting plugin, as files. */
const PLUGIN_SOURCES = fileURLToPath(new URL('./wiki-plugin/', import.meta.url))
const CORE_FILES = RELEASED.map((core) => `core-${core.version}.bin`)
const FILES = [...CORE_FILES, 'cores.ts', 'template.bin', 'standalone.bin', 'syncing.bin', 'assets.ts']

/** The plugin that every new wiki carries. A shadow tiddler, so that it is saved with the wiki and hard to delete by accident. */
const PLUGIN_TITLE = '$:/plugins/biplane/hosting'
/** The plugin of wikis that are stored by tiddlers. */
const SYNCING_PLUGIN_TITLE = '$:/plugins/biplane/syncing'
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

const pluginFiles = readdirSync(PLUGIN_SOURCES)
  .toSorted()
  .map((name) => join(PLUGIN_SOURCES, name))
const sources = [fileURLToPath(import.meta.url), ...CORE_SOURCES, ...pluginFiles].map((file) =>
  readFileSync(file, 'utf8'),
)
const inputs = hash([...sources, version].join('\n'))
if (!isUpToDate()) build()

function isUpToDate() {
  if (!FILES.every((file) => existsSync(join(OUTPUT, file)))) return false
  return readFileSync(join(OUTPUT, 'assets.ts'), 'utf8').includes(inputs)
}

function build() {
  withTiddlyWiki(version, (tiddlyWiki) => {
    const core = renderCore(tiddlyWiki, version)
    const coreHash = hash(core).slice(0, 12)
    addPlugin(tiddlyWiki, `/assets/tiddlywikicore-${version}.${coreHash}.js`)
    // The definitions at the top of the save template leave two blank lines.
    const template = render(tiddlyWiki, '$:/core/save/offline-external-js').trim()
    const standalone = renderStandalone(tiddlyWiki)
    const syncing = JSON.stringify(syncingPlugins(tiddlyWiki))
    check(core, template, standalone, coreHash)
    checkSyncing(syncing)
    mkdirSync(OUTPUT, { recursive: true })
    for (const [coreVersion, text] of [[version, core], ...renderEarlierCores()])
      write(`core-${coreVersion}.bin`, gzip(text))
    write('cores.ts', toCoresModule())
    write('template.bin', gzip(template))
    write('standalone.bin', gzip(standalone))
    write('syncing.bin', gzip(syncing))
    // Last: it says that the others are complete.
    write('assets.ts', toModule(coreHash, template, syncing))
  })
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

/** What a wiki that is stored by tiddlers has beside the template: the syncer's adaptor, and what suits it to this server. */
function syncingPlugins(tiddlyWiki) {
  const folder = join(dirname(require.resolve('tiddlywiki/package.json')), 'plugins/tiddlywiki/tiddlyweb')
  const adaptor = tiddlyWiki.loadPluginFolder(folder)
  const actions = `${adaptor.title}/syncer-actions`
  const shadows = [
    // Relative: also where the wiki is not at the root of its origin.
    { title: '$:/config/tiddlyweb/host', text: './' },
    // Sessions end with their links; there is nothing to log out of.
    { title: `${actions}/logout`, text: '' },
    // The adaptor's own speaks of a command line.
    {
      title: 'GettingStarted',
      tags: '$:/tags/GettingStarted',
      caption: 'Step 1<br>Saving',
      text:
        'Welcome. Everything that you write here is saved by itself, tiddler by tiddler, a second after you confirm it: the cloud in the ' +
        'sidebar turns while something is on its way. Others who have this wiki open see it within a minute.\n',
    },
    // The adaptor's own would save a page that looks for its core beside it.
    {
      title: `${actions}/save-snapshot`,
      tags: '$:/tags/SyncerDropdown',
      text: '<a href="export" download class="tc-btn-invisible">{{$:/core/images/download-button}} Download the wiki as one file</a>',
    },
  ]
  const own = {
    title: SYNCING_PLUGIN_TITLE,
    type: 'application/json',
    'plugin-type': 'plugin',
    // Above the adaptor's, so that these shadows win.
    'plugin-priority': '20',
    name: 'Syncing',
    description: 'How this wiki exchanges its tiddlers with the server',
    version,
    dependents: adaptor.title,
    text: JSON.stringify({ tiddlers: Object.fromEntries(shadows.map((shadow) => [shadow.title, shadow])) }),
  }
  return [adaptor, own].map((tiddler) =>
    Object.fromEntries(Object.entries(tiddler).map(([name, value]) => [name, String(value)])),
  )
}

function checkSyncing(syncing) {
  const [adaptor] = JSON.parse(syncing)
  const { tiddlers } = JSON.parse(adaptor.text)
  for (const name of ['tiddlywebadaptor.js', 'syncer-actions/logout', 'syncer-actions/save-snapshot', 'readonly']) {
    if (tiddlers[`${adaptor.title}/${name}`] === undefined) throw new Error(`tiddlywiki ${version}: no ${name}`)
  }
  if (Number(adaptor['plugin-priority']) >= 20)
    throw new Error(`tiddlywiki ${version}: the adaptor's shadows would win`)
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
    'the page has what importing replaces': ['<title>', '<noscript>', '<!--~~ Raw markup ~~-->', '\n]</script>'].every(
      (mark) => template.includes(mark),
    ),
    'the page has the plugin on a line of its own': template.includes(`\n{"title":"${PLUGIN_TITLE}"`),
    'the page is without the core': template.length < 300_000,
    'an exported file has the core': standalone.includes('"title":"$:/core"') && standalone.length > 2_000_000,
    'an exported file has the libraries': standalone.includes('sjcl'),
    'an exported file boots': standalone.includes('$tw.boot.boot()') && standalone.includes('window.$tw = _bootprefix'),
  }
  for (const [what, isMet] of Object.entries(expectations)) {
    if (!isMet) throw new Error(`tiddlywiki ${version}: expected that ${what}`)
  }
}

function toModule(coreHash, template, syncing) {
  return `// Written by scripts/wiki-assets.mjs from tiddlywiki ${version}; inputs ${inputs}
export const TIDDLYWIKI_VERSION: string = '${version}'
/** Part of the core script's address. */
export const CORE_HASH: string = '${coreHash}'
/** ETag of the page of a wiki that was never saved. */
export const TEMPLATE_ETAG: string = '"${hash(template).slice(0, 32)}"'
/** The tiddlers that only make sense in a page whose core is elsewhere. */
export const PLUGIN_TITLE: string = '${PLUGIN_TITLE}'
export const SAVE_TEMPLATE_TITLE: string = '${SAVE_TEMPLATE_TITLE}'
/** What a page that is stored by tiddlers has more, and its hash. */
export const SYNCING_PLUGIN_TITLE: string = '${SYNCING_PLUGIN_TITLE}'
export const SYNCING_HASH: string = '${hash(syncing).slice(0, 12)}'
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
