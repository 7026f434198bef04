// The wiki type: TiddlyWiki 5, one object per wiki, saved by the wiki itself.

import { z } from 'zod'
import { defineResourceType, type ResourceType } from '../../resource-type.ts'
import { BODY_BYTES } from './body.ts'
import { Wiki } from './object.ts'
import { toEdgeRefusal } from './refusal.ts'
import { WIKI_ROUTES } from './routes.ts'
import { WIKI_ASSETS } from './template.ts'
import { checkRetention, DEFAULT_RETENTION } from './versions.ts'

export { Wiki }

export interface WikiOptions {
  /** Versions of a wiki that are kept at most, in number and in stored bytes. Default: 50, 100 MiB. The newest one is always kept. */
  readonly versions?: { readonly count?: number; readonly bytes?: number }
}

// As a whole, by PutSaver; or by tiddlers, by TiddlyWeb's syncer, so that several people can edit at once.
const params: z.ZodType<{ storage: 'file' | 'tiddlers' }, { storage?: 'file' | 'tiddlers' | undefined }> = z
  .strictObject({ storage: z.enum(['file', 'tiddlers']).default('file').describe('How it is saved') })
  .meta({ examples: [{ storage: 'tiddlers' }] })

/** Wikis take no settings. */
export type WikiType = ResourceType<'wiki', 'wikis', typeof params, never>

/**
 * Declares the wiki type with bounds of one's own; {@link wiki} is it without any.
 *
 * @throws TypeError for bounds that are none
 * @example
 * export default createApp({ types: [defineWiki({ versions: { count: 200 } })] })
 */
export function defineWiki({ versions = {} }: WikiOptions = {}): WikiType {
  const retention = checkRetention({ ...DEFAULT_RETENTION, ...versions })
  return defineResourceType({
    name: 'wiki',
    plural: 'wikis',
    object: class extends Wiki {
      protected override readonly retention = retention
    },
    params,
    visibility: ['private', 'public-read'],
    // Basic with the token as password, and `?access_token=`, are for savers that can be given nothing else.
    credentials: ['bearer', 'cookie', 'basic', 'query'],
    // A wiki that has outgrown its limit little by little is refused by its object; what is far beyond ends at the edge.
    limits: { bodyBytes: BODY_BYTES * 1.5 },
    assets: WIKI_ASSETS,
    routes: WIKI_ROUTES,
    hooks: { toRefusal: toEdgeRefusal },
  })
}

/**
 * Wikis. A new one is a working TiddlyWiki; it saves itself in a browser and over HTTP, and keeps its versions.
 *
 * @example
 * export default createApp({ types: [wiki] })
 */
export const wiki: WikiType = defineWiki()
