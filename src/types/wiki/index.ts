// The wiki type: TiddlyWiki 5, one object per wiki, saved by the wiki itself.

import { z } from 'zod'
import { defineResourceType, type ResourceType } from '../../resource-type.ts'
import { BODY_BYTES } from './body.ts'
import { Wiki } from './object.ts'
import { toEdgeRefusal } from './refusal.ts'
import { WIKI_ROUTES } from './routes.ts'
import { WIKI_ASSETS } from './template.ts'

export { Wiki }

/**
 * Wikis. A new one is a working TiddlyWiki; it saves itself in a browser and over HTTP, and keeps its versions.
 *
 * @example
 * export default createApp({ types: [wiki] })
 */
export const wiki: ResourceType = defineResourceType({
  name: 'wiki',
  plural: 'wikis',
  object: Wiki,
  // As a whole, by PutSaver; or by tiddlers, by TiddlyWeb's syncer, so that several people can edit at once.
  params: z.strictObject({ storage: z.enum(['file', 'tiddlers']).default('file') }),
  visibility: ['private', 'public-read'],
  // Basic with the token as password, and `?access_token=`, are for savers that can be given nothing else.
  credentials: ['bearer', 'cookie', 'basic', 'query'],
  // A wiki that has outgrown its limit little by little is refused by its object; what is far beyond ends at the edge.
  limits: { bodyBytes: BODY_BYTES * 1.5 },
  assets: WIKI_ASSETS,
  routes: WIKI_ROUTES,
  hooks: { toRefusal: toEdgeRefusal },
})
