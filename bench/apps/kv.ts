// The smallest resource type that reads and writes, and wikis.

import { createApp, defineResourceType, type App } from 'biplane'
import { wiki } from 'biplane/types/wiki'
import { Value } from './value.ts'

class Kv extends Value {}

const app: App = createApp({ types: [defineResourceType({ name: 'kv', object: Kv }), wiki] })
export default app
