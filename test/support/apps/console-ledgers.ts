// Types of a builder's own with the real console: beside ledgers and sheets what cannot move, leaves because of their identifiers, and
// stones because of what they say when they arrive.

import { ResourceError, createApp, defineResourceType, type App } from 'biplane'
import { consoleFiles } from 'biplane/console'
import { LEDGER, Ledger, SHEET } from './ledger.ts'

class Leaf extends Ledger {}
class Stone extends Ledger {
  override async load(): Promise<void> {
    throw new ResourceError('invalid_request', 'A stone stays where it is.')
  }
}

const app: App = createApp({
  types: [
    defineResourceType(LEDGER),
    defineResourceType(SHEET),
    defineResourceType({ ...LEDGER, name: 'leaf', plural: 'leaves', object: Leaf, addressing: 'unique' }),
    defineResourceType({ ...LEDGER, name: 'stone', object: Stone }),
  ],
  console: consoleFiles,
})

export default app
