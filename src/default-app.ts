// The ready-made application that `biplane serve` runs unless it is given another one.

import { createApp, type App } from './app.ts'
import { consoleFiles } from './console/index.ts'
import { wiki, type WikiType } from './types/wiki/index.ts'

const app: App<readonly [WikiType]> = createApp({ types: [wiki], console: consoleFiles })

export default app
