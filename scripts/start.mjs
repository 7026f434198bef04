// npm start: a fresh clone becomes a running server. Arguments go to `biplane serve`.

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT, build, install } from './prepare.mjs'

install()
build()
// In this very process, so that signals reach the server and nobody else.
const main = join(ROOT, 'dist/cli/main.js')
process.argv.splice(1, 1, main, 'serve')
await import(pathToFileURL(main).href)
