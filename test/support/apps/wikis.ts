// Wikis without the web console: `/` is the start page.

import { createApp, type App } from 'biplane'
import { wiki } from 'biplane/types/wiki'

const app: App = createApp({ types: [wiki] })

export default app
