// The ready-made application that `biplane serve` runs unless it is given another one.

import { createApp, type App } from './app.ts'
import { wiki } from './types/wiki/index.ts'

const app: App = createApp({ types: [wiki] })

export default app
