// The same with a builder's own sign-in, which knows where each account wants to be: `x-cell` says it.

import { createApp, defineResourceType, type App } from 'biplane'
import { LEDGER, SHEET } from './ledger.ts'

const app: App = createApp({
  types: [defineResourceType(LEDGER), defineResourceType({ ...SHEET, cell: 'second' })],
  authenticate(request) {
    const cell = request.headers.get('x-cell')
    return { account: 'acme', role: 'member', ...(cell === null ? {} : { cell }) }
  },
})

export default app
