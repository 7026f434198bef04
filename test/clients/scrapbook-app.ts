// An app with the wiki type and one of its own that is made of the same object, with small limits.

import { createApp, type App } from '../../src/app.ts'
import { defineResourceType } from '../../src/resource-type.ts'
import { wiki, Wiki } from '../../src/types/wiki/index.ts'

class Scrapbook extends Wiki {}

const scrapbook = defineResourceType({
  ...wiki,
  name: 'scrapbook',
  plural: 'scrapbooks',
  object: Scrapbook,
  limits: { bytes: 2 * 1024 ** 2 },
})

const app: App = createApp({ types: [wiki, scrapbook] })

export default app
