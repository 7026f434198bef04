// Types of a builder's own with the real console.

import { createApp, defineResourceType, type App } from 'biplane'
import { consoleFiles } from 'biplane/console'
import { LEDGER, SHEET } from './ledger.ts'

const app: App = createApp({ types: [defineResourceType(LEDGER), defineResourceType(SHEET)], console: consoleFiles })

export default app
