// Bundles the web console from src/console/app and its toolkit into one script and one stylesheet, compressed once and for ever.
// Output: src/console/generated/. Does nothing when the output is up to date; the packed package has the output alone.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SOURCES = join(ROOT, 'src/console/app')
const OUTPUT = join(ROOT, 'src/console/generated')
const FILES = ['page.bin', 'script.bin', 'style.bin', 'files.ts']

const inputs = hashInputs()
if (!isUpToDate()) await bundle()

/** The sources, this script, and the versions of everything that is bundled. */
function hashInputs() {
  const names = readdirSync(SOURCES, { recursive: true }).map(String).toSorted()
  const files = [
    fileURLToPath(import.meta.url),
    join(ROOT, 'package-lock.json'),
    ...names.map((name) => join(SOURCES, name)),
  ]
  return hash(files.map((file) => `${file.slice(ROOT.length)}\n${readFileSync(file, 'utf8')}`).join('\n'))
}

function isUpToDate() {
  if (!FILES.every((file) => existsSync(join(OUTPUT, file)))) return false
  return readFileSync(join(OUTPUT, 'files.ts'), 'utf8').includes(inputs)
}

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [join(SOURCES, 'main.tsx')],
    outdir: OUTPUT,
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    // Browsers of the last years: `light-dark()` and `color-mix()` are of 2024.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'eof',
    logLevel: 'warning',
  })
  const [script, style] = ['.js', '.css'].map(
    (ending) => outputFiles.find(({ path }) => path.endsWith(ending))?.contents ?? new Uint8Array(),
  )
  check(Buffer.from(script).toString(), Buffer.from(style).toString())
  const [scriptHash, styleHash] = [script, style].map((content) => hash(content).slice(0, 12))
  mkdirSync(OUTPUT, { recursive: true })
  write('page.bin', toPage(scriptHash, styleHash))
  write('script.bin', gzipSync(script, { level: 9 }))
  write('style.bin', gzipSync(style, { level: 9 }))
  // Last: it says that the others are complete.
  write('files.ts', toModule(scriptHash, styleHash))
}

/** No inline script and no inline style: the server's content security policy allows neither script, nor anything from elsewhere. */
function toPage(scriptHash, styleHash) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Biplane</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E%3Cpath d='M3 7h18M3 17h18' stroke='%234263eb' stroke-width='4' stroke-linecap='round'/%3E%3C/svg%3E">
<link rel="stylesheet" href="/assets/console.${styleHash}.css">
<script type="module" src="/assets/console.${scriptHash}.js"></script>
</head>
<body>
<div id="root"></div>
<noscript>The console needs JavaScript. The API and the command line do without.</noscript>
</body>
</html>
`
}

/** A new release of the toolkit may load something from elsewhere: then the build fails here, not a browser at somebody's. */
function check(script, style) {
  const expectations = {
    'there is a script': script.length > 10_000,
    'there is a style': style.length > 10_000,
    'the style loads nothing': !/@import|url\((?!["']?data:)/.test(style),
    'React is its production build': !script.includes('react-dom.development'),
  }
  for (const [what, isMet] of Object.entries(expectations)) {
    if (!isMet) throw new Error(`console: expected that ${what}`)
  }
}

function toModule(scriptHash, styleHash) {
  return `// Written by scripts/console.mjs; inputs ${inputs}
/** Parts of the files' addresses. */
export const SCRIPT_HASH: string = '${scriptHash}'
export const STYLE_HASH: string = '${styleHash}'
`
}

/** Two builds at once may not read each other's half-written file. */
function write(name, content) {
  const temporary = join(OUTPUT, `.${process.pid}.${name}`)
  writeFileSync(temporary, content)
  renameSync(temporary, join(OUTPUT, name))
}

function hash(content) {
  return createHash('sha256').update(content).digest('hex')
}
