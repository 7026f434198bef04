// Two types: one says in which cell it is, the other does not.

import { createApp, defineResourceType, type App } from 'biplane'
import { LEDGER, SHEET } from './ledger.ts'

const app: App = createApp({
  types: [defineResourceType(LEDGER), defineResourceType({ ...SHEET, cell: 'second' })],
})

export default app
