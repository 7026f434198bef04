// The front's own process: the supervisor starts it with the listening descriptor, and tells it where the cells are. It ends with the
// supervisor, however that one ends.

import { Front, type FrontTable } from './front.ts'

/** What the supervisor sends. */
export type FrontMessage = { readonly kind: 'table'; readonly table: FrontTable } | { readonly kind: 'close' }

/** The descriptor after the standard ones and the one for messages. */
const LISTENER_FD = 4

const front = new Front(LISTENER_FD)
process.on('disconnect', () => process.exit(0))
process.on('message', (message: FrontMessage) => {
  if (message.kind === 'table') front.use(message.table)
  else front.close(() => process.exit(0))
})
process.send?.('ready')
